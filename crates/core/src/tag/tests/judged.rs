//! Checks (4) to (9) of docs/tags.md, each refused for its reason, and in their order.

use super::*;

const NOW: i64 = 1000;

/// What was seen before: this statement, and this moment.
fn seen(candidate: &Candidate, moment: i64) -> State {
    let mut state = State::default();
    let rules = TagRules::NONE;
    let statement = &candidate.statement;
    let found = [candidate.clone()];
    let now = at(moment);
    let fresh = judge(&statement.name, &statement.digest, &found, &rules, &state, now).unwrap();
    state.note(&fresh, now);
    state
}

fn refused(found: &[Candidate], rules: &TagRules<'_>, state: &State) -> TagRefusal {
    judge(&name(), &digest("app"), found, rules, state, at(NOW)).unwrap_err()
}

fn accepted<'a>(found: &'a [Candidate], rules: &TagRules<'_>, state: &State) -> Fresh<'a> {
    judge(&name(), &digest("app"), found, rules, state, at(NOW)).unwrap()
}

fn sequence(number: u64) -> Sequence {
    Sequence::new(number).unwrap()
}

fn stamped(mut candidate: Candidate, seconds: i64) -> Candidate {
    candidate.time = Some(TrustedTime {
        at: at(seconds),
        source: TimeSource::Log("https://log.example".to_owned()),
    });
    candidate
}

#[test]
fn nothing_that_is_said_is_not_signed() {
    let expected = TagRefusal::NotSigned {
        name: name(),
        digest: digest("app"),
    };
    assert_eq!(refused(&[], &TagRules::NONE, &State::default()), expected);
    let elsewhere = [said("other", 1, 0, 3600)];
    assert_eq!(refused(&elsewhere, &TagRules::NONE, &State::default()), expected);
    let mut another = said("app", 1, 0, 3600);
    another.statement.name = name().sibling("v2").unwrap();
    assert_eq!(refused(&[another], &TagRules::NONE, &State::default()), expected);
}

#[test]
fn the_highest_number_counts_in_any_order() {
    let mut found = [
        said("app", 2, 0, 3600),
        said("app", 3, 1, 3600),
        said("app", 1, 0, 3600),
    ];
    for _ in 0..3 {
        found.rotate_left(1);
        let fresh = accepted(&found, &TagRules::NONE, &State::default());
        assert_eq!(fresh.candidate.statement.sequence, sequence(3));
        assert_eq!(fresh.recalled, Recalled::Nothing);
    }
}

#[test]
fn one_number_with_two_statements_is_equivocation_unless_a_higher_one_settles_it() {
    let twins = [said("app", 2, 0, 3600), said("app", 2, 1, 3600)];
    let mut ids = twins.each_ref().map(|twin| twin.statement.id());
    ids.sort();
    let [one, other] = ids;
    let expected = TagRefusal::Equivocation {
        name: name(),
        sequence: sequence(2),
        one,
        other,
    };
    assert_eq!(refused(&twins, &TagRules::NONE, &State::default()), expected);
    let [first, second] = twins;
    let settled = [first.clone(), said("app", 3, 0, 3600), second];
    accepted(&settled, &TagRules::NONE, &State::default());
    let repeated = [first.clone(), first];
    accepted(&repeated, &TagRules::NONE, &State::default());
}

#[test]
fn a_statement_from_the_future_is_refused_but_for_what_clocks_differ() {
    let expected = TagRefusal::FromFuture {
        name: name(),
        sequence: sequence(1),
        issued: at(NOW + 301),
        now: at(NOW),
    };
    let found = [said("app", 1, NOW + 301, 9000)];
    assert_eq!(refused(&found, &TagRules::NONE, &State::default()), expected);
    accepted(&[said("app", 1, NOW + 300, 9000)], &TagRules::NONE, &State::default());
}

#[test]
fn an_expired_statement_is_refused_at_the_second_at_which_it_expires() {
    let expected = TagRefusal::Expired {
        name: name(),
        sequence: sequence(1),
        expires: at(NOW),
        now: at(NOW),
    };
    let found = [said("app", 1, 0, NOW)];
    assert_eq!(refused(&found, &TagRules::NONE, &State::default()), expected);
    accepted(&[said("app", 1, 0, NOW + 1)], &TagRules::NONE, &State::default());
}

