use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::artifact::Artifact;
use crate::bundle::Bundle;
use crate::envelope::Envelope;
use crate::key::{KeyAlgorithm, PrivateKey};
use crate::payload::statement::{PAYLOAD_TYPE, sign_statement};
use crate::policy::{Claim, ClaimBinding, LogRule, Policy, PredicateRule};
use crate::trust::TrustedRoot;
use crate::verify::verify;

/// Three keys: the countersigners `a` and `b`, and the trusted signer `c`, who is none.
static KEYS: LazyLock<[PrivateKey; 3]> =
    LazyLock::new(|| std::array::from_fn(|_| PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap()));

fn digest(name: impl AsRef<[u8]>) -> Digest {
    Digest::sha256(name.as_ref())
}

fn trusted(key: usize) -> TrustedSigner {
    TrustedSigner::key(KEYS[key].public_key().clone())
}

/// A verified signature of `of` by a key.
fn signed(of: &Digest, key: usize, annotations: &[(&str, &str)], binding: ClaimBinding) -> VerifiedSignature {
    let annotations: BTreeMap<String, String> = annotations
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let envelope = Envelope::seal(PAYLOAD_TYPE, sign_statement(of, &annotations), &KEYS[key]).unwrap();
    let bundle = Bundle::assemble(envelope, KEYS[key].public_key()).unwrap();
    let claim = Claim::Signature {
        annotations: BTreeMap::new(),
        binding,
        predicate: PredicateRule::Signature,
    };
    let policy = Policy::new(trusted(key), claim, LogRule::InsecurelyIgnored);
    let now = "2026-11-26T00:00:00Z".parse().unwrap();
    verify(
        &bundle,
        &Artifact::new(of.clone()),
        &policy,
        &TrustedRoot::default(),
        now,
    )
    .unwrap()
}

fn link(parent: &str, holder: &str, key: usize) -> Link {
    let parent = digest(parent);
    let signature = signed(&parent, key, &[], ClaimBinding::Required);
    Link::new(&parent, &digest(holder), Some(&parent), signature).unwrap()
}

fn asked(threshold: usize, covers: Covers) -> Countersigners {
    let signers = vec![("a".to_owned(), trusted(0)), ("b".to_owned(), trusted(1))];
    Countersigners::new(Quorum::new(NonZero::new(threshold).unwrap(), signers).unwrap(), covers)
}

