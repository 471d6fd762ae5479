//! Which names a source file takes from another crate.

use std::collections::BTreeSet;

/// Returns the first path segment after each `krate::` in `text`, inside brace groups too.
pub(crate) fn taken_from(text: &str, krate: &str) -> BTreeSet<String> {
    let needle = format!("{krate}::");
    let mut names = BTreeSet::new();
    for line_start in text.match_indices(&needle).map(|(at, _)| at) {
        let before = text[..line_start].chars().next_back();
        if before.is_some_and(is_word) || in_comment(text, line_start) {
            continue;
        }
        let rest = &text[line_start + needle.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(group_members(group)),
            None => names.extend(first_word(rest)),
        }
    }
    names
}

fn group_members(group: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut members = Vec::new();
    let mut member = String::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(std::mem::take(&mut member)),
            _ if depth == 0 => member.push(c),
            _ => {}
        }
    }
    members.push(member);
    members.iter().filter_map(|member| first_word(member.trim())).collect()
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|c| is_word(*c) || *c == '*').collect();
    (!word.is_empty()).then_some(word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn in_comment(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    line.trim_start().starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::taken_from;

    fn names(text: &str) -> Vec<String> {
        taken_from(text, "other").into_iter().collect()
    }

    #[test]
    fn a_plain_path_gives_its_first_segment() {
        assert_eq!(names("use other::digest::Hasher;"), ["digest"]);
    }

    #[test]
    fn a_group_gives_each_member_and_not_what_is_nested() {
        assert_eq!(
            names("use other::{Digest, key::{PublicKey, Signature}, Secret as Hidden};"),
            ["Digest", "Secret", "key"]
        );
    }

    #[test]
    fn longer_names_and_comments_are_not_the_crate() {
        assert_eq!(names("// other::A\nuse another::B;\nlet c = other::c();"), ["c"]);
    }

    #[test]
    fn a_glob_is_a_name() {
        assert_eq!(names("use other::*;"), ["*"]);
    }
}
