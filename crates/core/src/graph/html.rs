//! A graph as one page: inline style and SVG, no script, nothing loaded from anywhere.

use std::fmt::Write as _;

use super::{Graph, Kind, Node, plain, short};

/// Writes the graph as one page, from left to right, with a table of the whole digests beneath.
pub fn html(graph: &Graph) -> String {
    let count = graph.nodes.len().saturating_sub(1);
    let manifests = if count == 1 { "manifest" } else { "manifests" };
    let more = match graph.is_cut {
        true => " There is more than is shown.",
        false => "",
    };
    let body = format!(
        "<h1>{}</h1><p>{count} {manifests} attached. <strong>Nothing on this page is verified</strong>: \
         it shows what is there, and <code>verify</code> judges it.{more}</p>{}{}{}",
        escaped(&plain(&graph.title, TEXT)),
        legend(graph),
        drawing(graph),
        table(graph)
    );
    page(&graph.title, &body)
}

/// Wraps HTML as a page; `title` is any text.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{}</title><style>{STYLE}</style><main>{body}</main></html>\n",
        escaped(&plain(title, TEXT))
    )
}

/// Escapes a text for HTML, between tags and in attributes.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            character if character.is_control() => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Artifact | Kind::Index => "a",
        Kind::Signature => "s",
        Kind::Countersignature => "c",
        Kind::Attestation => "t",
        Kind::Sbom => "b",
        Kind::Other => "o",
    }
}

fn legend(graph: &Graph) -> String {
    let kinds = [
        Kind::Signature,
        Kind::Countersignature,
        Kind::Attestation,
        Kind::Sbom,
        Kind::Other,
    ];
    let mut text = String::new();
    for kind in kinds {
        let count = graph.nodes.iter().filter(|node| node.kind == kind).count();
        if count > 0 {
            let (class, name) = (class(kind), kind.name());
            let _infallible = write!(text, "<li class=\"{class}\"><i></i>{name} <b>{count}</b></li>");
        }
    }
    match text.as_str() {
        "" => text,
        items => format!("<ul class=\"legend\">{items}</ul>"),
    }
}

/// Where a node is: its column, and twice its row, so that a parent can be between two rows.
#[derive(Clone, Copy, Default)]
struct Place {
    column: usize,
    half_row: usize,
}

/// The place of each node, and how many columns and rows there are: beneath a node is what was attached to it first.
fn places(graph: &Graph) -> (Vec<Place>, usize, usize) {
    let mut places = vec![Place::default(); graph.nodes.len()];
    let mut beneath: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    let mut has_parent = vec![false; graph.nodes.len()];
    for (parent, child) in &graph.edges {
        // a child comes after its parent; what leads back is drawn, and moves nothing
        let is_first = child > parent && has_parent.get(*child).is_some_and(|has_parent| !has_parent);
        if let (true, Some(list), Some(flag)) = (is_first, beneath.get_mut(*parent), has_parent.get_mut(*child)) {
            list.push(*child);
            *flag = true;
        }
    }
    let mut rows = 0;
    let mut columns = 1;
    // each node is entered, and left after all beneath it has its row
    let mut stack = vec![(0_usize, 0_usize, false)];
    while let Some((node, column, is_left)) = stack.pop() {
        let children = beneath.get(node).map(Vec::as_slice).unwrap_or_default();
        columns = columns.max(column.saturating_add(1));
        let row = |place: Option<&usize>| place.and_then(|place| places.get(*place)).map(|place| place.half_row);
        let half_row = match (row(children.first()), row(children.last())) {
            (Some(first), Some(last)) if is_left => usize::midpoint(first, last),
            (Some(_), Some(_)) => {
                stack.push((node, column, true));
                stack.extend(
                    children
                        .iter()
                        .rev()
                        .map(|child| (*child, column.saturating_add(1), false)),
                );
                continue;
            }
            _ => {
                rows += 1;
                (rows - 1) * 2
            }
        };
        if let Some(place) = places.get_mut(node) {
            *place = Place { column, half_row };
        }
    }
    (places, columns, rows)
}

fn drawing(graph: &Graph) -> String {
    let (places, columns, rows) = places(graph);
    let at = |place: &Place| (place.column * COLUMN + MARGIN, place.half_row * (ROW / 2) + MARGIN);
    let width = columns * COLUMN - (COLUMN - WIDTH) + 2 * MARGIN;
    let height = rows * ROW - (ROW - HEIGHT) + 2 * MARGIN;
    let mut text = format!(
        "<div class=\"graph\"><svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"graph of what is attached\"><g class=\"edges\">"
    );
    for (parent, child) in &graph.edges {
        if let (Some(from), Some(to)) = (places.get(*parent).map(at), places.get(*child).map(at)) {
            let (x, y, end, end_y) = (from.0 + WIDTH, from.1 + HEIGHT / 2, to.0, to.1 + HEIGHT / 2);
            let middle = usize::midpoint(x, end);
            let _infallible = write!(
                text,
                "<path d=\"M{x} {y}C{middle} {y} {middle} {end_y} {end} {end_y}\"/>"
            );
        }
    }
    text.push_str("</g>");
    for (node, place) in graph.nodes.iter().zip(&places) {
        let (x, y) = at(place);
        text.push_str(&boxed(node, x, y));
    }
    text.push_str("</svg></div>");
    text
}

