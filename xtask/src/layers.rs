//! Which crate may know which: the arrows of ARCHITECTURE.md, checked over `cargo metadata` and the sources.

mod names;
mod packages;

use std::path::Path;

use crate::report::Report;
use crate::source;
use packages::Packages;

/// Checks that every dependency and every name used across crates follows the arrows.
pub(crate) fn check(root: &Path) -> Report {
    let mut report = Report::default();
    let packages = Packages::read(root);
    arrows(&packages, &mut report);
    pure_trees(&packages, &mut report);
    only_users(&packages, &mut report);
    lints(root, &packages, &mut report);
    for rule in NAME_RULES {
        names_across(root, rule, &mut report);
    }
    no_async(root, &mut report);
    report
}

fn arrows(packages: &Packages, report: &mut Report) {
    for package in packages.members() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package) else {
            report.fail(format!("package {package} has no arrows in xtask/src/layers.rs"));
            continue;
        };
        for (dependency, kind) in packages.own_dependencies(package) {
            let for_tests = kind == "dev" && TEST_SERVANTS.contains(&dependency);
            if !allowed.contains(&dependency) && !for_tests {
                report.fail(format!("{package} must not depend on {dependency}"));
            }
        }
    }
}

fn pure_trees(packages: &Packages, report: &mut Report) {
    for package in PURE {
        for dependency in packages.tree(package) {
            if IMPURE
                .iter()
                .any(|name| dependency == *name || dependency.starts_with(&format!("{name}-")))
            {
                report.fail(format!("{package} does no IO, but its tree holds {dependency}"));
            }
        }
    }
}

fn only_users(packages: &Packages, report: &mut Report) {
    for (dependency, users) in ONLY_USERS {
        for package in packages.members() {
            if packages.depends_on(package, dependency) && !users.contains(&package) {
                report.fail(format!(
                    "only {} may depend on {dependency}, not {package}",
                    users.join(" and ")
                ));
            }
        }
    }
}

/// `unsafe_code = "forbid"` is in the workspace's lints: a package that does not take them can hold unsafe code.
fn lints(root: &Path, packages: &Packages, report: &mut Report) {
    for (package, manifest) in packages.manifests() {
        let text = source::file(root, manifest);
        let takes_lints = text.contains("[lints]\nworkspace = true");
        if !takes_lints && package != UNSAFE_CRATE {
            report.fail(format!("{manifest} does not take the workspace's lints"));
        }
        if package == UNSAFE_CRATE {
            let lines = lines_besides_tests(root);
            if lines > UNSAFE_LINES {
                report.fail(format!(
                    "{package} has {lines} lines, the crate with unsafe code may have {UNSAFE_LINES}"
                ));
            }
        }
    }
}

fn lines_besides_tests(root: &Path) -> usize {
    let files = source::files(root, "crates/aws-lc/src", ".rs");
    files
        .iter()
        .filter(|file| file.name() != "tests.rs")
        .map(|file| file.text.lines().count())
        .sum()
}

fn names_across(root: &Path, rule: &NameRule, report: &mut Report) {
    for file in source::files(root, rule.folder, ".rs") {
        for name in names::taken_from(&file.text, rule.from) {
            let fine = match rule.names {
                Names::Only(allowed) => allowed.contains(&name.as_str()),
                Names::AllBut(refused) => !refused.contains(&name.as_str()),
            };
            if !fine {
                report.fail(format!("{} takes {}::{name}: {}", file.path, rule.from, rule.reason));
            }
        }
    }
}

fn no_async(root: &Path, report: &mut Report) {
    for folder in ["crates/core/src", "crates/aws-lc/src"] {
        for file in source::files(root, folder, ".rs") {
            if file.text.contains("async fn") || file.text.contains(".await") {
                report.fail(format!("{} awaits, but core does no IO", file.path));
            }
        }
    }
}

struct NameRule {
    folder: &'static str,
    from: &'static str,
    names: Names,
    reason: &'static str,
}

enum Names {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

/// Package, and the packages of this workspace that it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("countersign-aws-lc", &[]),
    ("countersign-core", &["countersign-aws-lc"]),
    ("countersign-oci", &["countersign-core"]),
    ("countersign-artifacts", &["countersign-oci", "countersign-core"]),
    ("countersign", &["countersign-oci", "countersign-core"]),
    ("countersign-server", &["countersign-oci", "countersign-core"]),
    (
        "countersign-cli",
        &[
            "countersign",
            "countersign-oci",
            "countersign-core",
            "countersign-artifacts",
            "countersign-server",
        ],
    ),
    (
        "countersign-interop",
        &["countersign", "countersign-oci", "countersign-core"],
    ),
    ("xtask", &[]),
];

/// What every crate may use in its tests: our registry, in place of mocks.
const TEST_SERVANTS: &[&str] = &["countersign-server"];

const PURE: &[&str] = &["countersign-core", "countersign-aws-lc"];
const IMPURE: &[&str] = &[
    "tokio",
    "hyper",
    "reqwest",
    "rustls",
    "mio",
    "socket2",
    "async-std",
    "smol",
    "ureq",
    "tempfile",
];

/// Who may speak HTTP: `oci` for clients, `server` for the other side.
const ONLY_USERS: &[(&str, &[&str])] = &[
    ("hyper", &["countersign-oci", "countersign-server"]),
    ("hyper-util", &["countersign-oci", "countersign-server"]),
    ("hyper-rustls", &["countersign-oci"]),
    ("tokio-rustls", &["countersign-server", "countersign-oci"]),
    ("aws-lc-sys", &["countersign-aws-lc"]),
    ("tracing", &["countersign-server", "countersign-cli"]),
];

const UNSAFE_CRATE: &str = "countersign-aws-lc";
const UNSAFE_LINES: usize = 150;

const NAME_RULES: &[NameRule] = &[
    NameRule {
        folder: "crates/oci/src",
        from: "countersign_core",
        names: Names::Only(&["Algorithm", "Digest", "Secret", "digest", "go_json", "secret"]),
        reason: "oci stores bytes and knows nothing of signing",
    },
    NameRule {
        folder: "crates/artifacts/src",
        from: "countersign_core",
        names: Names::Only(&["Algorithm", "Digest", "digest", "go_json"]),
        reason: "artifacts packs files and knows nothing of signing",
    },
    NameRule {
        folder: "crates/server/src",
        from: "countersign_core",
        names: Names::AllBut(&["Bundle", "Policy", "bundle", "policy", "verify"]),
        reason: "the server issues and stores, it never judges",
    },
    NameRule {
        folder: "crates/server/src",
        from: "countersign_oci",
        names: Names::AllBut(&[
            "Archive", "Http", "Layout", "Registry", "append", "archive", "http", "layout", "registry",
        ]),
        reason: "a client's mistake must not be mirrored by the server",
    },
];
