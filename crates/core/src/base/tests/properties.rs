//! What holds of every list of layers.

use proptest::prelude::*;

use super::*;

fn contents() -> impl Strategy<Value = Vec<u8>> {
    // few different layers, so that lists are often nearly the same
    prop::collection::vec(0_u8..4, 1..8)
}

fn of(contents: &[u8]) -> Layers {
    Layers::new(contents.iter().map(|content| Digest::sha256(&[*content])).collect()).unwrap()
}

/// What somebody does to the layers of an image.
#[derive(Clone, Debug)]
enum Change {
    Swap(usize, u8),
    Exchange(usize, usize),
    Drop(usize),
    Insert(usize, u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), 0_u8..5).prop_map(|(place, content)| Change::Swap(place, content)),
        (any::<usize>(), any::<usize>()).prop_map(|(one, other)| Change::Exchange(one, other)),
        any::<usize>().prop_map(Change::Drop),
        (any::<usize>(), 0_u8..5).prop_map(|(place, content)| Change::Insert(place, content)),
    ]
}

impl Change {
    fn apply(&self, contents: &mut Vec<u8>) {
        let length = contents.len();
        match *self {
            Self::Swap(place, content) => contents[place % length] = content,
            Self::Exchange(one, other) => contents.swap(one % length, other % length),
            Self::Drop(place) => drop((length > 1).then(|| contents.remove(place % length))),
            Self::Insert(place, content) => contents.insert(place % (length + 1), content),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// A mark counts where the image's lowest layers are those that are signed, and nowhere else.
    #[test]
    fn an_image_stands_on_a_base_where_it_begins_with_its_layers(
        base in contents(),
        above in prop::collection::vec(0_u8..4, 0..4),
        changes in prop::collection::vec(change(), 0..3),
    ) {
        let mut image = base.clone();
        image.extend(&above);
        for change in &changes {
            change.apply(&mut image);
        }
        let stands = image.starts_with(&base);
        let (base, image) = (of(&base), of(&image));
        for candidate in [statement(&said(&base), &base, &DISTRIBUTION), signature(&base, base.len(), &DISTRIBUTION)] {
            let outcome = standing(&image, std::slice::from_ref(&candidate), &debian());
            prop_assert_eq!(outcome.is_ok(), stands);
            if let Ok(standing) = outcome {
                prop_assert_eq!(seams(&standing), [("debian", base.len())]);
                prop_assert_eq!(standing.bound.len(), base.len());
            }
            let other = standing(&image, &[candidate], &policy(vec![signed_by("other", &STRANGER)]));
            let is_missing = matches!(other, Err(BaseRefusal::Missing { .. }));
            prop_assert!(is_missing);
        }
    }

    /// Whatever marks an image has and in whatever order: the report is the same, and each layer below the outermost seam is known.
    #[test]
    fn the_order_of_marks_does_not_matter(
        image in contents(),
        counts in prop::collection::vec((1_usize..9, any::<bool>(), any::<bool>()), 0..6),
        turn in any::<usize>(),
    ) {
        let image = of(&image);
        let mut candidates: Vec<Candidate> = counts
            .iter()
            .filter_map(|(count, is_statement, is_stranger)| {
                let base = image.lowest(*count)?;
                let key = if *is_stranger { &STRANGER } else { &DISTRIBUTION };
                Some(match is_statement {
                    true => statement(&said(&base), &base, key),
                    false => signature(&base, *count, key),
                })
            })
            .collect();
        let judged = |candidates: &[Candidate]| standing(&image, candidates, &debian());
        let first = judged(&candidates);
        let turn = turn % candidates.len().max(1);
        candidates.rotate_left(turn);
        let second = judged(&candidates);
        match (first, second) {
            (Ok(first), Ok(second)) => {
                prop_assert_eq!(seams(&first), seams(&second));
                let outermost = first.seams.last().map_or(0, |seam| seam.count);
                prop_assert_eq!(first.bound.len(), outermost);
                prop_assert!(first.seams.is_sorted_by_key(|seam| seam.count));
                let strangers = counts.iter().filter(|(count, _, is_stranger)| *is_stranger && *count <= image.len()).count();
                prop_assert_eq!(first.refused.len(), strangers);
            }
            (Err(BaseRefusal::Missing { .. }), Err(BaseRefusal::Missing { .. })) => {
                let own = counts.iter().filter(|(count, _, is_stranger)| !is_stranger && *count <= image.len()).count();
                prop_assert_eq!(own, 0);
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// Replays: a statement of a base counts until it expires, is too old, or is denied, and never after.
    #[test]
    fn a_replayed_statement_ends(
        base in contents(),
        issued in 0_i64..200,
        lasts in prop::option::of(1_i64..200),
        limit in prop::option::of(1_u32..200),
        now in 0_i64..400,
    ) {
        let day = |days: i64| Timestamp::from_second(1_700_000_000 + days * 86_400).unwrap();
        let base = of(&base);
        let said = BaseStatement {
            issued: day(issued),
            expires: lasts.map(|days| day(issued + days)),
            ..said(&base)
        };
        let mut policy = debian();
        policy.bases[0].max_age = limit.map(|days| format!("{days}d").parse().unwrap());
        let candidates = [statement(&said, &base, &DISTRIBUTION)];
        let found = judge(&base, &candidates, &policy, &TrustedRoot::default(), day(now)).unwrap();
        let stands = now >= issued
            && lasts.is_none_or(|days| now <= issued + days)
            && limit.is_none_or(|days| now - issued <= i64::from(days));
        prop_assert_eq!(found.settle(&base, &blobs(&base), &BTreeMap::new(), Bound::Unpacked, &policy).is_ok(), stands);
    }
}
