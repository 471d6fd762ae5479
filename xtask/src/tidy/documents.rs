//! Links between the documents lead somewhere.

use std::path::Path;

use crate::report::Report;
use crate::source;

/// Checks that every relative link in a Markdown file names a file of the project.
pub(crate) fn check(root: &Path, report: &mut Report) {
    for document in source::files(root, "", ".md") {
        let folder = Path::new(&document.path)
            .parent()
            .unwrap_or(Path::new(""))
            .to_path_buf();
        for link in links(&document.text) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !root.join(&folder).join(target).exists() {
                report.fail(format!("{}: the link to {link} leads nowhere", document.path));
            }
        }
    }
}

fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(link, _)| link))
        .filter(|link| !link.contains("://") && !link.contains(char::is_whitespace))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::links;

    #[test]
    fn only_relative_links_are_checked() {
        assert_eq!(
            links("[a](docs/a.md) [b](https://b.example) [c](#here)"),
            ["docs/a.md", "#here"]
        );
    }
}
