//! A crash at every single file operation.

use super::harness::*;
use crate::Store;
use crate::tests::sim_files::Fault;

/// How the machine went down.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Kill,
    PowerLoss(u64),
}

/// Sends, flushes and maintains; stops at the first error as a process that is gone would.
async fn work(bench: &Bench, sent: &mut Vec<Item>, acknowledged: &mut Vec<Item>) -> Option<Store> {
    let (store, _) = bench.open().await.ok()?;
    let first = sent.len() as u64;
    for round in 0..3 {
        for request in 0..3 {
            let id = first + round * 9 + request * 3;
            let items = [span(id), log(id + 1), sample(id + 2)];
            sent.extend(items);
            if send(&store, &items).await.is_ok() {
                acknowledged.extend(items);
            }
        }
        let _ = store.flush().await;
        let _ = store.maintain().await;
    }
    let _ = store.close().await;
    Some(store)
}

/// Everything acknowledged is there once, and what is there was sent.
async fn check(bench: &Bench, sent: &[Item], acknowledged: &[Item], context: &str) {
    // Twice: what the first start did must hold for the second.
    for start in 1..=2 {
        let (store, report) =
            bench.open().await.unwrap_or_else(|error| panic!("{context}: {error}"));
        assert_eq!(report.gaps, [], "{context}, start {start}");
        let stored = stored(&store).await;
        for item in acknowledged {
            assert_eq!(
                stored.get(item),
                Some(&1),
                "{context}, start {start}: lost or doubled {item:?}"
            );
        }
        for (item, count) in &stored {
            assert!(
                sent.contains(item) && *count == 1,
                "{context}, start {start}: {item:?} × {count}"
            );
        }
        store.close().await.unwrap();
    }
}

async fn crash_at_every_operation(fault: Fault, ending: impl Fn(u64) -> Ending) {
    for operation in 1.. {
        let bench = Bench::new();
        let (mut sent, mut acknowledged) = (Vec::new(), Vec::new());
        bench.files.fail_at(operation, fault);
        drop(work(&bench, &mut sent, &mut acknowledged).await);
        let has_faulted = bench.files.has_faulted();
        let ending = ending(operation);
        match ending {
            Ending::Kill => bench.files.kill(),
            Ending::PowerLoss(seed) => bench.files.lose_power(seed),
        }
        let context = format!("{fault:?} at operation {operation}, {ending:?}");
        check(&bench, &sent, &acknowledged, &context).await;
        // A second life on the same folder, and a second crash while it recovers.
        bench.files.fail_at(1 + operation % 7, fault);
        drop(work(&bench, &mut sent, &mut acknowledged).await);
        bench.files.lose_power(operation);
        check(&bench, &sent, &acknowledged, &format!("{context}, and again")).await;
        if !has_faulted {
            assert!(operation > 50, "the workload has only {operation} operations");
            return;
        }
    }
}

#[tokio::test]
async fn a_kill_at_any_operation_loses_and_doubles_nothing() {
    crash_at_every_operation(Fault::Crash, |_| Ending::Kill).await;
}

#[tokio::test]
async fn a_kill_within_any_write_loses_and_doubles_nothing() {
    crash_at_every_operation(Fault::TornCrash, |_| Ending::Kill).await;
}

#[tokio::test]
async fn a_power_loss_at_any_operation_loses_and_doubles_nothing() {
    for seed in 0..2 {
        crash_at_every_operation(Fault::TornCrash, |operation| {
            Ending::PowerLoss(operation * 1_000 + seed)
        })
        .await;
    }
}

#[tokio::test]
async fn an_error_at_any_operation_loses_and_doubles_nothing() {
    for kind in [std::io::ErrorKind::Other, std::io::ErrorKind::StorageFull] {
        crash_at_every_operation(Fault::Error(kind), Ending::PowerLoss).await;
    }
}
