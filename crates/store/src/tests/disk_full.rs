//! A disk without room: nothing is acknowledged that is not stored, and it goes on by itself.

use std::io;
use std::time::Duration;

use signals::MemoryBudget;

use super::harness::*;
use crate::StoreError;
use crate::tests::sim_files::Fault;

#[tokio::test]
async fn a_full_disk_refuses_and_takes_again_when_there_is_room() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let mut acknowledged = vec![log(0)];
    send(&store, &[log(0)]).await.unwrap();
    // Room for half a record: the write fails in the middle.
    bench.files.set_capacity(Some(bench.files.used() + 20));
    for id in 1..4 {
        let error = send(&store, &[log(id)]).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    assert_eq!(stored(&store).await, ledger(acknowledged.clone()));
    assert_eq!(store.status().fatal, None);
    bench.files.set_capacity(None);
    for id in 4..8 {
        send(&store, &[log(id)]).await.unwrap();
        acknowledged.push(log(id));
    }
    drop(store);
    bench.files.lose_power(1);
    let (store, report) = bench.open().await.unwrap();
    assert_eq!((report.torn_tail_bytes, report.gaps.len(), report.quarantined.len()), (0, 0, 0));
    assert_eq!(stored(&store).await, ledger(acknowledged));
}

#[tokio::test]
async fn ingest_stops_below_the_watermark_and_goes_on_by_itself() {
    let mut bench = Bench::new();
    bench.config.free_bytes_min = 1 << 20;
    let (store, _) = bench.open().await.unwrap();
    send(&store, &[log(1)]).await.unwrap();
    bench.files.set_capacity(Some(bench.files.used() + (1 << 19)));
    bench.clock.advance(Duration::from_secs(1));
    let error = send(&store, &[log(2)]).await.unwrap_err();
    assert!(error.to_string().contains("free bytes"), "{error}");
    assert!(store.status().is_disk_low);
    // Parts are still written: that is what makes room.
    store.flush().await.unwrap();
    bench.files.set_capacity(Some(bench.files.used() + (2 << 20)));
    bench.clock.advance(Duration::from_secs(1));
    send(&store, &[log(2)]).await.unwrap();
    assert_eq!(stored(&store).await, ledger([log(1), log(2)]));
}

#[tokio::test]
async fn a_flush_that_finds_no_room_is_made_up_for_later() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let items = [span(1), log(2)];
    send(&store, &items).await.unwrap();
    let room = bench.files.used() + 64;
    for more in [0, 200, 2_000, 4_000] {
        bench.files.set_capacity(Some(room + more));
        store.flush().await.unwrap_err();
        assert_eq!(stored(&store).await, ledger(items));
    }
    bench.files.set_capacity(None);
    send(&store, &[span(3)]).await.unwrap();
    store.flush().await.unwrap();
    let expected = ledger([span(1), log(2), span(3)]);
    assert_eq!(stored(&store).await, expected);
    assert_eq!(store.status().spans.head_rows, 0);
    drop(store);
    bench.files.kill();
    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report.records, 0);
    assert_eq!(stored(&store).await, expected);
}

#[tokio::test]
async fn a_store_opens_on_a_full_disk_and_can_be_read() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    send(&store, &[span(1)]).await.unwrap();
    store.flush().await.unwrap();
    send(&store, &[span(2)]).await.unwrap();
    drop(store);
    bench.files.kill();
    bench.files.set_capacity(Some(bench.files.used()));
    let (store, _) = bench.open().await.unwrap();
    assert_eq!(stored(&store).await, ledger([span(1), span(2)]));
    assert!(matches!(send(&store, &[span(3)]).await, Err(StoreError::Unavailable(_))));
    bench.files.set_capacity(None);
    send(&store, &[span(3)]).await.unwrap();
    assert_eq!(stored(&store).await, ledger([span(1), span(2), span(3)]));
}

#[tokio::test]
async fn the_first_failed_sync_ends_acknowledging_for_ever() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    send(&store, &[log(1)]).await.unwrap();
    // A record is a write and a sync.
    bench.files.fail_at(2, Fault::Error(io::ErrorKind::Other));
    assert!(matches!(send(&store, &[log(2)]).await, Err(StoreError::Unavailable(_))));
    for id in 3..6 {
        let error = send(&store, &[log(id)]).await.unwrap_err();
        assert!(error.to_string().contains("write-ahead log failed"), "{error}");
    }
    assert!(store.fatal().unwrap().borrow().is_some());
    assert!(store.status().fatal.is_some());
    assert_eq!(stored(&store).await, ledger([log(1)]), "what is stored stays readable");
}

#[tokio::test]
async fn requests_that_wait_are_bounded_in_bytes() {
    let mut bench = Bench::new();
    bench.config.memory.queue = MemoryBudget::new("the write-ahead queue", 500_000);
    let (store, _) = bench.open().await.unwrap();
    let sent: Vec<Item> = (0..200).map(log).collect();
    let answers =
        futures::future::join_all(sent.iter().map(|item| send(&store, std::slice::from_ref(item))))
            .await;
    let acknowledged = sent.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
    let acknowledged: Vec<Item> = acknowledged.map(|(item, _)| *item).collect();
    assert!(!acknowledged.is_empty());
    let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
    assert!(refused.clone().count() > 0);
    for error in refused {
        assert!(matches!(error, StoreError::Memory(_)), "{error:?}");
    }
    assert_eq!(stored(&store).await, ledger(acknowledged));
}

#[tokio::test]
async fn a_head_over_its_share_of_memory_is_refused_until_a_flush() {
    let mut bench = Bench::new();
    let head = MemoryBudget::new("the head", 200_000);
    bench.config.memory.head = head.clone();
    let (store, _) = bench.open().await.unwrap();
    let mut acknowledged = Vec::new();
    let error = loop {
        let item = span(acknowledged.len() as u64);
        match send(&store, &[item]).await {
            Ok(()) => acknowledged.push(item),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(error.to_string().contains("memory is full"), "{error}");
    store.flush().await.unwrap();
    assert_eq!(head.bytes_taken(), 0);
    send(&store, &[sample(1)]).await.unwrap();
    acknowledged.push(sample(1));
    assert!(head.bytes_taken() > 0);
    store.flush().await.unwrap();
    assert!(head.bytes_taken() > 0, "the series goes on");
    assert_eq!(stored(&store).await, ledger(acknowledged));
}

#[tokio::test]
async fn memory_over_twice_the_budget_is_refused_until_a_flush() {
    let mut bench = Bench::new();
    bench.config.head_bytes_max = 200_000;
    let (store, _) = bench.open().await.unwrap();
    let mut acknowledged = Vec::new();
    let error = loop {
        let item = log(acknowledged.len() as u64);
        match send(&store, &[item]).await {
            Ok(()) => acknowledged.push(item),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("not flushed yet"), "{error}");
    store.flush().await.unwrap();
    send(&store, &[span(1)]).await.unwrap();
    acknowledged.push(span(1));
    assert_eq!(stored(&store).await, ledger(acknowledged.clone()));
    drop(store);
    bench.files.kill();
    // The same bound holds while the log is read again.
    bench.config.head_bytes_max = 10_000;
    let (store, _) = bench.open().await.unwrap();
    assert_eq!(stored(&store).await, ledger(acknowledged));
}
