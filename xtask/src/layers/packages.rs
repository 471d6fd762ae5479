//! The packages of the workspace and what they depend on, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The workspace as cargo resolves it.
pub(crate) struct Packages {
    members: BTreeMap<String, Member>,
    /// Package id to the ids of its normal and build dependencies.
    edges: BTreeMap<String, Vec<String>>,
    names: BTreeMap<String, String>,
}

struct Member {
    id: String,
    manifest: String,
    dependencies: Vec<(String, String)>,
}

impl Packages {
    /// Asks cargo.
    pub(crate) fn read(root: &Path) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(root)
            .output()
            .unwrap_or_else(|error| panic!("cannot run cargo metadata: {error}"));
        assert!(
            output.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("cargo metadata: {error}"));
        let ids: BTreeSet<&str> = list(&metadata["workspace_members"])
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut members = BTreeMap::new();
        let mut names = BTreeMap::new();
        for package in list(&metadata["packages"]) {
            let (id, name) = (text(&package["id"]), text(&package["name"]));
            if ids.contains(id.as_str()) {
                members.insert(name.clone(), member(root, id.clone(), package));
            }
            names.insert(id, name);
        }
        let edges = list(&metadata["resolve"]["nodes"]).iter().map(edge).collect();
        Self { members, edges, names }
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// Returns each package with its manifest's path below the root.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members
            .iter()
            .map(|(name, member)| (name.as_str(), member.manifest.as_str()))
    }

    /// Returns what `package` depends on within the workspace, with the kind ("normal", "dev", "build").
    pub(crate) fn own_dependencies<'a>(&'a self, package: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let dependencies = self
            .members
            .get(package)
            .map(|member| member.dependencies.as_slice())
            .unwrap_or_default();
        dependencies
            .iter()
            .filter(|(name, _)| self.members.contains_key(name))
            .map(|(name, kind)| (name.as_str(), kind.as_str()))
    }

    /// Tells whether `package` names `dependency` in its manifest, tests aside.
    pub(crate) fn depends_on(&self, package: &str, dependency: &str) -> bool {
        let dependencies = self
            .members
            .get(package)
            .map(|member| member.dependencies.as_slice())
            .unwrap_or_default();
        dependencies
            .iter()
            .any(|(name, kind)| name == dependency && kind != "dev")
    }

    /// Returns the names of all packages that `package` is built from, tests aside.
    pub(crate) fn tree(&self, package: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = self
            .members
            .get(package)
            .map(|member| member.id.as_str())
            .into_iter()
            .collect();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.edges.get(id).into_iter().flatten().map(String::as_str));
            }
        }
        seen.into_iter()
            .filter_map(|id| self.names.get(id))
            .map(String::as_str)
            .collect()
    }
}

fn member(root: &Path, id: String, package: &Value) -> Member {
    let dependencies = list(&package["dependencies"])
        .iter()
        .map(|dependency| {
            (
                text(&dependency["name"]),
                dependency["kind"].as_str().unwrap_or("normal").to_owned(),
            )
        })
        .collect();
    let manifest = text(&package["manifest_path"]);
    let manifest = Path::new(&manifest)
        .strip_prefix(root)
        .map(|path| path.display().to_string())
        .unwrap_or(manifest);
    Member {
        id,
        manifest,
        dependencies,
    }
}

fn edge(node: &Value) -> (String, Vec<String>) {
    let dependencies = list(&node["deps"])
        .iter()
        .filter(|dependency| {
            list(&dependency["dep_kinds"])
                .iter()
                .any(|kind| kind["kind"].as_str() != Some("dev"))
        })
        .map(|dependency| text(&dependency["pkg"]))
        .collect();
    (text(&node["id"]), dependencies)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
