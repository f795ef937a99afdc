//! Corruption: any file may have any content. The store starts, answers with what is in other
//! files, and reports what is missing, also after the next start.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path as FilePath;
use std::sync::Arc;

use futures::FutureExt;
use object_store::path::Path;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use signals::Signal;
use signals::time::ManualClock;

use super::harness::*;
use crate::files::Files;
use crate::tests::sim_files::SimFiles;
use crate::{Dependencies, NoTotals, RecoveryReport, Store};

/// A folder with parts that were flushed and merged, and a log of several segments; and which file
/// holds which items.
async fn folder() -> (Bench, BTreeMap<String, Vec<Item>>) {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let batch = |of: u64| {
        (0..40).flat_map(move |n| [span(100 * of + n), log(100 * of + n), sample(100 * of + n)])
    };
    for of in 0..5 {
        send(&store, &batch(of).collect::<Vec<_>>()).await.unwrap();
        store.flush().await.unwrap();
        if of == 2 {
            store.maintain().await.unwrap();
        }
    }
    let mut held = BTreeMap::new();
    for signal in Signal::ALL {
        for part in store.inner.state.parts(signal, EVERYTHING) {
            let mut items: Vec<Item> = (0..5).flat_map(batch).collect();
            items.retain(|item| {
                item.signal == signal && (part.min_time..=part.max_time).contains(&item.time)
            });
            held.insert(part.path.to_string(), items);
        }
    }
    for of in 5..9 {
        let items: Vec<Item> = batch(of).collect();
        for items in items.chunks(15) {
            send(&store, items).await.unwrap();
        }
        let segment = bench.segments().pop().unwrap();
        held.insert(segment, items);
        if of < 8 {
            store.inner.log().unwrap().rotate().await.unwrap();
        }
    }
    drop(store);
    bench.files.kill();
    (bench, held)
}

#[derive(Debug)]
enum Corruption {
    Flips(Vec<(usize, u8)>),
    Zeros(std::ops::Range<usize>),
    Truncated(usize),
    Gone,
}

impl Corruption {
    fn random(random: &mut StdRng, length: usize) -> Self {
        let place = random.random_range(0..length.max(1));
        match random.random_range(0..6) {
            0..=2 => {
                let flip = |random: &mut StdRng| {
                    (random.random_range(0..length.max(1)), 1 << random.random_range(0..8))
                };
                Self::Flips((0..random.random_range(1..4)).map(|_| flip(random)).collect())
            }
            3 => Self::Zeros(place..random.random_range(place..=length)),
            4 => Self::Truncated(if random.random_ratio(1, 4) { 0 } else { place }),
            _ => Self::Gone,
        }
    }

    fn apply(&self, files: &SimFiles, path: &str) {
        match self {
            Self::Flips(flips) => files.tamper(path, |bytes| {
                for (place, bit) in flips {
                    if let Some(byte) = bytes.get_mut(*place) {
                        *byte ^= bit;
                    }
                }
            }),
            Self::Zeros(range) => files.tamper(path, |bytes| {
                let end = range.end.min(bytes.len());
                bytes[range.start.min(end)..end].fill(0);
            }),
            Self::Truncated(length) => files.tamper(path, |bytes| bytes.truncate(*length)),
            Self::Gone => files.remove(path).unwrap(),
        }
    }
}

/// What readers get, once parts were verified.
async fn answered(store: &Store) -> Ledger {
    for signal in Signal::ALL {
        let parts = store.inner.state.parts(signal, EVERYTHING);
        let parts: Vec<Path> = parts.iter().map(|part| part.path.clone()).collect();
        store.inner.verifier.verify(&parts).await.unwrap();
    }
    stored(store).await
}

fn is_reported(store: &Store, report: &RecoveryReport, signal: Signal) -> bool {
    !store.warnings(signal, EVERYTHING).is_empty() || report.torn_tail_bytes > 0
}

