//! What was saved when the process was killed decides what is sent again.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use adopt::Files;
use adopt::alertmanager::load;
use notify::Sent;
use proptest::prelude::*;
use signals::time::SECOND;

use super::*;
use crate::api::{ApiTime, LabelSet, Matcher, PostableSilence};

const START: Timestamp = 1_787_400_000 * SECOND;

struct Memory;

impl Files for Memory {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        let text = "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 5s}\n\
                    receivers: [{name: r, webhook_configs: [{url: http://a}]}]\n";
        Ok(text.into())
    }

    fn names(&self, _: &Path) -> io::Result<Vec<OsString>> {
        Ok(Vec::new())
    }

    fn exists(&self, _: &Path) -> bool {
        false
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn alertmanager(now: Timestamp) -> Alertmanager {
    let configuration = Configuration {
        config: Arc::new(load(Path::new("alertmanager.yml"), &Memory).unwrap()),
        templates: Arc::new(Templates::default()),
        external_url: String::new(),
    };
    let mut alertmanager = Alertmanager::new(configuration, Limits::default(), now);
    alertmanager.save_changes();
    alertmanager
}

fn alert(name: usize) -> PostableAlert {
    let labels: LabelSet = [("alertname".to_owned(), name.to_string())].into();
    PostableAlert { labels: Some(labels), ..PostableAlert::default() }
}

fn silence(name: usize, now: Timestamp) -> PostableSilence {
    let (name, value) = ("alertname".to_owned(), name.to_string());
    PostableSilence {
        matchers: Some(vec![Matcher { is_equal: true, is_regex: false, name, value }]),
        starts_at: Some(ApiTime(now)),
        ends_at: Some(ApiTime(now + 1_000 * SECOND)),
        created_by: Some(String::new()),
        comment: Some(String::new()),
        ..PostableSilence::default()
    }
}

/// The records of all lines.
fn records(lines: &[u8]) -> Vec<Record> {
    let lines = lines.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| Record::decode(&line[..line.len() - 1]).unwrap().unwrap()).collect()
}

/// Posts alerts of these names and lets time pass. Returns the names that were sent.
fn run(alertmanager: &mut Alertmanager, names: &[usize], now: &mut Timestamp) -> Vec<usize> {
    alertmanager.receive(names.iter().map(|name| alert(*name)).collect(), *now);
    let mut sent = Vec::new();
    for _ in 0..10 {
        *now += SECOND;
        for dispatch in alertmanager.advance(*now) {
            let name = &dispatch.notification.group_labels["alertname"];
            sent.push(name.parse().unwrap());
            let outcome =
                Outcome { result: Ok(Sent::default()), attempts: 1, duration: Duration::ZERO };
            alertmanager.finished(dispatch.id, outcome, *now);
        }
    }
    sent
}

proptest! {
    #[test]
    fn a_process_killed_after_any_record_repeats_only_what_was_not_saved(
        silenced in prop::collection::btree_set(0_usize..8, 0..4),
        kept in any::<prop::sample::Index>(),
    ) {
        let (mut now, names) = (START, (0..8).collect::<Vec<_>>());
        let mut first = alertmanager(now);
        for name in &silenced {
            first.set_silence(silence(*name, now), format!("id {name}"), now).unwrap();
        }
        let sent = run(&mut first, &names, &mut now);
        let expected: Vec<usize> =
            names.iter().filter(|name| !silenced.contains(name)).copied().collect();
        prop_assert_eq!(&sent, &expected);
        let saved = records(&first.take_unsaved().lines);
        prop_assert_eq!(saved.len(), names.len());
        let kept = kept.index(saved.len() + 1);

        let mut second = alertmanager(now);
        for record in &saved[..kept] {
            second.restore(record.clone(), now).unwrap();
        }
        let sent_again = run(&mut second, &names, &mut now);
        let is_saved = |name: &usize| saved[..kept].iter().any(|record| match record {
            Record::Silence(record) => record.id == format!("id {name}"),
            Record::Notified(entry) => entry.key.contains(&format!("\"{name}\"")),
        });
        let expected: Vec<usize> =
            names.iter().filter(|name| !is_saved(name)).copied().collect();
        prop_assert_eq!(sent_again, expected);

        // A snapshot says the same as all records.
        let mut third = alertmanager(now);
        for record in records(&second.snapshot().bytes) {
            third.restore(record, now).unwrap();
        }
        prop_assert!(run(&mut third, &names, &mut now).is_empty());
    }
}
