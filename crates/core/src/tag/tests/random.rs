//! Random statements, shown in random order, hidden and replayed: what is believed never goes back.

use proptest::prelude::*;

use super::*;

/// What a registry shows at one moment: which image has the tag, and which of the statements of it are there.
#[derive(Clone, Debug)]
struct Shown {
    image: usize,
    statements: Vec<usize>,
    later: i64,
}

const IMAGES: [&str; 3] = ["a", "b", "c"];

fn image(number: usize) -> &'static str {
    IMAGES.get(number).unwrap()
}

fn statements() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (0..IMAGES.len(), 1..8_u64, 0..4000_i64, 1..3000_i64);
    let said =
        one.prop_map(|(image, sequence, issued, life)| said(self::image(image), sequence, issued, issued + life));
    prop::collection::vec(said, 1..12)
}

fn shown() -> impl Strategy<Value = Vec<Shown>> {
    let one = (0..IMAGES.len(), prop::collection::vec(0..12_usize, 0..6), -700..900_i64);
    let one = one.prop_map(|(image, statements, later)| Shown {
        image,
        statements,
        later,
    });
    prop::collection::vec(one, 1..24)
}

/// What the page says, written down once more and differently.
fn is_believable(found: &[Candidate], image: &Digest, seen: &[TagStatement], latest: Option<i64>, now: i64) -> bool {
    let about: Vec<&TagStatement> = found
        .iter()
        .map(|candidate| &candidate.statement)
        .filter(|statement| statement.digest == *image)
        .collect();
    let Some(highest) = about.iter().map(|statement| statement.sequence).max() else {
        return false;
    };
    let newest: Vec<&TagStatement> = about
        .into_iter()
        .filter(|statement| statement.sequence == highest)
        .collect();
    let first = newest.first().unwrap();
    let is_one = newest.iter().all(|statement| statement == first);
    let period = first.period;
    let is_valid = period.issued() <= at(now + SKEW) && at(now) < period.expires();
    let is_newest = seen.iter().all(|old| old.sequence < highest || old == *first);
    let is_forward = latest.is_none_or(|latest| latest - now <= SKEW);
    is_one && is_valid && is_newest && is_forward
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_believed_never_goes_back(pool in statements(), shown in shown()) {
        let mut state = State::default();
        let mut seen: Vec<TagStatement> = Vec::new();
        let (mut now, mut latest) = (0, None::<i64>);
        for moment in shown {
            now += moment.later;
            let image = digest(image(moment.image));
            let found: Vec<Candidate> = moment
                .statements
                .iter()
                .filter_map(|place| pool.get(*place))
                .filter(|candidate| candidate.statement.digest == image)
                .cloned()
                .collect();
            let expected = is_believable(&found, &image, &seen, latest, now);
            let judged = judge(&name(), &image, &found, &TagRules::NONE, &state, at(now));
            prop_assert_eq!(judged.is_ok(), expected, "{:?}", judged);
            // A refusal changes nothing, whatever it is.
            if let Ok(fresh) = judged {
                let statement = fresh.candidate.statement.clone();
                if let Some(last) = seen.last() {
                    prop_assert!(statement.sequence >= last.sequence);
                }
                state.note(&fresh, at(now));
                seen.push(statement);
                latest = Some(latest.map_or(now, |latest| latest.max(now)));
            }
            let again = State::parse(&state.to_json());
            prop_assert_eq!(again.as_ref(), Ok(&state));
        }
    }

    #[test]
    fn the_order_in_which_statements_are_found_does_not_matter(
        mut pool in statements(),
        by in 0..12_usize,
        now in 0..5000_i64,
    ) {
        let image = digest("a");
        let judged = |pool: &[Candidate]| {
            let judged = judge(&name(), &image, pool, &TagRules::NONE, &State::default(), at(now));
            judged.map(|fresh| fresh.candidate.clone()).map_err(|refusal| format!("{refusal:?}").split(' ').next().map(str::to_owned))
        };
        let before = judged(&pool);
        let by = by % pool.len();
        pool.rotate_left(by);
        let after = judged(&pool);
        prop_assert_eq!(before, after);
    }

    #[test]
    fn no_file_makes_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _state = State::parse(&bytes);
        let _set = TagSet::parse(&bytes);
        let _lock = TagsLock::parse(&String::from_utf8_lossy(&bytes));
    }
}