async fn check(bench: &Bench, held: &BTreeMap<String, Vec<Item>>, path: &str, context: &str) {
    let (store, report) = bench.open().await.unwrap_or_else(|error| panic!("{context}: {error}"));
    let found = answered(&store).await;
    for item in held.iter().filter(|(file, _)| *file != path).flat_map(|(_, items)| items) {
        assert_eq!(found.get(item), Some(&1), "{context}: {item:?} of another file\n{report:?}");
    }
    let all: Vec<&Item> = held.values().flatten().collect();
    for (item, count) in &found {
        assert!(all.contains(&item) && *count == 1, "{context}: {item:?} × {count}");
    }
    let lost: Vec<&&Item> = all.iter().filter(|item| !found.contains_key(**item)).collect();
    // A last segment that was cut at the end of a record is as a log that ended there.
    let is_at_record_end = report.quarantined.is_empty()
        && held.keys().rev().find(|file| file.starts_with("wal")).is_some_and(|last| last == path);
    for item in &lost {
        assert!(
            is_reported(&store, &report, item.signal) || is_at_record_end,
            "{context}: nothing tells of {item:?} and {} others\n{report:?}",
            lost.len()
        );
    }
    // What was quarantined stays so, and is still reported.
    let warned = Signal::ALL.map(|signal| store.warnings(signal, EVERYTHING));
    store.close().await.unwrap();
    drop(store);
    let (store, report) = bench.open().await.unwrap_or_else(|error| panic!("{context}: {error}"));
    // Parts that a damaged one had replaced may still be there, and are listed again.
    let again = answered(&store).await;
    assert!(found.keys().all(|item| again.contains_key(item)), "{context}, second start");
    let is_sound = |(item, count): (&Item, &usize)| all.contains(&item) && *count == 1;
    assert!(again.iter().all(is_sound), "{context}, second start");
    assert_eq!(report.quarantined, [], "{context}, second start");
    assert_eq!(Signal::ALL.map(|signal| store.warnings(signal, EVERYTHING)), warned, "{context}");
}

async fn corrupt_files(seed: u64, count: u64) {
    let (bench, held) = folder().await;
    let paths = bench.files.paths("");
    let mut failed = Vec::new();
    for number in 0..count {
        let mut random = StdRng::seed_from_u64(seed + number);
        let path = &paths[random.random_range(0..paths.len())];
        let length = bench.files.stat(path).unwrap().bytes as usize;
        let corruption = Corruption::random(&mut random, length);
        let files = bench.files.fork();
        corruption.apply(&files, path);
        let damaged =
            Bench { files, clock: Arc::clone(&bench.clock), config: bench.config.clone() };
        let context = format!("seed {}: {path}, {length} bytes: {corruption:?}", seed + number);
        let outcome = AssertUnwindSafe(check(&damaged, &held, path, &context)).catch_unwind();
        if outcome.await.is_err() {
            failed.push(context);
        }
    }
    assert!(failed.is_empty(), "{} of {count} failed:\n{}", failed.len(), failed.join("\n"));
}

#[tokio::test]
async fn a_damaged_file_costs_only_its_own_rows_and_that_is_told() {
    // 1071: a part that a merge has replaced, whose footer is not UTF-8 any more.
    corrupt_files(1071, 1).await;
    corrupt_files(1, 40).await;
}

/// `GLASSHOUSE_ROT_COUNT` and `GLASSHOUSE_ROT_SEED` choose which.
#[tokio::test]
#[ignore = "takes minutes"]
async fn a_thousand_damaged_files_cost_only_their_own_rows_and_that_is_told() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = variable("GLASSHOUSE_ROT_SEED").unwrap_or(1_000);
    corrupt_files(seed, variable("GLASSHOUSE_ROT_COUNT").unwrap_or(1_000)).await;
}

#[tokio::test]
async fn a_bit_that_changes_in_a_page_is_found_though_nobody_reads_it() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    send(&store, &[span(1), log(1), sample(1)]).await.unwrap();
    store.flush().await.unwrap();
    let parts = bench.files.paths("parts/");
    for path in &parts {
        bench.files.tamper(path, |bytes| bytes[20] ^= 1);
    }
    store.maintain().await.unwrap();
    assert_eq!(store.status().quarantined, parts.len() as u64);
    assert_eq!(stored(&store).await, ledger([]));
}

async fn open(folder: &FilePath) -> (Store, RecoveryReport) {
    let mut dependencies = Dependencies::disk(folder);
    dependencies.clock = Arc::new(ManualClock::at(NOON));
    Store::open(config(), dependencies, Arc::new(NoTotals)).await.unwrap()
}

/// The first file or folder below `folder` that ends in `end`.
fn find(folder: &FilePath, end: &str) -> std::path::PathBuf {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let is_it = |path: &&std::path::PathBuf| path.to_str().unwrap().ends_with(end);
    entries.iter().find(is_it).unwrap().clone()
}

