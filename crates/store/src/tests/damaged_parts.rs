//! Damaged parts: the others are read and merged, and the damaged ones are kept aside.

use object_store::path::Path;
use signals::{MatchOp, Matcher, MemoryBudget, Signal};

use super::harness::*;
use crate::files::Files;
use crate::{Store, StoreError};

type Damage = fn(&mut Vec<u8>);

/// What happens to a file without changing its length.
const DAMAGES: [(&str, Damage); 3] = [
    ("the end of the footer", |bytes| {
        let end = bytes.len() - 4;
        bytes[end..].fill(b'x');
    }),
    ("the whole footer", |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle..].fill(0x5a);
    }),
    ("all pages", |bytes| {
        let middle = bytes.len() / 2;
        bytes[4..middle].fill(0x5a);
    }),
];

/// A store with two parts of each signal, and the paths of the first.
async fn two_parts(bench: &Bench) -> (Store, Vec<String>) {
    let (store, _) = bench.open().await.unwrap();
    for id in 0..2 {
        send(&store, &items(id)).await.unwrap();
        store.flush().await.unwrap();
    }
    let first = |signal: Signal| bench.files.paths(&format!("parts/{}", signal.name())).remove(0);
    (store, Signal::ALL.map(first).to_vec())
}

/// What is sent together: enough of it that pages are most of a part.
fn items(of: u64) -> Vec<Item> {
    (0..300).map(|n| 2 * n + of).flat_map(|id| [span(id), log(id), sample(id)]).collect()
}

async fn select(store: &Store) -> Result<usize, StoreError> {
    let matcher = Matcher::new("__name__", MatchOp::Equal, "m").unwrap();
    let (first, last) = (i64::MIN / 2_000_000, i64::MAX / 2_000_000);
    let memory = MemoryBudget::new("test", usize::MAX).reservation();
    Ok(store.select(&[matcher], first, last, 100, &memory).await?.len())
}

#[tokio::test]
async fn a_folder_with_damaged_parts_is_opened() {
    for (what, damage) in DAMAGES {
        let bench = Bench::new();
        let (store, first) = two_parts(&bench).await;
        drop(store);
        bench.files.kill();
        let metrics = first.iter().find(|path| path.contains("metrics")).unwrap();
        bench.files.tamper(metrics, damage);
        let (store, report) = bench.open().await.unwrap();
        // Pages of samples are not read at the start.
        if let Some(kept) = report.quarantined.first() {
            assert_eq!((&kept.source, kept.reason.as_str()), (metrics, "wrong checksum"), "{what}");
        } else {
            assert_eq!(what, "all pages");
            let error = select(&store).await.unwrap_err();
            assert!(error.to_string().contains(metrics), "{error}");
        }
        assert_eq!(store.status().quarantined, 1, "{what}");
        let rest = items(1)
            .into_iter()
            .chain(items(0).into_iter().filter(|i| i.signal != Signal::Metrics));
        assert_eq!(stored(&store).await, ledger(rest.clone()), "{what}");
        store.close().await.unwrap();
        drop(store);

        let (store, report) = bench.open().await.unwrap();
        assert_eq!((report.quarantined.len(), report.missing_parts.len()), (0, 0), "{what}");
        assert_eq!(stored(&store).await, ledger(rest), "{what}");
    }
}

#[tokio::test]
async fn a_part_that_is_damaged_while_the_store_runs_fails_one_read_and_is_put_aside() {
    let bench = Bench::new();
    let (store, first) = two_parts(&bench).await;
    let bytes: Vec<_> = first
        .iter()
        .map(|path| crate::files::read_all(&bench.files, path, 1 << 20).unwrap())
        .collect();
    for path in &first {
        bench.files.tamper(path, |bytes| DAMAGES[2].1(bytes));
    }
    assert_eq!(select(&store).await.unwrap_err().to_string().matches("parts/metrics").count(), 1);
    assert_eq!(select(&store).await.unwrap(), 3);
    let paths: Vec<Path> = first.iter().map(|path| Path::from(path.as_str())).collect();
    assert_eq!(store.verify(&paths).await.unwrap().len(), 2, "metrics are aside already");
    assert_eq!(stored(&store).await, ledger(items(1)));
    assert_eq!(store.status().quarantined, 3);
    let kept = bench.files.paths("quarantine/");
    assert_eq!(kept.len(), 6, "{kept:?}");
    let lengths = |paths: &mut dyn Iterator<Item = usize>| {
        let mut lengths: Vec<usize> = paths.collect();
        lengths.sort_unstable();
        lengths
    };
    let is_kept = |path: &&String| !path.contains(".json");
    let found = kept.iter().filter(is_kept).map(|p| bench.files.stat(p).unwrap().bytes as usize);
    assert_eq!(lengths(&mut { found }), lengths(&mut bytes.iter().map(Vec::len)));
    // Parts that are as they were stay.
    let parts: Vec<Path> = bench.files.paths("parts/").into_iter().map(Path::from).collect();
    assert_eq!(store.verify(&parts).await.unwrap(), []);
}

#[tokio::test]
async fn a_merge_does_without_damaged_parts() {
    for (what, damage) in DAMAGES {
        let bench = Bench::new();
        let (store, first) = two_parts(&bench).await;
        for path in &first {
            bench.files.tamper(path, damage);
        }
        store.maintain().await.unwrap();
        assert_eq!(store.status().quarantined, 3, "{what}");
        send(&store, &items(2_000)).await.unwrap();
        store.flush().await.unwrap();
        store.maintain().await.unwrap();
        let status = store.status();
        assert_eq!(
            (status.spans.parts, status.logs.parts, status.metrics.parts),
            (1, 1, 1),
            "{what}"
        );
        assert_eq!(stored(&store).await, ledger([items(1), items(2_000)].concat()), "{what}");
    }
}

#[tokio::test]
async fn a_part_that_vanishes_while_the_store_runs_is_counted_and_the_rest_is_read() {
    let bench = Bench::new();
    let (store, first) = two_parts(&bench).await;
    let metrics = first.iter().find(|path| path.contains("metrics")).unwrap();
    bench.files.remove(metrics).unwrap();
    assert!(select(&store).await.unwrap_err().to_string().contains(metrics));
    assert_eq!(select(&store).await.unwrap(), 3);
    assert_eq!((store.status().missing_parts, store.status().quarantined), (1, 0));
}

#[tokio::test]
async fn spans_are_flushed_beside_a_damaged_part() {
    for (what, damage) in DAMAGES {
        let bench = Bench::new();
        let (store, first) = two_parts(&bench).await;
        let spans = first.iter().find(|path| path.contains("spans")).unwrap();
        bench.files.tamper(spans, damage);
        send(&store, &items(0)).await.unwrap();
        store.flush().await.unwrap();
        assert_eq!(store.verify(&[Path::from(spans.as_str())]).await.unwrap().len(), 1, "{what}");
        let stored = stored(&store).await;
        assert!(
            items(0).iter().filter(|i| i.signal == Signal::Spans).all(|i| stored[i] == 1),
            "{what}"
        );
    }
}
