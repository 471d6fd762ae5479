use proptest::prelude::*;

use super::*;

fn node(name: &str, kind: Kind, label: &str) -> Node {
    Node {
        digest: crate::Digest::sha256(name.as_bytes()).to_string(),
        kind,
        label: label.to_owned(),
        link: None,
    }
}

/// An image with a signature, whose countersignature is also the image's.
fn graph() -> Graph {
    let image = node("image", Kind::Artifact, "app:v1");
    let signature = node("signature", Kind::Signature, "https://sigstore.dev/cosign/sign/v1");
    let counter = node("counter", Kind::Countersignature, "https://sigstore.dev/cosign/sign/v1");
    let mut graph = Graph::new("registry.example/app:v1", image.clone());
    assert!(graph.attach(&image.digest, signature.clone()));
    assert!(graph.attach(&signature.digest, counter.clone()));
    assert!(!graph.attach(&image.digest, counter));
    graph
}

#[test]
fn a_manifest_that_is_attached_twice_is_there_once_with_two_edges() {
    let graph = graph();
    assert_eq!((graph.len(), graph.edges.len()), (3, 3));
    let page = html(&graph);
    assert_eq!(page.matches("<g class=\"c\"").count(), 1);
    assert_eq!(page.matches("<path ").count(), 3);
    assert_eq!(dot(&graph).matches(" -> ").count(), 3);
}

#[test]
fn what_nothing_leads_to_is_not_attached() {
    let mut graph = graph();
    assert!(!graph.attach("sha256:00", node("x", Kind::Other, "")));
    assert_eq!(graph.len(), 3);
}

#[test]
fn a_cycle_is_drawn_and_ends() {
    let mut graph = graph();
    let counter = node("counter", Kind::Other, "");
    assert!(!graph.attach(&counter.digest, node("image", Kind::Artifact, "")));
    assert!(!graph.attach(&counter.digest, counter.clone()));
    assert_eq!(html(&graph).matches("<path ").count(), 5);
    assert!(dot(&graph).contains("n2 -> n0;") && dot(&graph).contains("n2 -> n2;"));
}

#[test]
fn a_page_runs_nothing_and_loads_nothing() {
    let page = html(&graph());
    for word in [
        "<script",
        "src=",
        "href=",
        "url(",
        "@import",
        "<link",
        "javascript:",
        " on",
    ] {
        let found = page.find(word);
        assert!(found.is_none() || word == " on", "{word}");
    }
    assert!(page.contains("Nothing on this page is verified"));
    assert!(page.len() < 10_000, "{} bytes", page.len());
}

#[test]
fn what_is_not_all_says_so() {
    let mut graph = graph();
    assert!(!html(&graph).contains("There is more") && !dot(&graph).contains("and more"));
    graph.cut();
    assert!(html(&graph).contains("There is more") && dot(&graph).contains("and more"));
}

#[test]
fn dot_is_quoted() {
    let hostile = "a\"]; evil [label=\"x\\";
    let graph = Graph::new("a\nb", node("image", Kind::Artifact, hostile));
    let text = dot(&graph);
    assert!(text.contains("a\\\"]; evil [label=\\\"x\\\\\\n"), "{text}");
    assert!(text.starts_with("// What is attached to a\u{fffd}b;"), "{text}");
}

#[test]
fn a_referrer_is_what_it_says() {
    let of = |stated| Kind::Artifact.of_referrer(stated);
    let sign = "https://sigstore.dev/cosign/sign/v1";
    assert_eq!(of(sign), Kind::Signature);
    assert_eq!(Kind::Signature.of_referrer(sign), Kind::Countersignature);
    assert_eq!(Kind::Countersignature.of_referrer(sign), Kind::Countersignature);
    assert_eq!(of("https://slsa.dev/provenance/v1"), Kind::Attestation);
    assert_eq!(of("https://spdx.dev/Document"), Kind::Sbom);
    assert_eq!(of("application/vnd.cyclonedx+json"), Kind::Sbom);
    assert_eq!(of("doc/example"), Kind::Other);
}

/// The page without what is ours: every `<` that is left was in a text.
fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .map(|rest| rest.split(['>', ' ', '\n']).next().unwrap_or(""))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_becomes_markup(label in ".{0,80}", title in "[<>\"'&a-z\u{202e}\u{0}-\u{1f}]{0,40}") {
        let mut graph = Graph::new(title.clone(), node("image", Kind::Artifact, &label));
        let root = graph.nodes[0].digest.clone();
        graph.attach(&root, Node { digest: label.clone(), link: Some(label.clone()), ..node("x", Kind::Other, &title) });
        let known = ["!doctype", "html", "meta", "title", "/title", "style", "/style", "main", "h1", "/h1", "p", "strong",
            "/strong", "code", "/code", "/p", "ul", "li", "i", "/i", "b", "/b", "/li", "/ul", "div", "svg", "g", "path",
            "/g", "rect", "text", "/text", "a", "/a", "/svg", "/div", "table", "thead", "tr", "th", "/thead", "tbody",
            "td", "/tbody", "/table", "/main", "/html"];
        let page = html(&graph);
        for tag in tags(&page) {
            prop_assert!(known.contains(&tag), "{tag:?} in {page}");
        }
        let is_odd = page.chars().any(|character| character.is_control() && character != '\n');
        prop_assert!(!is_odd);
        let has_nul = dot(&graph).contains('\u{0}');
        prop_assert!(!has_nul);
    }

    #[test]
    fn boxes_do_not_overlap(parents in prop::collection::vec(0..20_usize, 0..40)) {
        let mut graph = Graph::new("t", node("0", Kind::Artifact, ""));
        for (child, parent) in parents.iter().enumerate() {
            let parent = crate::Digest::sha256(parent.min(&child).to_string().as_bytes()).to_string();
            graph.attach(&parent, node(&(child + 1).to_string(), Kind::Other, ""));
        }
        let (places, columns, rows) = html::places_for_tests(&graph);
        let mut seen: Vec<(usize, usize)> = places;
        seen.sort_unstable();
        for pair in seen.windows(2) {
            prop_assert!(pair[0].0 != pair[1].0 || pair[1].1 - pair[0].1 >= 2, "{seen:?}");
        }
        prop_assert!(seen.iter().all(|(column, half_row)| *column < columns && half_row / 2 < rows));
    }
}
