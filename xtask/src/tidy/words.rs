//! Words that do not belong in the sources.

use crate::report::Report;
use crate::source::Source;

/// Checks a file for words that hide unfinished work or weak tests.
pub(crate) fn check(file: &Source, report: &mut Report) {
    if file.path.starts_with("xtask/") {
        return;
    }
    for (number, line) in (1..).zip(file.text.lines()) {
        for (word, reason) in REFUSED {
            if line.contains(word) {
                report.fail(format!("{}:{number}: {word}: {reason}", file.path));
            }
        }
        if line.contains("assert") && line.contains(".is_err()") {
            report.fail(format!(
                "{}:{number}: assert the exact error, not that there is one",
                file.path
            ));
        }
        let glob = line.trim_start().starts_with("use ") && line.trim_end().ends_with("::*;");
        if glob && !line.contains("use super::*") && !line.contains("use proptest::prelude::*") {
            report.fail(format!("{}:{number}: name what is imported", file.path));
        }
        if line.contains("#[error(\"") && line.contains("failed to") {
            report.fail(format!(
                "{}:{number}: an error states the fact, not that something failed",
                file.path
            ));
        }
    }
}

const REFUSED: &[(&str, &str)] = &[
    ("todo!(", "nothing unfinished is merged"),
    ("unimplemented!(", "nothing unfinished is merged"),
    ("dbg!(", "left over from a search for a bug"),
    (
        "#[allow(",
        "use #[expect(..., reason = ...)], which says when it is no longer needed",
    ),
    (
        "#![allow(",
        "use #![expect(..., reason = ...)], which says when it is no longer needed",
    ),
    ("FIXME", "nothing unfinished is merged"),
    ("#[ignore", "a test that does not run proves nothing"),
];
