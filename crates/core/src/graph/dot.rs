//! A graph in DOT (<https://graphviz.org/doc/info/lang.html>).

use std::fmt::Write as _;

use super::{Graph, Kind, plain, short};

/// Writes the graph in DOT, from left to right.
pub fn dot(graph: &Graph) -> String {
    let mut text = format!(
        "// What is attached to {}; nothing here is verified.\ndigraph evidence {{\n  rankdir=LR;\n  \
         node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fillcolor=\"#ffffff\"];\n",
        plain(&graph.title, LABEL)
    );
    for (place, node) in graph.nodes.iter().enumerate() {
        let colour = match node.kind {
            Kind::Artifact | Kind::Index => "#dbeafe",
            Kind::Signature => "#dcfce7",
            Kind::Countersignature => "#ede9fe",
            Kind::Attestation => "#fef3c7",
            Kind::Sbom => "#cffafe",
            Kind::Other => "#f3f4f6",
        };
        let _infallible = writeln!(
            text,
            "  n{place} [label=\"{}\\n{}\\n{}\", tooltip=\"{}\", fillcolor=\"{colour}\"];",
            node.kind.name(),
            quoted(&node.label),
            quoted(&short(&node.digest)),
            quoted(&node.digest)
        );
    }
    for (parent, child) in &graph.edges {
        let _infallible = writeln!(text, "  n{parent} -> n{child};");
    }
    if graph.is_cut {
        text.push_str("  more [label=\"… and more\", shape=plaintext, style=\"\"];\n");
    }
    text.push_str("}\n");
    text
}

/// A text between double quotes: a quote or a backslash would end it or begin an escape.
fn quoted(text: &str) -> String {
    plain(text, LABEL).replace('\\', "\\\\").replace('"', "\\\"")
}

/// The longest label, in characters.
const LABEL: usize = 120;