/// Else whoever hides the newest statement would have an older one with a longer life believed.
#[test]
fn an_expired_statement_hides_behind_no_older_one() {
    let found = [said("app", 1, 0, 9000), said("app", 2, 0, NOW)];
    let refusal = refused(&found, &TagRules::NONE, &State::default());
    assert!(matches!(refusal, TagRefusal::Expired { .. }), "{refusal:?}");
}

#[test]
fn age_is_by_others_word_where_there_is_one_else_by_the_signers() {
    let rules = TagRules {
        max_age: Some(SignedDuration::from_secs(500)),
        ..TagRules::NONE
    };
    let stale = |time, source_of_time, age| TagRefusal::Stale {
        name: name(),
        sequence: sequence(1),
        time: at(time),
        source_of_time,
        age: SignedDuration::from_secs(age),
        limit: SignedDuration::from_secs(500),
    };
    let state = State::default();
    let young = said("app", 1, NOW - 500, 9000);
    assert_eq!(
        accepted(std::slice::from_ref(&young), &rules, &state).dated.source,
        TimeSource::Signer
    );
    let old = [said("app", 1, NOW - 501, 9000)];
    assert_eq!(refused(&old, &rules, &state), stale(NOW - 501, TimeSource::Signer, 501));
    // The signer says that it is young, the log that it is not.
    let log = TimeSource::Log("https://log.example".to_owned());
    let found = [stamped(young, NOW - 600)];
    assert_eq!(refused(&found, &rules, &state), stale(NOW - 600, log, 600));
}

#[test]
fn a_statement_that_is_valid_for_too_long_is_refused() {
    let rules = TagRules {
        max_ttl: Some(SignedDuration::from_secs(3600)),
        ..TagRules::NONE
    };
    accepted(&[said("app", 1, NOW, NOW + 3600)], &rules, &State::default());
    let expected = TagRefusal::TooLong {
        name: name(),
        sequence: sequence(1),
        length: SignedDuration::from_secs(3601),
        limit: SignedDuration::from_secs(3600),
    };
    let found = [said("app", 1, NOW, NOW + 3601)];
    assert_eq!(refused(&found, &rules, &State::default()), expected);
}

/// A stolen key can neither pre-date a statement nor make statements for later.
#[test]
fn where_time_must_be_proven_it_is_when_the_statement_says() {
    let rules = TagRules {
        timestamp: TimestampDemand::Required,
        ..TagRules::NONE
    };
    let (state, candidate) = (State::default(), said("app", 1, 100, 9000));
    let expected = TagRefusal::Undated {
        name: name(),
        sequence: sequence(1),
    };
    assert_eq!(refused(std::slice::from_ref(&candidate), &rules, &state), expected);
    for seconds in [100 - 600, 100 + 600] {
        accepted(&[stamped(candidate.clone(), seconds)], &rules, &state);
    }
    for seconds in [100 - 601, 100 + 601] {
        let expected = TagRefusal::Misdated {
            name: name(),
            sequence: sequence(1),
            issued: at(100),
            time: at(seconds),
            source_of_time: TimeSource::Log("https://log.example".to_owned()),
        };
        let found = [stamped(candidate.clone(), seconds)];
        assert_eq!(refused(&found, &rules, &state), expected);
    }
}

#[test]
fn a_lower_number_than_was_seen_is_rollback() {
    let state = seen(&said("newer", 5, 0, 3600), 500);
    let expected = TagRefusal::Rollback {
        name: name(),
        known: sequence(5),
        digest: digest("newer"),
        found: sequence(4),
    };
    let found = [said("app", 4, 0, 3600)];
    assert_eq!(refused(&found, &TagRules::NONE, &state), expected);
    let fresh = [said("app", 6, 0, 3600)];
    let recalled = Recalled::Known {
        sequence: sequence(5),
        signer: "key a".to_owned(),
    };
    assert_eq!(accepted(&fresh, &TagRules::NONE, &state).recalled, recalled);
}

/// A row is of the tag: an old statement of another signer, who is trusted too, is rollback all the same.
#[test]
fn another_signer_goes_on_counting() {
    let state = seen(&said("newer", 5, 0, 3600), 500);
    let mut found = said("app", 4, 0, 3600);
    found.signer = "key b".to_owned();
    let refusal = refused(&[found], &TagRules::NONE, &state);
    assert!(matches!(refusal, TagRefusal::Rollback { .. }), "{refusal:?}");
}

