//! The length of functions, by the indentation that rustfmt guarantees.

use crate::report::Report;
use crate::source::Source;

/// Reports functions that are longer than a screen.
pub(crate) fn check(file: &Source, report: &mut Report) {
    for (name, line, length) in long(&file.text, WANTED_LINES) {
        report.warn(format!(
            "{}:{line}: fn {name} has {length} lines, {WANTED_LINES} are wanted",
            file.path
        ));
    }
}

fn long(text: &str, wanted: usize) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        let declared = format!("{indent}) -> ");
        let is_end = |line: &&str| **line == end || (line.starts_with(&declared) && line.ends_with(';'));
        let Some(length) = lines[at..].iter().position(is_end) else {
            continue;
        };
        if length + 1 > wanted {
            found.push((name, at + 1, length + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.trim_start().split(' ');
    loop {
        let word = words.next()?;
        if word == "fn" {
            let name = words.next()?;
            let name: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let one_line = line.ends_with('}') || line.ends_with(';');
            return (!one_line).then_some(name);
        }
        if !word.starts_with("pub") && !matches!(word, "async" | "const" | "unsafe" | "extern") {
            return None;
        }
    }
}

const WANTED_LINES: usize = 40;

#[cfg(test)]
mod tests {
    use super::long;

    #[test]
    fn only_functions_over_the_limit_are_reported() {
        let text = "pub(crate) async fn one() {\n    a();\n    b();\n}\n\nfn two() {\n    a();\n}\n";
        assert_eq!(long(text, 3), [("one".to_owned(), 1, 4)]);
    }

    #[test]
    fn a_function_that_is_only_declared_ends_with_its_signature() {
        let text = "trait A {\n    fn one(\n        &self,\n    ) -> u8;\n\n    fn two(&self) {\n    }\n}\n";
        assert_eq!(long(text, 2), [("one".to_owned(), 2, 3)]);
    }

    #[test]
    fn a_function_inside_an_impl_ends_at_its_own_brace() {
        let text = "impl A {\n    fn one(&self) {\n        if x {\n        }\n    }\n}\n";
        assert_eq!(long(text, 1), [("one".to_owned(), 2, 4)]);
    }
}
