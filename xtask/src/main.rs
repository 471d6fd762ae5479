//! Checks of the project itself: `cargo xtask layers`, `cargo xtask tidy`.
//!
//! Both also run as tests, so that `cargo test --workspace` keeps the house in order.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the people who work on the project"
)]

mod layers;
mod report;
mod source;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

use report::Report;

fn main() -> ExitCode {
    let root = source::project_root();
    let mut failures = 0;
    for name in std::env::args().skip(1) {
        let Some(report) = check(&name, &root) else {
            eprintln!("no check is called {name}; usage: cargo xtask layers tidy");
            return ExitCode::from(2);
        };
        failures += report.failures().len();
        for line in report.warnings() {
            println!("{name}: warning: {line}");
        }
        for line in report.failures() {
            println!("{name}: FAILED: {line}");
        }
        println!(
            "{name}: {} failed, {} warnings",
            report.failures().len(),
            report.warnings().len()
        );
    }
    if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn check(name: &str, root: &Path) -> Option<Report> {
    match name {
        "layers" => Some(layers::check(root)),
        "tidy" => Some(tidy::check(root)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_hold() {
        assert_eq!(layers::check(&source::project_root()).failures(), [""; 0]);
    }

    #[test]
    fn the_house_is_tidy() {
        assert_eq!(tidy::check(&source::project_root()).failures(), [""; 0]);
    }
}