fn boxed(node: &Node, x: usize, y: usize) -> String {
    let text = format!(
        "<g class=\"{}\" transform=\"translate({x} {y})\"><title>{} {}\n{}</title>\
         <rect class=\"box\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"10\"/>\
         <rect class=\"mark\" width=\"5\" height=\"{}\" x=\"10\" y=\"12\" rx=\"2.5\"/>\
         <text x=\"26\" y=\"25\" class=\"kind\">{}</text><text x=\"26\" y=\"44\" class=\"label\">{}</text>\
         <text x=\"26\" y=\"62\" class=\"digest\">{}</text></g>",
        class(node.kind),
        node.kind.name(),
        escaped(&plain(&node.label, TEXT)),
        escaped(&plain(&node.digest, TEXT)),
        HEIGHT - 24,
        node.kind.name(),
        escaped(&shown(&node.label)),
        escaped(&short(&node.digest))
    );
    linked(node, &text)
}

fn linked(node: &Node, text: &str) -> String {
    match &node.link {
        Some(link) => format!("<a href=\"{}\">{text}</a>", escaped(link)),
        None => text.to_owned(),
    }
}

/// A label that fits the box: of an address, its end says most.
fn shown(label: &str) -> String {
    let bare = label
        .strip_prefix("https://")
        .or_else(|| label.strip_prefix("application/"))
        .unwrap_or(label);
    let length = bare.chars().count();
    match length > SHOWN {
        true => {
            let end: String = bare.chars().skip(length - SHOWN + 1).collect();
            format!("…{}", plain(&end, SHOWN))
        }
        false => plain(bare, SHOWN),
    }
}

fn table(graph: &Graph) -> String {
    let mut text = String::from("<table><thead><tr><th>Kind<th>What<th>Digest<th>Attached to</thead><tbody>");
    for (place, node) in graph.nodes.iter().enumerate() {
        let parents = graph.edges.iter().filter(|(_, child)| *child == place);
        let parents: Vec<String> = parents
            .filter_map(|(parent, _)| graph.nodes.get(*parent))
            .map(|parent| format!("<code>{}</code>", escaped(&short(&parent.digest))))
            .collect();
        let digest = format!("<code>{}</code>", escaped(&plain(&node.digest, TEXT)));
        let _infallible = write!(
            text,
            "<tr class=\"{}\"><td><i></i>{}<td>{}<td>{}<td>{}",
            class(node.kind),
            node.kind.name(),
            escaped(&plain(&node.label, TEXT)),
            linked(node, &digest),
            parents.join(" ")
        );
    }
    text.push_str("</tbody></table>");
    text
}

/// The size of a box, and from one to the next.
const WIDTH: usize = 262;
const HEIGHT: usize = 76;
const COLUMN: usize = 330;
const ROW: usize = 92;
const MARGIN: usize = 4;
/// The longest label in a box, in characters.
const SHOWN: usize = 28;
/// The longest text anywhere, in characters.
const TEXT: usize = 200;

const STYLE: &str = "\
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b1f24;--dim:#5b6470;--line:#d8dde4;--edge:#aab3bf;\
--a:#2563eb;--s:#16803c;--c:#7c3aed;--t:#b45309;--b:#0e7490;--o:#64748b}\
@media(prefers-color-scheme:dark){:root{--bg:#0f1216;--card:#191d23;--ink:#e8ebef;--dim:#9aa4b1;--line:#2c333c;--edge:#4a5563;\
--a:#6ea0ff;--s:#4cc577;--c:#b18cff;--t:#e9a24a;--b:#45bfd8;--o:#94a3b8}}\
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}\
main{max-width:90rem;margin:0 auto;padding:2rem 1.25rem 3rem}h1{font-size:1.35rem;margin:0 0 .25rem;overflow-wrap:anywhere}\
p{margin:.25rem 0 1rem;color:var(--dim)}p strong{color:var(--ink)}a{color:inherit}\
code,.digest{font-family:ui-monospace,monospace;font-size:.86em}\
.graph,table{background:var(--card);border:1px solid var(--line);border-radius:12px}\
.graph{overflow:auto;padding:20px;margin-bottom:1.25rem}svg{display:block}\
.edges path{fill:none;stroke:var(--edge);stroke-width:1.6}\
.box{fill:var(--card);stroke:var(--line);stroke-width:1.2}a:hover .box,a:focus .box{stroke:var(--k);stroke-width:2}\
.a{--k:var(--a)}.s{--k:var(--s)}.c{--k:var(--c)}.t{--k:var(--t)}.b{--k:var(--b)}.o{--k:var(--o)}\
.mark{fill:var(--k)}text{fill:var(--ink);font-size:13px}.kind{fill:var(--k);font-weight:650}text.digest{fill:var(--dim);font-size:11.5px}\
.legend{display:flex;flex-wrap:wrap;gap:.4rem 1.1rem;list-style:none;margin:0 0 1rem;padding:0;color:var(--dim)}\
i{display:inline-block;width:.65rem;height:.65rem;border-radius:3px;background:var(--k);margin-right:.45rem}b{color:var(--ink)}\
table{width:100%;border-collapse:separate;border-spacing:0;overflow:hidden;font-size:.92rem}\
th,td{text-align:left;padding:.5rem .8rem;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}\
thead th{border-top:0;color:var(--dim);font-weight:600}td:first-child{white-space:nowrap}\
ul.list{list-style:none;padding:0}ul.list li{padding:.3rem 0}";

#[cfg(test)]
pub(super) fn places_for_tests(graph: &Graph) -> (Vec<(usize, usize)>, usize, usize) {
    let (places, columns, rows) = places(graph);
    let places = places.iter().map(|place| (place.column, place.half_row));
    (places.collect(), columns, rows)
}
