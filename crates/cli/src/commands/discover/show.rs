//! The forms in which ORAS shows what refers to an artifact.

use std::collections::BTreeMap;

use countersign::attachment::referrers::{Node, Tree};
use countersign_core::go_json;

/// Draws a tree: below each manifest the types of what refers to it, below each type the manifests.
pub(super) fn tree(tree: &Tree, name: &str) -> String {
    let mut text = format!("{name}@{}\n", tree.root().descriptor().digest);
    below(tree, tree.root(), "", &mut text);
    text
}

fn below(tree: &Tree, node: &Node, indent: &str, text: &mut String) {
    let mut kinds: Vec<(&str, Vec<&Node>)> = Vec::new();
    for referrer in tree.referrers(node) {
        let kind = referrer.descriptor().artifact_type.as_deref().unwrap_or("<unknown>");
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, nodes)) => nodes.push(referrer),
            None => kinds.push((kind, vec![referrer])),
        }
    }
    let annotations = &node.descriptor().annotations;
    let is_root = std::ptr::eq(node, tree.root());
    if !annotations.is_empty() && !is_root {
        let indent = branch("[annotations]", indent, kinds.is_empty(), text);
        for (number, (key, value)) in annotations.iter().enumerate() {
            let line = format!("{}: {}", scalar(key), scalar(value));
            branch(&line, &indent, number + 1 == annotations.len(), text);
        }
    }
    for (number, (kind, nodes)) in kinds.iter().enumerate() {
        let indent = branch(&shown(kind), indent, number + 1 == kinds.len(), text);
        for (number, referrer) in nodes.iter().enumerate() {
            let digest = referrer.descriptor().digest.to_string();
            let indent = branch(&digest, &indent, number + 1 == nodes.len(), text);
            below(tree, referrer, &indent, text);
        }
    }
}

/// Adds a line, and returns what stands before those below it.
fn branch(line: &str, indent: &str, is_last: bool, text: &mut String) -> String {
    let (edge, more) = if is_last {
        ("└── ", "    ")
    } else {
        ("├── ", "│   ")
    };
    text.push_str(indent);
    text.push_str(edge);
    text.push_str(line);
    text.push('\n');
    format!("{indent}{more}")
}

/// Text of strangers without what moves a cursor.
fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// A text as YAML has it on one line.
fn scalar(text: &str) -> String {
    let quoted = || String::from_utf8_lossy(&go_json::to_vec(text)).into_owned();
    let is_other = matches!(
        text.to_ascii_lowercase().as_str(),
        "" | "~" | "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    let begins_as_number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    let is_number = begins_as_number
        && (text.parse::<f64>().is_ok() || text.parse::<jiff::Timestamp>().is_ok() || text.starts_with("0x"));
    let is_date = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    if is_other || is_number || is_date || text.chars().any(char::is_control) {
        return quoted();
    }
    let first_is_special = text.starts_with(|first: char| ",[]{}#&*!|>'\"%@`".contains(first));
    let is_indicator = ["- ", "? ", ": "].iter().any(|start| text.starts_with(start)) || ["-", "?"].contains(&text);
    let is_cut = text.contains(": ") || text.contains(" #") || text.ends_with(':') || text.trim() != text;
    if first_is_special || is_indicator || is_cut {
        return format!("'{}'", text.replace('\'', "''"));
    }
    text.to_owned()
}

/// One JSON object, indented; each manifest with what refers to it.
pub(super) fn json(tree: &Tree, name: &str) -> String {
    let mut text = String::new();
    object(tree, tree.root(), name, "", &mut text);
    text.push('\n');
    text
}

fn object(tree: &Tree, node: &Node, name: &str, indent: &str, text: &mut String) {
    let descriptor = node.descriptor();
    let string = |value: &str| String::from_utf8_lossy(&go_json::to_vec(value)).into_owned();
    let mut members = vec![
        ("reference", string(&format!("{name}@{}", descriptor.digest))),
        ("mediaType", string(&descriptor.media_type)),
        ("digest", string(descriptor.digest.as_str())),
        ("size", descriptor.size.to_string()),
    ];
    if !descriptor.annotations.is_empty() {
        members.push(("annotations", map(&descriptor.annotations, indent)));
    }
    if let Some(kind) = descriptor.artifact_type.as_deref().filter(|kind| !kind.is_empty()) {
        members.push(("artifactType", string(kind)));
    }
    text.push_str("{\n");
    for (key, value) in members {
        text.push_str(&format!("{indent}  \"{key}\": {value},\n"));
    }
    text.push_str(&format!("{indent}  \"referrers\": ["));
    let inner = format!("{indent}    ");
    for (number, referrer) in tree.referrers(node).enumerate() {
        text.push_str(if number == 0 { "\n" } else { ",\n" });
        text.push_str(&inner);
        object(tree, referrer, name, &inner, text);
    }
    if tree.referrers(node).next().is_some() {
        text.push_str(&format!("\n{indent}  "));
    }
    text.push_str(&format!("]\n{indent}}}"));
}

fn map(map: &BTreeMap<String, String>, indent: &str) -> String {
    let string = |value: &str| String::from_utf8_lossy(&go_json::to_vec(value)).into_owned();
    let members = map
        .iter()
        .map(|(key, value)| format!("{indent}    {}: {}", string(key), string(value)));
    format!("{{\n{}\n{indent}  }}", members.collect::<Vec<_>>().join(",\n"))
}