#[tokio::test]
async fn a_file_in_place_of_a_folder_and_a_folder_in_place_of_a_file_are_put_aside() {
    let day = "2026-11-20";
    for (what, under, end) in [
        ("the identity", "", "identity.json"),
        ("the lock", "", "lock"),
        ("the log", "", "wal"),
        ("the manifests", "", "manifest"),
        ("the parts", "", "parts"),
        ("what is being written", "", "objects-in-progress"),
        ("the parts of a signal", "parts", "logs"),
        ("the manifests of a signal", "manifest", "spans"),
        ("the manifests of a day", "manifest/metrics", day),
        ("the parts of a day", "parts/metrics", day),
        ("a manifest", "manifest/logs/2026-11-20", ".json"),
        ("a part", "parts/spans/2026-11-20", ".parquet"),
        ("a segment", "wal", ".log"),
        ("the list of segments", "wal", "segments.json"),
        ("quarantine", "", "quarantine"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = open(folder.path()).await;
        send(&store, &[span(1), log(1), sample(1)]).await.unwrap();
        store.flush().await.unwrap();
        drop(store);
        std::fs::create_dir_all(folder.path().join("quarantine/x")).unwrap();
        let path = find(&folder.path().join(under), end);
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap();
            std::fs::write(&path, b"not a folder").unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
            std::fs::create_dir_all(path.join("folder")).unwrap();
        }
        let (store, report) = open(folder.path()).await;
        let is_reported = !report.quarantined.is_empty() || !report.missing_parts.is_empty();
        assert!(is_reported || what == "quarantine", "{what}: {report:?}");
        send(&store, &[span(2), log(2), sample(2)]).await.unwrap();
        store.flush().await.unwrap();
        let found = stored(&store).await;
        assert!([span(2), log(2), sample(2)].iter().all(|item| found[item] == 1), "{what}");
        let lost = [span(1), log(1), sample(1)].iter().filter(|i| !found.contains_key(i)).count();
        assert!(lost <= if end == "parts" { 3 } else { 1 }, "{what}: {lost}");
        store.close().await.unwrap();
        drop(store);
        let (store, report) = open(folder.path()).await;
        assert_eq!(report.quarantined, [], "{what}");
        assert_eq!(stored(&store).await, found, "{what}");
    }
}

#[tokio::test]
async fn a_log_that_is_gone_or_emptied_is_told_until_somebody_has_seen_it() {
    type Damage = fn(&SimFiles, &[String]);
    let damages: [(&str, Damage, usize); 4] = [
        ("the last segment is gone", |files, log| files.remove(log.last().unwrap()).unwrap(), 1),
        ("the first segment is gone", |files, log| files.remove(&log[0]).unwrap(), 1),
        ("it is emptied", |files, log| files.tamper(log.last().unwrap(), Vec::clear), 1),
        (
            "all of it is gone",
            |files, log| {
                for path in log {
                    files.remove(path).unwrap();
                }
                files.remove("wal/segments.json").unwrap();
            },
            1,
        ),
    ];
    for (what, damage, segments_lost) in damages {
        let bench = Bench::new();
        let (store, _) = bench.open().await.unwrap();
        for id in 0..3 {
            send(&store, &[log(id)]).await.unwrap();
            store.inner.log().unwrap().rotate().await.unwrap();
        }
        send(&store, &[log(3)]).await.unwrap();
        drop(store);
        bench.files.kill();
        damage(&bench.files, &bench.segments());
        for start in 0..2 {
            let (store, report) = bench.open().await.unwrap();
            let expected = if start == 0 { segments_lost } else { 0 };
            assert_eq!(report.missing_segments.len(), expected, "{what}: {report:?}");
            assert_eq!(store.status().missing_segments, expected as u64, "{what}");
            let now = crate::TimeRange { start: NOON, end: NOON + 1 };
            let warnings = store.snapshot(Signal::Logs, now).await.unwrap().warnings;
            assert_eq!(warnings.len(), 1, "{what}: {warnings:?}");
            assert!(warnings[0].contains("wal"), "{what}: {warnings:?}");
            let before = crate::TimeRange { start: NOON - 10, end: NOON };
            let is_bounded = store.warnings(Signal::Logs, before).is_empty();
            assert!(is_bounded || what == "all of it is gone", "{what}");
            store.close().await.unwrap();
        }
    }
}
