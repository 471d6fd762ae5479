//! Annotations: `-a key=value`, repeated or with commas.

use std::collections::BTreeMap;

use clap::Args;

use super::usage::UsageError;
use crate::failure::Failure;

/// Annotations that are signed or asked for.
#[derive(Args, Clone, Debug)]
pub(crate) struct AnnotationArgs {
    /// Adds the annotation KEY=VALUE; repeat it or separate several with commas
    #[arg(short, long = "annotations", value_name = "KEY=VALUE")]
    annotations: Vec<String>,
}

impl AnnotationArgs {
    /// Says whether any annotation is given.
    pub(crate) fn is_given(&self) -> bool {
        !self.annotations.is_empty()
    }

    /// The annotations by key; of a key given twice the last value counts.
    pub(crate) fn parse(&self) -> Result<BTreeMap<String, String>, Failure> {
        pairs(&self.annotations)
    }
}

/// Splits `key=value` texts, each of which may hold several separated by commas.
pub(crate) fn pairs(texts: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let mut pairs = BTreeMap::new();
    for item in texts.iter().flat_map(|text| split_list(text)) {
        let (key, value) = item
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| UsageError::because(format!("unable to parse annotation: {item}")))?;
        pairs.insert(key.to_owned(), value.to_owned());
    }
    Ok(pairs)
}

/// Splits a list at its commas. A comma between double quotes belongs to its item, as in CSV (RFC 4180 §2).
pub(crate) fn split_list(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut item = String::new();
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                item.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if item.is_empty() => is_quoted = true,
            ',' if !is_quoted => items.push(std::mem::take(&mut item)),
            other => item.push(other),
        }
    }
    items.push(item);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(texts: &[&str]) -> Vec<(String, String)> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        pairs(&texts).map_or_else(
            |failure| vec![(failure.to_string(), String::new())],
            |map| map.into_iter().collect(),
        )
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn annotations_repeat_and_take_commas() {
        assert_eq!(
            parsed(&["a=1,b=2", "c=x=y"]),
            [pair("a", "1"), pair("b", "2"), pair("c", "x=y")]
        );
    }

    #[test]
    fn a_quoted_comma_belongs_to_its_annotation() {
        assert_eq!(parsed(&["\"a=1,2\",b=3"]), [pair("a", "1,2"), pair("b", "3")]);
    }

    #[test]
    fn an_annotation_without_equals_sign_is_refused() {
        assert_eq!(parsed(&["a"]), [pair("unable to parse annotation: a", "")]);
    }
}
