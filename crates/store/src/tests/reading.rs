//! What is written is read, whether it is in memory or in parts.

use signals::time::DAY;

use super::harness::*;

#[tokio::test]
async fn what_is_acknowledged_is_visible_and_stays_the_same_through_flush_and_restart() {
    let bench = Bench::new();
    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report, crate::RecoveryReport::default());
    let items: Vec<Item> = (0..50).flat_map(|id| [span(id), log(id), sample(id)]).collect();
    for items in items.chunks(3) {
        send(&store, items).await.unwrap();
    }
    let expected = ledger(items);
    assert_eq!(stored(&store).await, expected);
    store.flush().await.unwrap();
    assert_eq!(stored(&store).await, expected);
    assert_eq!(store.status().spans.part_rows, 50);
    assert_eq!(store.status().spans.head_rows, 0);
    store.close().await.unwrap();
    drop(store);
    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report.records, 0);
    assert_eq!(stored(&store).await, expected);
}

#[tokio::test]
async fn rows_of_several_days_go_to_a_part_for_each_day() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let items: Vec<Item> =
        (0..9).map(|id| Item { time: NOON + (id as i64 - 4) * DAY, ..span(id) }).collect();
    send(&store, &items).await.unwrap();
    store.flush().await.unwrap();
    assert_eq!(store.status().spans.parts, 9);
    assert_eq!(stored(&store).await, ledger(items));
    let one_day = crate::TimeRange { start: NOON, end: NOON + 1 };
    assert_eq!(store.snapshot(signals::Signal::Spans, one_day).await.unwrap().parts.len(), 1);
}

#[tokio::test]
async fn many_one_row_requests_become_few_batches() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let items: Vec<Item> = (0..2_000).map(log).collect();
    for item in &items {
        send(&store, std::slice::from_ref(item)).await.unwrap();
    }
    // The last group is put together after it was answered.
    store.inner.state.consolidate().unwrap();
    let head = store.snapshot(signals::Signal::Logs, EVERYTHING).await.unwrap().head;
    assert!(head.len() < 64, "{} batches", head.len());
    assert_eq!(stored(&store).await, ledger(items));
}

#[tokio::test]
async fn a_second_store_on_a_folder_is_refused_with_the_folder_and_the_process() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let error = bench.open().await.unwrap_err();
    assert!(matches!(error, crate::StoreError::Locked(_)), "{error:?}");
    assert!(error.to_string().contains("memory is in use by process 1"), "{error}");
    store.close().await.unwrap();
    bench.open().await.unwrap();
}

#[tokio::test]
async fn a_store_on_a_real_disk_keeps_what_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let dependencies = crate::Dependencies::disk(folder.path());
        crate::Store::open(config(), dependencies, std::sync::Arc::new(crate::NoTotals))
    };
    let (store, _) = open().await.unwrap();
    send(&store, &[span(1), log(2)]).await.unwrap();
    let error = open().await.unwrap_err();
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    drop(store);
    let (store, report) = open().await.unwrap();
    assert_eq!(report.records, 1);
    store.flush().await.unwrap();
    send(&store, &[span(3)]).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let (store, _) = open().await.unwrap();
    assert_eq!(stored(&store).await, ledger([span(1), log(2), span(3)]));
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_one_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    std::fs::write(&path, "a file").unwrap();
    let dependencies = crate::Dependencies::disk(&path);
    let opened =
        crate::Store::open(config(), dependencies, std::sync::Arc::new(crate::NoTotals)).await;
    let error = opened.unwrap_err().to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
}
