//! What stands outside of bodies in a policy, looked at before the interpreter reads it.
//!
//! OPA refuses a rule that is only a name. The interpreter takes it for one that always holds.

/// Returns the number of the first line that is only a name.
pub(crate) fn bare_rule(policy: &str) -> Option<usize> {
    let lines = outside(policy);
    let at = lines
        .iter()
        .position(|words| matches!(&words[..], [name] if is_name(name)))?;
    Some(at + 1)
}

/// Says whether `if` or `contains` is used as a keyword outside of bodies and not imported as one.
pub(crate) fn needs_v1(policy: &str) -> bool {
    let lines = outside(policy);
    let imports = |keyword: &str| {
        lines.iter().any(|words| match &words[..] {
            [import, path, ..] if import == "import" => {
                path == "rego.v1" || path == "future.keywords" || *path == format!("future.keywords.{keyword}")
            }
            _ => false,
        })
    };
    let is_used = |keyword: &str| {
        lines
            .iter()
            .any(|words| words.iter().skip(1).any(|word| word == keyword))
    };
    ["if", "contains"]
        .into_iter()
        .any(|keyword| is_used(keyword) && !imports(keyword))
}

/// The words of each line that are outside of braces, brackets, parentheses, texts and comments; anything else is a mark.
fn outside(policy: &str) -> Vec<Vec<String>> {
    let mut lines = vec![Vec::new()];
    let mut word = String::new();
    let mut depth = 0_usize;
    let mut characters = policy.chars();
    let end_word = |word: &mut String, lines: &mut Vec<Vec<String>>| {
        if !word.is_empty()
            && let Some(line) = lines.last_mut()
        {
            line.push(std::mem::take(word));
        }
    };
    while let Some(character) = characters.next() {
        if depth == 0 && (character.is_alphanumeric() || matches!(character, '_' | '.')) {
            word.push(character);
            continue;
        }
        end_word(&mut word, &mut lines);
        let is_outside = depth == 0;
        match character {
            '\n' => lines.push(Vec::new()),
            '#' => {
                if characters.by_ref().any(|skipped| skipped == '\n') {
                    lines.push(Vec::new());
                }
            }
            '"' | '`' => skip_text(character, &mut characters, &mut lines),
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if is_outside && !character.is_whitespace() && character != '#' {
            word.push(MARK);
            end_word(&mut word, &mut lines);
        }
    }
    end_word(&mut word, &mut lines);
    lines
}

/// Skips to the end of a text; a raw one may have several lines.
fn skip_text(quote: char, characters: &mut std::str::Chars<'_>, lines: &mut Vec<Vec<String>>) {
    while let Some(character) = characters.next() {
        match character {
            '\\' if quote == '"' => drop(characters.next()),
            '\n' => lines.push(Vec::new()),
            _ if character == quote => return,
            _ => {}
        }
    }
}

fn is_name(word: &str) -> bool {
    !word.contains(MARK)
}

/// Stands for anything that is no word.
const MARK: char = '\u{0}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_only_a_name_is_found() {
        for (policy, line) in [
            ("package a\nallow\n", Some(2)),
            ("package a\n\n  allow # x\nb = 1", Some(3)),
            ("package a\nx = `\ny\n`\ndata.b.allow", Some(5)),
            ("package a\nallow {\n  x\n}\n", None),
            ("package a\nallow[x] {\n  x\n}\n", None),
            ("package a\nallow = true\ns = \"#\\\"\"\n", None),
            ("package a\nx = [\n  y,\n  z\n]\n", None),
            ("", None),
        ] {
            assert_eq!(bare_rule(policy), line, "{policy}");
        }
    }

    #[test]
    fn keywords_outside_of_bodies_need_v1_or_an_import() {
        for (policy, is_needed) in [
            ("allow if {\n true\n}", true),
            ("deny contains msg {\n msg := 1\n}", true),
            ("import future.keywords.if\nallow if {\n true\n}", false),
            ("import future.keywords\ndeny contains msg if {\n msg := 1\n}", false),
            ("import future.keywords.if\ndeny contains msg if {\n msg := 1\n}", true),
            ("import rego.v1\nallow if true", false),
            ("allow {\n contains(\"ab\", \"a\")\n}", false),
            ("allow { x := \"if\" } # if", false),
        ] {
            assert_eq!(needs_v1(policy), is_needed, "{policy}");
        }
    }
}