fn uncovered(judged: Result<Vec<Covered<'_>>, ChainError>) -> (Digest, String) {
    match judged.unwrap_err() {
        ChainError::Uncovered { signature, source } => (signature, source.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_signature_is_covered_by_who_signed_its_holder() {
    let by = asked(1, Covers::All);
    let links = [link("sig", "counter", 0)];
    let covered = by.judge(&[digest("sig")], &links, None).unwrap();
    assert_eq!(
        covered,
        [Covered {
            signature: digest("sig"),
            by: vec!["a"],
            depth: 2,
        }]
    );
    let (signature, reason) = uncovered(by.judge(&[digest("other")], &links, None));
    assert_eq!(signature, digest("other"));
    assert_eq!(
        reason,
        "0 of the signers have signed (none), expected 1; there is no signature by a, b"
    );
}

#[test]
fn who_signs_a_countersignature_witnesses_what_that_witnesses() {
    let by = asked(2, Covers::All);
    let chain = [link("sig", "counter", 0), link("counter", "counter of counter", 1)];
    assert!(by.judge(&[digest("sig")], &chain, None).is_ok());
    // a link that is missing is not stepped over
    let (_, reason) = uncovered(by.judge(&[digest("sig")], &chain[1..], None));
    assert!(reason.starts_with("0 of"), "{reason}");
}

#[test]
fn who_signs_twice_countersigns_once_and_others_not_at_all() {
    let by = asked(2, Covers::All);
    let links = [link("sig", "1", 0), link("sig", "2", 0), link("sig", "3", 2)];
    let (_, reason) = uncovered(by.judge(&[digest("sig")], &links, None));
    assert_eq!(
        reason,
        "1 of the signers have signed (a), expected 2; there is no signature by b"
    );
}

#[test]
fn one_of_three_is_not_all_and_is_any() {
    let set = ["1", "2", "3"].map(digest);
    let links = [link("2", "counter", 0)];
    let (signature, _) = uncovered(asked(1, Covers::All).judge(&set, &links, None));
    assert_eq!(signature, digest("1"));
    let any = asked(1, Covers::Any);
    let covered = any.judge(&set, &links, None).unwrap();
    assert_eq!(covered.len(), 1);
    assert_eq!(covered[0].signature, digest("2"));
    // what is asked for is asked of one signature
    let spread = [link("1", "x", 0), link("2", "y", 1)];
    let (_, reason) = uncovered(asked(2, Covers::Any).judge(&set, &spread, None));
    assert!(reason.starts_with("1 of"), "{reason}");
}

fn deep(levels: usize) -> Countersigners {
    Countersigners::of_depth(Depth::new(levels).unwrap(), Covers::All)
}

fn shallow(signature: &str, expected: usize, found: usize) -> Result<Vec<Covered<'static>>, ChainError> {
    Err(ChainError::Shallow {
        signature: digest(signature),
        expected,
        found,
    })
}

#[test]
fn fewer_levels_than_one_countersignature_are_no_depth() {
    assert_eq!([0, 1].map(Depth::new), [None, None]);
    assert_eq!(Depth::new(2).map(Depth::levels), Some(2));
}

#[test]
fn a_chain_is_as_deep_as_its_longest_path() {
    let three = deep(3);
    let wide = [link("sig", "1", 0), link("sig", "2", 1), link("sig", "3", 2)];
    assert_eq!(three.judge(&[digest("sig")], &wide, None), shallow("sig", 3, 2));
    assert_eq!(three.judge(&[digest("sig")], &[], None), shallow("sig", 3, 1));
    let chain = [link("sig", "1", 0), link("1", "2", 1)];
    let covered = three.judge(&[digest("sig")], &chain, None).unwrap();
    assert_eq!((covered[0].depth, covered[0].by.len()), (3, 0));
    assert_eq!(three.judge(&[digest("sig")], &chain[1..], None), shallow("sig", 3, 1));
    // the short way to a manifest does not hide the long one
    let diamond = [link("sig", "2", 0), chain[0].clone(), chain[1].clone()];
    assert!(three.judge(&[digest("sig")], &diamond, None).is_ok());
    // what is asked of all is asked of each
    let both = [digest("sig"), digest("other")];
    assert_eq!(three.judge(&both, &chain, None), shallow("other", 3, 1));
}

#[test]
fn what_comes_back_to_itself_is_not_deep() {
    let cycle = [link("sig", "1", 0), link("1", "2", 0), link("2", "1", 0)];
    assert_eq!(deep(2).judge(&[digest("sig")], &cycle, None), shallow("sig", 2, 1));
    let own = [link("sig", "1", 0), link("1", "sig", 0)];
    assert_eq!(deep(2).judge(&[digest("sig")], &own, None), shallow("sig", 2, 1));
}

#[test]
fn only_who_is_asked_for_makes_a_chain_deeper() {
    let by = asked(1, Covers::All).deep(Depth::new(3).unwrap());
    let chain = [link("sig", "1", 0), link("1", "2", 2)];
    assert_eq!(by.judge(&[digest("sig")], &chain, None), shallow("sig", 3, 2));
    let chain = [link("sig", "1", 0), link("1", "2", 1)];
    let covered = by.judge(&[digest("sig")], &chain, None).unwrap();
    assert_eq!((covered[0].depth, &covered[0].by), (3, &vec!["a", "b"]));
    // who is missing is said first
    let (_, reason) = uncovered(by.judge(&[digest("sig")], &[], None));
    assert!(reason.starts_with("0 of"), "{reason}");
}

#[test]
fn how_deep_a_chain_is_where_the_walk_stopped_is_not_known() {
    let stop = Stop::Depth { limit: 2 };
    let links = [link("sig", "1", 0)];
    let error = deep(3).judge(&[digest("sig")], &links, Some(&stop)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "it is not known how deep the chain of signature {} is: nothing was looked for past 2 levels; \
             2 levels were found, expected 3 at least",
            digest("sig")
        )
    );
    assert!(deep(2).judge(&[digest("sig")], &links, Some(&stop)).is_ok());
}

#[test]
fn where_there_is_nothing_to_countersign_nothing_is_countersigned() {
    for covers in [Covers::All, Covers::Any] {
        let judged = asked(1, covers);
        let judged = judged.judge(&[], &[link("sig", "counter", 0)], None);
        assert_eq!(judged, Err(ChainError::NothingToCover));
    }
}

#[test]
fn a_walk_that_stopped_cannot_tell_and_one_that_found_enough_can() {
    let by = asked(1, Covers::All);
    let stop = Stop::Nodes { limit: 5 };
    let error = by.judge(&[digest("sig")], &[], Some(&stop)).unwrap_err();
    assert!(
        matches!(
            &error,
            ChainError::Stopped {
                stop: Stop::Nodes { limit: 5 },
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        format!(
            "it is not known who countersigned {}: 5 manifests were looked at, and there are more",
            digest("sig")
        )
    );
    let links = [link("sig", "counter", 1)];
    assert!(by.judge(&[digest("sig")], &links, Some(&stop)).is_ok());
}

#[test]
fn what_is_signed_must_be_what_it_is_attached_to() {
    let (parent, other, holder) = (digest("parent"), digest("other"), digest("holder"));
    let replayed = signed(&other, 0, &[], ClaimBinding::Required);
    assert_eq!(
        Link::new(&parent, &holder, Some(&parent), replayed).unwrap_err(),
        BrokenLink::OtherClaim {
            expected: parent.clone(),
            found: Quoted::new(other.as_str()),
        }
    );
    // a claim that was not bound is about nothing
    let unbound = signed(&parent, 0, &[], ClaimBinding::InsecurelyIgnored);
    assert!(matches!(
        Link::new(&parent, &holder, None, unbound),
        Err(BrokenLink::OtherClaim { .. })
    ));
}

#[test]
fn the_manifest_must_refer_to_what_it_is_attached_to_or_to_nothing() {
    let (parent, other, holder) = (digest("parent"), digest("other"), digest("holder"));
    let signature = || signed(&parent, 0, &[], ClaimBinding::Required);
    assert_eq!(
        Link::new(&parent, &holder, Some(&other), signature()).unwrap_err(),
        BrokenLink::OtherSubject {
            expected: parent.clone(),
            found: other,
        }
    );
    assert!(Link::new(&parent, &holder, None, signature()).is_ok());
    assert_eq!(
        Link::new(&parent, &parent, Some(&parent), signature()).unwrap_err(),
        BrokenLink::Itself
    );
}

#[test]
fn the_annotation_tells_a_countersignature() {
    let of = digest("image");
    let is = |annotations: &[(&str, &str)]| is_countersignature(&signed(&of, 0, annotations, ClaimBinding::Required));
    assert!(is(&[("sig", "counter"), (ROOT_ANNOTATION, of.as_str())]));
    assert!(!is(&[("sig", "counter")]));
}

/// Links among few manifests, so that there are cycles, diamonds and manifests that nothing leads to.
fn graphs() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    prop::collection::vec((0..8_usize, 0..8_usize, 0..3_usize), 0..24)
}

/// Whether a key signed something that leads to `target`, found by following every path naively.
fn leads(graph: &[(usize, usize, usize)], target: usize, key: usize) -> bool {
    let mut reached = [false; 8];
    reached[target] = true;
    for _ in 0..8 {
        for (parent, holder, _) in graph {
            if reached[*parent] {
                reached[*holder] = true;
            }
        }
    }
    graph.iter().any(|(parent, _, by)| reached[*parent] && *by == key)
}

/// The levels from a manifest on, by walking every path.
fn longest(graph: &[(usize, usize, usize)], from: usize) -> usize {
    let beneath = graph.iter().filter(|(parent, ..)| *parent == from);
    1 + beneath.map(|(_, holder, _)| longest(graph, *holder)).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn a_judgement_is_what_the_paths_say(
        graph in graphs(),
        targets in prop::collection::btree_set(0..8_usize, 0..4),
        threshold in 1..3_usize,
        is_any: bool,
        is_stopped: bool,
    ) {
        let name = |node: usize| format!("node {node}");
        let graph: Vec<_> = graph.into_iter().filter(|(parent, holder, _)| parent != holder).collect();
        let links: Vec<Link> = graph.iter().map(|(parent, holder, key)| link(&name(*parent), &name(*holder), *key)).collect();
        let covers = if is_any { Covers::Any } else { Covers::All };
        let signatures: Vec<Digest> = targets.iter().map(|target| digest(name(*target))).collect();
        let is_covered = |target: &usize| (0..2).filter(|key| leads(&graph, *target, *key)).count() >= threshold;
        let expected = match covers {
            Covers::All => !targets.is_empty() && targets.iter().all(is_covered),
            Covers::Any => targets.iter().any(is_covered),
        };
        let stop = is_stopped.then_some(Stop::Depth { limit: 8 });
        let by = asked(threshold, covers);
        let judged = by.judge(&signatures, &links, stop.as_ref());
        prop_assert_eq!(judged.is_ok(), expected);
        match judged {
            Ok(covered) => prop_assert_eq!(covered.len(), targets.iter().filter(|target| is_covered(target)).count()),
            Err(ChainError::NothingToCover) => prop_assert!(targets.is_empty()),
            Err(ChainError::Stopped { .. }) => prop_assert!(is_stopped),
            Err(ChainError::Shallow { .. } | ChainError::Unsounded { .. }) => prop_assert!(false, "no depth is asked for"),
            Err(ChainError::Uncovered { signature, .. }) => {
                prop_assert!(!is_stopped);
                let first = targets.iter().find(|target| !is_covered(target)).unwrap();
                prop_assert_eq!(signature, digest(name(*first)));
            }
        }
        // neither order nor repetition changes anything
        let mut again: Vec<Link> = links.iter().rev().chain(&links).cloned().collect();
        again.rotate_left(links.len() / 2);
        prop_assert_eq!(by.judge(&signatures, &again, stop.as_ref()).is_ok(), expected);
    }

    #[test]
    fn a_depth_is_that_of_the_longest_path(graph in graphs(), levels in 2..9_usize) {
        // from lower numbers to higher ones, as honest digests only lead on
        let graph: Vec<_> = graph.into_iter().filter(|(parent, holder, _)| parent < holder).collect();
        let name = |node: usize| format!("node {node}");
        let links: Vec<Link> = graph.iter().map(|(parent, holder, key)| link(&name(*parent), &name(*holder), *key)).collect();
        let expected = longest(&graph, 0);
        let by = deep(levels);
        let signature = digest(name(0));
        match by.judge(std::slice::from_ref(&signature), &links, None) {
            Ok(covered) => {
                prop_assert!(expected >= levels);
                prop_assert_eq!(covered[0].depth, expected);
            }
            Err(error) => {
                prop_assert!(expected < levels);
                prop_assert_eq!(error, ChainError::Shallow { signature, expected: levels, found: expected });
            }
        }
    }
}
