//! Setting, expiring and removing silences, as `silence/silence_test.go` of Alertmanager does.

use std::collections::BTreeMap;

use super::*;
use crate::silence::WrittenMatcher;

const NOW: Timestamp = 1_000 * SECOND;
const SECOND: i64 = signals::time::SECOND;

fn record(id: &str, start: i64, end: i64, value: &str) -> SilenceRecord {
    let matcher = WrittenMatcher {
        name: "a".to_owned(),
        value: value.to_owned(),
        is_regex: false,
        is_equal: true,
    };
    SilenceRecord {
        id: id.to_owned(),
        matchers: vec![matcher],
        starts_at: start * SECOND,
        ends_at: end * SECOND,
        updated_at: 0,
        created_by: String::new(),
        comment: String::new(),
        annotations: BTreeMap::new(),
    }
}

/// The times of a silence, in seconds.
fn times(silences: &Silences, id: &str) -> (i64, i64) {
    let record = &silences.get(id).unwrap().record;
    (record.starts_at / SECOND, record.ends_at / SECOND)
}

#[test]
fn a_change_is_made_in_place_unless_it_alters_the_past() {
    // Start and end of the silence and of the change; its value; start and end after the change, and
    // of the new silence if there is one.
    for (before, change, value, after, new) in [
        // Active: a new end.
        ((900, 2_000), (900, 3_000), "b", (900, 3_000), None),
        ((900, 2_000), (900, 1_000), "b", (900, 1_000), None),
        // Active: another start, another matcher, an end in the past.
        ((900, 2_000), (950, 2_000), "b", (900, 1_000), Some((1_000, 2_000))),
        ((900, 2_000), (900, 2_000), "c", (900, 1_000), Some((1_000, 2_000))),
        // Pending: any start from now on.
        ((1_500, 2_000), (1_000, 3_000), "b", (1_000, 3_000), None),
        ((1_500, 2_000), (1_700, 3_000), "b", (1_700, 3_000), None),
        ((1_500, 2_000), (999, 3_000), "b", (1_000, 1_000), Some((1_000, 3_000))),
        ((1_500, 2_000), (1_500, 2_000), "c", (1_000, 1_000), Some((1_500, 2_000))),
        // Expired.
        ((100, 200), (100, 2_000), "b", (100, 200), Some((1_000, 2_000))),
    ] {
        let (mut silences, limits) = (Silences::default(), Limits::default());
        silences.restore(record("old", before.0, before.1, "b"), &limits, NOW).unwrap();
        let change = record("old", change.0, change.1, value);
        let set = silences.set(change, "new".to_owned(), &limits, NOW).unwrap();
        assert_eq!(set.id, if new.is_some() { "new" } else { "old" });
        assert_eq!(times(&silences, "old"), after);
        assert_eq!(silences.get("new").is_some(), new.is_some());
        if let Some(new) = new {
            assert_eq!(times(&silences, "new"), new);
        }
        // The past does not change where a silence had ended before.
        let changed = usize::from(times(&silences, "old") != before) + usize::from(new.is_some());
        assert_eq!(set.changed.len(), changed.max(1));
    }
}

#[test]
fn an_unknown_id_is_not_found() {
    let (mut silences, limits) = (Silences::default(), Limits::default());
    let set = silences.set(record("x", 0, 2_000, "b"), "new".to_owned(), &limits, NOW);
    assert_eq!(set.map(|set| set.id), Err(SilenceError::NotFound));
    assert_eq!(silences.expire("x", NOW), Err(SilenceError::NotFound));
}

#[test]
fn expiring_ends_a_silence_once() {
    let (mut silences, limits) = (Silences::default(), Limits::default());
    for (id, start, end) in [("active", 0, 2_000), ("pending", 1_500, 2_000), ("expired", 0, 999)] {
        silences.restore(record(id, start, end, "b"), &limits, NOW).unwrap();
    }
    for (id, after) in [("active", (0, 1_000)), ("pending", (1_000, 1_000)), ("expired", (0, 999))]
    {
        assert_eq!(silences.expire(id, NOW).unwrap().is_some(), id != "expired");
        assert_eq!(silences.expire(id, NOW), Ok(None));
        assert_eq!(times(&silences, id), after);
        assert_eq!(silences.get(id).unwrap().record.state(NOW), SilenceState::Expired);
    }
}

#[test]
fn limits_hold_for_new_silences_only() {
    let limits = Limits { silences: 1, silence_bytes: 300, ..Limits::default() };
    let mut silences = Silences::default();
    let mut set = |id: &str, new_id: &str, comment: &str| {
        let mut record = record(id, 1_100, 2_000, "b");
        comment.clone_into(&mut record.comment);
        let set = silences.set(record, new_id.to_owned(), &limits, NOW);
        set.map(|set| set.id).map_err(|error| error.to_string())
    };
    assert_eq!(set("", "one", ""), Ok("one".to_owned()));
    assert_eq!(set("one", "two", "changed"), Ok("one".to_owned()));
    let error = set("", "two", "").unwrap_err();
    assert_eq!(error, "exceeded maximum number of silences: 1 (limit: 1)");
    let error = set("one", "", &"x".repeat(300)).unwrap_err();
    assert!(error.starts_with("silence exceeded maximum size: "), "{error}");
    assert!(error.ends_with(" bytes (limit: 300 bytes)"), "{error}");
}

#[test]
fn silences_are_removed_after_their_retention() {
    let mut silences = Silences::default();
    let limits = Limits { retention: std::time::Duration::from_secs(100), ..Limits::default() };
    for (id, end) in [("old", 900), ("recent", 901), ("active", 5_000)] {
        silences.restore(record(id, 0, end, "b"), &Limits::default(), NOW).unwrap();
    }
    silences.remove_old(&limits, NOW);
    let left: Vec<&str> = silences.iter().map(|silence| &*silence.record.id).collect();
    assert_eq!(left, ["recent", "active"]);
    assert!(silences.get("old").is_none());
    silences.restore(record("older", 0, 800, "b"), &limits, NOW).unwrap();
    assert!(silences.get("older").is_none());
}

#[test]
fn the_active_silences_that_match_mute() {
    let (mut silences, limits) = (Silences::default(), Limits::default());
    for (id, start, end, value) in [
        ("two", 0, 2_000, "b"),
        ("pending", 1_001, 2_000, "b"),
        ("expired", 0, 1_000, "b"),
        ("other", 0, 2_000, "c"),
        ("one", 1_000, 2_000, "b"),
    ] {
        silences.restore(record(id, start, end, value), &limits, NOW).unwrap();
    }
    let active = silences.active(NOW);
    let labels = Labels::from_pairs([("a", "b"), ("x", "y")]);
    assert_eq!(active.muting(&labels), ["two", "one"]);
    assert!(active.mutes(&labels) && !active.mutes(&Labels::empty()));
}
