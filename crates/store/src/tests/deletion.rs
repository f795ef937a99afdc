//! Deleting samples removes exactly those, wherever they are, and a backup is a complete store.

use std::sync::Arc;

use signals::time::{MILLISECOND, SECOND};
use signals::{MatchOp, Matcher, Signal};

use super::harness::*;
use crate::Deletion;

fn deletion(selectors: &[&[(&str, &str)]], first: u64, last: u64) -> Deletion {
    let equal = |(name, value): &(&str, &str)| Matcher::new(*name, MatchOp::Equal, *value).unwrap();
    let matchers = |selector: &&[(&str, &str)]| selector.iter().map(equal).collect();
    let ms = |id: u64| (NOON + id as i64 * SECOND) / MILLISECOND;
    let selectors = selectors.iter().map(matchers).collect();
    Deletion { selectors, start_ms: ms(first), end_ms: ms(last) }
}

/// What it is, the selectors, first and last id, and which ids are gone.
type Case<'a> = (&'a str, &'a [&'a [(&'a str, &'a str)]], u64, u64, fn(u64) -> bool);

#[tokio::test]
async fn deleting_removes_the_samples_of_series_and_range_and_nothing_else() {
    let shard = |n| ("shard", n);
    let cases: &[Case<'_>] = &[
        ("the middle", &[&[("__name__", "m")]], 30, 89, |id| (30..90).contains(&id)),
        ("one series", &[&[shard("1")]], 0, 200, |id| id % 3 == 1),
        ("its beginning", &[&[shard("1")]], 0, 70, |id| id % 3 == 1 && id <= 70),
        ("two series", &[&[shard("0")], &[shard("2")]], 100, 200, |id| id % 3 != 1 && id >= 100),
        ("no series", &[&[shard("0"), ("__name__", "other")]], 0, 200, |_| false),
        ("no samples", &[&[shard("0")]], 500, 600, |_| false),
        ("one that lacks the label", &[&[("zone", "")]], 0, 9, |id| id < 10),
        ("everything", &[&[]], 0, 200, |_| true),
        ("a range that ends before it starts", &[&[]], 25, 15, |_| false),
    ];
    for (what, selectors, first, last, is_gone) in cases {
        let bench = Bench::new();
        let (store, _) = bench.open().await.unwrap();
        let ids: Vec<u64> = (0..120).collect();
        let items: Vec<Item> =
            ids.iter().flat_map(|id| [span(*id), log(*id), sample(*id)]).collect();
        // Two parts and the head.
        for (i, batch) in items.chunks(120).enumerate() {
            send(&store, batch).await.unwrap();
            if i < 2 {
                store.flush().await.unwrap();
            }
        }
        store.delete(deletion(selectors, *first, *last)).await.unwrap();
        let is_left = |item: &Item| item.signal != Signal::Metrics || !is_gone(item.id);
        let left = ledger(items.into_iter().filter(is_left));
        assert_eq!(stored(&store).await, left, "{what}");
        drop(store);
        bench.files.kill();
        let (store, report) = bench.open().await.unwrap();
        assert_eq!(stored(&store).await, left, "{what}, after a restart");
        assert!(report.quarantined.is_empty(), "{what}: {report:?}");
    }
}

#[tokio::test]
async fn samples_that_come_after_a_deletion_are_stored() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    send(&store, &[sample(3), sample(6)]).await.unwrap();
    store.delete(deletion(&[&[]], 0, 10)).await.unwrap();
    assert_eq!(stored(&store).await, ledger([]));
    send(&store, &[sample(9), sample(12)]).await.unwrap();
    assert_eq!(stored(&store).await, ledger([sample(9), sample(12)]));
    store.flush().await.unwrap();
    assert_eq!(stored(&store).await, ledger([sample(9), sample(12)]));
}

#[tokio::test]
async fn a_backup_is_a_store_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |path: std::path::PathBuf| {
        let dependencies = crate::Dependencies::disk(path);
        crate::Store::open(config(), dependencies, Arc::new(crate::NoTotals)).await.unwrap()
    };
    let (store, _) = open(folder.path().join("data")).await;
    let items = [span(1), log(2), sample(3)];
    send(&store, &items).await.unwrap();
    store.flush().await.unwrap();
    send(&store, &[sample(6)]).await.unwrap();
    store.back_up("snapshots/a").await.unwrap();
    store.delete(deletion(&[&[]], 0, 10)).await.unwrap();
    store.close().await.unwrap();
    let (copy, report) = open(folder.path().join("data/snapshots/a")).await;
    assert!(report.quarantined.is_empty() && report.missing_parts.is_empty(), "{report:?}");
    assert_eq!(stored(&copy).await, ledger(items), "without what was in memory only");
    send(&copy, &[log(7)]).await.unwrap();
    copy.close().await.unwrap();
}
