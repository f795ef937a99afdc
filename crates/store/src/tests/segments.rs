//! Segments of the write-ahead log that are closed because they are full.

use super::harness::*;

#[tokio::test]
async fn a_full_segment_is_closed_and_all_are_replayed_and_released() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 4096;
    let (store, _) = bench.open().await.unwrap();
    let items: Vec<Item> = (0..400).flat_map(|id| [span(id), log(id), sample(id)]).collect();
    for items in items.chunks(3) {
        send(&store, items).await.unwrap();
    }
    let full = bench.segments().len();
    assert!(full >= 4, "{full} segments");
    for path in bench.segments() {
        let bytes = crate::files::Files::stat(&bench.files, &path).unwrap().bytes;
        assert!(bytes < 2 * 4096, "{path} has {bytes} bytes");
    }
    drop(store);
    bench.files.kill();

    let (store, report) = bench.open().await.unwrap();
    // Each segment defines the three series that it refers to.
    assert_eq!((report.segments, report.records), (full as u64, 400 + 3 * full as u64));
    assert_eq!((report.gaps.len(), report.quarantined.len()), (0, 0));
    assert_eq!(stored(&store).await, ledger(items.clone()));
    store.flush().await.unwrap();
    assert!(bench.segments().len() <= 1, "{:?}", bench.files.paths("wal/"));
    assert_eq!(stored(&store).await, ledger(items.clone()));
    drop(store);
    bench.files.kill();

    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report.records, 0, "what is in parts is not replayed");
    assert_eq!(stored(&store).await, ledger(items));
}
