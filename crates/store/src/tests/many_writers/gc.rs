//! A file is removed only when no process can need it.

use std::time::Duration;

use super::cluster::*;
use crate::tests::harness::*;

#[tokio::test]
async fn a_part_that_another_process_is_about_to_list_is_left_alone() {
    let cluster = Cluster::new();
    let mut a = cluster.start(1).await;
    let mut b = cluster.start(2).await;
    a.send_only(span(10_000)).await;
    // The part is there, the manifest is not.
    let paused = a.pause(2, Action::Flush).await.unwrap();
    for _ in 0..5 {
        cluster.clock.advance(Duration::from_mins(11));
        b.send().await;
        b.act(Action::Flush).await.unwrap();
        b.act(Action::Maintain).await.unwrap();
    }
    a.client.resume();
    paused.await.unwrap().unwrap();
    check_restart(&cluster, &mut [&mut a, &mut b], "about to list").await;
}

/// A part that was put and never listed, beside two that are.
async fn with_orphan(cluster: &Cluster) -> (Process, Process) {
    let (mut a, b) = (cluster.start(1).await, cluster.start(2).await);
    a.send_only(span(10_000)).await;
    a.act(Action::Flush).await.unwrap();
    a.send_only(span(10_001)).await;
    let paused = a.pause(2, Action::Flush).await.unwrap();
    a.restart(cluster).await;
    paused.await.unwrap().unwrap_err();
    a.act(Action::Flush).await.unwrap();
    assert_eq!(cluster.bucket.paths("parts/spans").await.len(), 3);
    (a, b)
}

#[tokio::test]
async fn a_process_removes_what_it_left_itself_after_a_while() {
    let cluster = Cluster::without_merges();
    let (mut a, mut b) = with_orphan(&cluster).await;
    a.act(Action::Maintain).await.unwrap();
    cluster.clock.advance(Duration::from_mins(9));
    a.act(Action::Maintain).await.unwrap();
    assert_eq!(cluster.bucket.paths("parts/spans").await.len(), 3);
    cluster.clock.advance(Duration::from_mins(1));
    a.act(Action::Maintain).await.unwrap();
    assert_eq!(cluster.bucket.paths("parts/spans").await.len(), 2);
    check_restart(&cluster, &mut [&mut a, &mut b], "left").await;
}

#[tokio::test]
async fn what_another_process_left_is_removed_after_a_day_by_the_clock_of_the_bucket() {
    let cluster = Cluster::without_merges();
    let (mut a, mut b) = with_orphan(&cluster).await;
    // Its own clock says nothing to a process about the age of a file.
    for _ in 0..3 {
        b.act(Action::Maintain).await.unwrap();
        cluster.clock.advance(Duration::from_hours(25));
    }
    assert_eq!(cluster.bucket.paths("parts/spans").await.len(), 3);
    b.send_only(log(20_000)).await;
    b.act(Action::Flush).await.unwrap();
    b.act(Action::Maintain).await.unwrap();
    assert_eq!(cluster.bucket.paths("parts/spans").await.len(), 2);
    check_restart(&cluster, &mut [&mut a, &mut b], "left").await;
}