#[test]
fn the_number_that_was_seen_says_what_it_said() {
    for other in [said("newer", 5, 0, 3600), said("app", 5, 1, 3600)] {
        let state = seen(&other, 500);
        let mine = said("app", 5, 0, 3600);
        let mut ids = [mine.statement.id(), other.statement.id()];
        ids.sort();
        let [one, other] = ids;
        let expected = TagRefusal::Equivocation {
            name: name(),
            sequence: sequence(5),
            one,
            other,
        };
        assert_eq!(refused(&[mine], &TagRules::NONE, &state), expected);
    }
    let same = said("app", 5, 0, 3600);
    accepted(std::slice::from_ref(&same), &TagRules::NONE, &seen(&same, 500));
}

#[test]
fn a_clock_that_went_back_is_noticed() {
    let candidate = said("app", 5, 0, 9000);
    accepted(
        std::slice::from_ref(&candidate),
        &TagRules::NONE,
        &seen(&candidate, NOW + 300),
    );
    let expected = TagRefusal::ClockRolledBack {
        now: at(NOW),
        last: at(NOW + 301),
    };
    let state = seen(&candidate, NOW + 301);
    assert_eq!(refused(&[candidate], &TagRules::NONE, &state), expected);
}

/// What fails several checks is refused by the first.
#[test]
fn the_checks_are_made_in_their_order() {
    let state = seen(&said("newer", 5, 0, 90_000), 80_000);
    let locked = None;
    let rules = TagRules {
        max_age: Some(SignedDuration::from_secs(1)),
        max_ttl: Some(SignedDuration::from_secs(1)),
        timestamp: TimestampDemand::Required,
        locked: Some(locked),
    };
    let mut found = vec![said("app", 4, 0, NOW), said("app", 4, 1, NOW)];
    let name_of = |found: &[Candidate], rules: &TagRules<'_>, state: &State| {
        let text = format!("{:?}", refused(found, rules, state));
        text.split([' ', '{']).next().unwrap().to_owned()
    };
    let mut order = vec![name_of(&found, &rules, &state)];
    found.pop();
    order.push(name_of(&found, &rules, &state));
    found = vec![said("app", 4, 0, 90_000)];
    order.push(name_of(&found, &rules, &state));
    let mut rules = TagRules {
        timestamp: TimestampDemand::NotAsked,
        ..rules
    };
    order.push(name_of(&found, &rules, &state));
    rules.max_age = None;
    order.push(name_of(&found, &rules, &state));
    rules.max_ttl = None;
    order.push(name_of(&found, &rules, &state));
    found = vec![said("app", 6, 0, 90_000)];
    order.push(name_of(&found, &rules, &state));
    order.push(name_of(&found, &rules, &State::default()));
    assert_eq!(
        order,
        [
            "Equivocation",
            "Expired",
            "Undated",
            "Stale",
            "TooLong",
            "Rollback",
            "ClockRolledBack",
            "NotInLock"
        ]
    );
}

#[test]
fn a_lock_file_holds_the_digest_and_lets_renewals_pass() {
    let locked = |content: &str, number| Locked {
        digest: digest(content),
        sequence: sequence(number),
    };
    let found = [said("app", 4, 0, 3600)];
    let refused = |locked: Option<&Locked>| {
        let locked = Some(locked);
        let rules = TagRules {
            locked,
            ..TagRules::NONE
        };
        judge(&name(), &digest("app"), &found, &rules, &State::default(), at(NOW)).err()
    };
    assert_eq!(refused(Some(&locked("app", 4))), None);
    assert_eq!(refused(Some(&locked("app", 3))), None);
    assert_eq!(refused(None), Some(TagRefusal::NotInLock { name: name() }));
    let rollback = TagRefusal::Rollback {
        name: name(),
        known: sequence(5),
        digest: digest("app"),
        found: sequence(4),
    };
    assert_eq!(refused(Some(&locked("app", 5))), Some(rollback));
    let other = TagRefusal::NotAsLocked {
        name: name(),
        expected: digest("other"),
        locked: sequence(3),
        found: digest("app"),
        sequence: sequence(4),
    };
    assert_eq!(refused(Some(&locked("other", 3))), Some(other));
}
