//! One process stops, fails or ends at each of its operations in turn, and the others go on.

use std::time::Duration;

use super::cluster::*;
use crate::tests::sim_objects::Fault;

/// Two writers that have stored something each and hold something in memory, and a compactor.
async fn prepared(cluster: &Cluster) -> (Process, Process, Role) {
    let (mut a, mut b) = (cluster.start(1).await, cluster.start(2).await);
    for process in [&mut a, &mut b] {
        process.send().await;
        process.store().flush().await.unwrap();
    }
    let role = cluster.role().await;
    for process in [&mut a, &mut b] {
        process.send().await;
    }
    (a, b, role)
}

/// So much that versions of manifests and parts are removed.
async fn run_other_processes(cluster: &Cluster, b: &mut Process, role: &mut Role) {
    for _ in 0..2 {
        b.store().flush().await.unwrap();
        role.maintenance.run().await.unwrap();
        cluster.clock.advance(Duration::from_mins(6));
        b.send().await;
    }
    role.maintenance.run().await.unwrap();
}

/// At every n-th operation, beginning with the first.
async fn pause_at_every(n: usize, action: Action) -> u64 {
    for operation in (1..).step_by(n) {
        let cluster = Cluster::new();
        let (mut a, mut b, mut role) = prepared(&cluster).await;
        let context = format!("{action:?} paused at operation {operation}");
        let Some(paused) = a.pause(operation, action).await else { return operation };
        run_other_processes(&cluster, &mut b, &mut role).await;
        a.client.resume();
        let result = paused.await.unwrap();
        if matches!(action, Action::Flush) {
            result.unwrap_or_else(|error| panic!("{context}: {error}"));
        }
        // As both do every few seconds.
        for process in [&a, &b] {
            process.store().inner.catalog.refresh().await.unwrap();
        }
        let (of_a, of_b) = (a.sent.clone(), b.sent.clone());
        check(&a, &[&of_a, &of_b], &context).await;
        check(&b, &[&of_a, &of_b], &context).await;
        check_restart(&cluster, &mut [&mut a, &mut b], &context).await;
    }
    0
}

#[tokio::test]
async fn a_flush_that_pauses_anywhere_loses_and_doubles_nothing() {
    let operations = pause_at_every(1, Action::Flush).await;
    assert!(operations > 9, "a flush has only {operations} operations");
}

#[tokio::test]
async fn upkeep_that_pauses_anywhere_loses_and_doubles_nothing() {
    let operations = pause_at_every(1, Action::Maintain).await;
    assert!(operations > 9, "upkeep has only {operations} operations");
}

async fn fail_at_every(fault: Fault, action: Action) {
    for operation in 1.. {
        let cluster = Cluster::new();
        let (mut a, mut b, mut role) = prepared(&cluster).await;
        let context = format!("{action:?}, {fault:?} at operation {operation}");
        a.client.fail_at(operation, fault);
        let _ = a.act(action).await;
        let has_faulted = a.client.has_faulted();
        a.client.cancel_fault();
        run_other_processes(&cluster, &mut b, &mut role).await;
        let of_a = a.sent.clone();
        if matches!(fault, Fault::CrashBefore | Fault::CrashAfter) {
            a.restart(&cluster).await;
        }
        // What came through after all is seen before the second attempt.
        a.store().inner.catalog.refresh().await.unwrap();
        check(&a, &[&of_a, &b.sent], &context).await;
        a.act(Action::Flush).await.unwrap_or_else(|error| panic!("{context}: {error}"));
        a.act(Action::Maintain).await.unwrap_or_else(|error| panic!("{context}: {error}"));
        check(&a, &[&of_a, &b.sent], &context).await;
        check_restart(&cluster, &mut [&mut a, &mut b], &context).await;
        if !has_faulted {
            return;
        }
    }
}

#[tokio::test]
async fn a_flush_that_fails_anywhere_loses_and_doubles_nothing() {
    for fault in [Fault::Error, Fault::LostAnswer] {
        fail_at_every(fault, Action::Flush).await;
    }
}

#[tokio::test]
async fn a_flush_that_ends_with_its_process_loses_and_doubles_nothing() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter] {
        fail_at_every(fault, Action::Flush).await;
    }
}

#[tokio::test]
async fn upkeep_that_fails_anywhere_loses_and_doubles_nothing() {
    for fault in [Fault::Error, Fault::LostAnswer, Fault::CrashAfter] {
        fail_at_every(fault, Action::Maintain).await;
    }
}
