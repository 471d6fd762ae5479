//! Several bases, one upon the other.

use super::*;

/// Three nested bases, each of another key, and an image upon them.
struct Nest {
    keys: [PrivateKey; 3],
    bases: [Layers; 3],
    image: Layers,
}

impl Nest {
    fn new() -> Self {
        Self {
            keys: std::array::from_fn(|_| PrivateKey::generate(KeyAlgorithm::Ed25519).unwrap()),
            bases: [layers(&["a"]), layers(&["a", "b", "c"]), layers(&["a", "b", "c", "d"])],
            image: layers(&["a", "b", "c", "d", "e", "f"]),
        }
    }

    fn marks(&self, which: &[usize]) -> Vec<Candidate> {
        let each = which.iter().map(|one| {
            let (base, key) = (&self.bases[*one], &self.keys[*one]);
            statement(&said(base), base, key)
        });
        each.collect()
    }

    fn policy(&self, order: &[usize], require: Require) -> BasePolicy {
        let bases = order.iter().map(|one| signed_by(NAMES[*one], &self.keys[*one]));
        BasePolicy {
            require,
            ..policy(bases.collect())
        }
    }

    fn judged(&self, marks: &[usize], order: &[usize], require: Require) -> Result<Vec<(String, usize)>, String> {
        let outcome = standing(&self.image, &self.marks(marks), &self.policy(order, require));
        let standing = outcome.map_err(|refusal| refusal.to_string())?;
        let seams = seams(&standing).into_iter();
        Ok(seams.map(|(name, count)| (name.to_owned(), count)).collect())
    }
}

const NAMES: [&str; 3] = ["distribution", "company", "team"];

#[test]
fn each_seam_of_a_nest_is_reported_innermost_first() {
    let nest = Nest::new();
    let expected: Vec<(String, usize)> = NAMES.map(str::to_owned).into_iter().zip([1, 3, 4]).collect();
    for marks in [[0, 1, 2], [2, 0, 1]] {
        assert_eq!(nest.judged(&marks, &[0, 1, 2], Require::Any).unwrap(), expected);
    }
}

#[test]
fn any_is_met_by_one_and_all_by_each() {
    let nest = Nest::new();
    for mark in 0..3 {
        assert_eq!(nest.judged(&[mark], &[0, 1, 2], Require::Any).unwrap().len(), 1);
    }
    assert_eq!(
        nest.judged(&[], &[0, 1], Require::Any).unwrap_err(),
        "image does not stand on distribution or company"
    );
    assert_eq!(nest.judged(&[0, 1, 2], &[0, 1, 2], Require::All).unwrap().len(), 3);
    assert_eq!(
        nest.judged(&[1], &[0, 1, 2], Require::All).unwrap_err(),
        "image does not stand on distribution, team"
    );
}

#[test]
fn the_innermost_is_the_first_of_the_policy_with_none_of_the_others_below() {
    let nest = Nest::new();
    assert!(nest.judged(&[0, 1], &[0, 1, 2], Require::Innermost).is_ok());
    assert_eq!(
        nest.judged(&[1, 2], &[0, 1, 2], Require::Innermost).unwrap_err(),
        "image does not stand on distribution"
    );
    assert_eq!(
        nest.judged(&[0, 1], &[1, 0], Require::Innermost).unwrap_err(),
        "distribution ends at layer 1, below company, the innermost base, which ends at layer 3"
    );
}

#[test]
fn the_outermost_is_the_last_of_the_policy_with_none_of_the_others_above() {
    let nest = Nest::new();
    assert!(nest.judged(&[0, 2], &[0, 1, 2], Require::Outermost).is_ok());
    assert_eq!(
        nest.judged(&[0, 1], &[0, 1, 2], Require::Outermost).unwrap_err(),
        "image does not stand on team"
    );
    assert_eq!(
        nest.judged(&[1, 2], &[2, 1], Require::Outermost).unwrap_err(),
        "team ends at layer 4, above company, the outermost base, which ends at layer 3"
    );
}

/// A mark can be taken off and put on by anybody: neither makes an image stand better.
#[test]
fn marks_of_strangers_change_nothing() {
    let nest = Nest::new();
    for require in [Require::Any, Require::All, Require::Innermost, Require::Outermost] {
        let without = nest.judged(&[0, 1], &[0, 1], require).unwrap();
        assert_eq!(nest.judged(&[0, 1, 2], &[0, 1], require).unwrap(), without);
    }
}

#[test]
fn so_many_layers_may_be_above_the_outermost_base() {
    let nest = Nest::new();
    let limited = |marks: &[usize], limit| {
        let mut policy = nest.policy(&[0, 1, 2], Require::Any);
        policy.layers_above = Some(limit);
        standing(&nest.image, &nest.marks(marks), &policy)
    };
    assert!(limited(&[0, 2], 2).is_ok());
    assert_eq!(
        limited(&[0], 4).unwrap_err().to_string(),
        "there are 5 layers above the outermost base, the limit is 4"
    );
}

#[test]
fn the_words_of_a_policy_are_read() {
    for require in [Require::Any, Require::All, Require::Innermost, Require::Outermost] {
        assert_eq!(require.to_string().parse(), Ok(require));
    }
    assert_eq!(
        "some".parse::<Require>().unwrap_err().to_string(),
        "expected any, all, innermost or outermost"
    );
}

/// Where the policy asks for the present base, nothing counts before somebody has looked, and then what the tag is at.
#[test]
fn only_what_a_tag_is_at_counts_where_the_present_base_is_asked_for() {
    let (old, new) = (layers(&["a"]), layers(&["b"]));
    let candidate = || statement(&said(&old), &old, &DISTRIBUTION);
    let at = |base: &Layers| TagState::At {
        digest: manifest(),
        chain_ids: vec![base.chain_id(1).unwrap().clone()],
    };
    let asking = |states: &[TagState]| {
        let mut policy = debian();
        let tags = states.iter().zip(["12", "11"]).map(|(state, tag)| CurrentTag {
            name: format!("reg.example/debian:{tag}"),
            state: state.clone(),
        });
        policy.bases[0].current = tags.collect();
        policy
    };
    let not_believed = TagState::NotBelieved {
        reason: "expired".to_owned(),
    };
    for states in [
        &[at(&old)][..],
        &[at(&new), at(&old)],
        &[not_believed.clone(), at(&old)],
    ] {
        assert_eq!(
            seams(&standing(&old, &[candidate()], &asking(states)).unwrap()),
            [("debian", 1)]
        );
    }
    let found = old.chain_id(1).unwrap();
    let tag = "reg.example/debian:12";
    for (states, expected) in [
        (
            &[TagState::Unknown][..],
            format!("{tag}, and nobody has looked where that is"),
        ),
        (&[not_believed], format!("{tag}, and that is not believed: expired")),
        (
            &[at(&new), at(&new)],
            format!("{tag}, which is {} now: {}", manifest(), new.chain_id(1).unwrap()),
        ),
    ] {
        let expected = format!("is the base {found}, expected that of the tag {expected}");
        assert_eq!(reason(&old, candidate(), &asking(states)), expected);
        // the signature over layers alone is no way round
        assert_eq!(
            reason(&old, signature(&old, 1, &DISTRIBUTION), &asking(states)),
            expected
        );
        let mut known = asking(states);
        known.bases[0].authority = Authority::Known(vec![found.clone()]);
        assert!(matches!(standing(&old, &[], &known), Err(BaseRefusal::Missing { .. })));
    }
}
