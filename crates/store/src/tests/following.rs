//! Reading the metrics of the log as they become durable.

use std::collections::HashMap;
use std::time::Duration;

use signals::{Labels, SeriesKey, SeriesRef};

use super::harness::*;
use crate::{Follower, LogRead, LoggedMetrics};

/// What a consumer of a follower knows.
#[derive(Default)]
struct Consumer {
    series: HashMap<SeriesRef, Labels>,
    ids: Vec<u64>,
    lost_records: u64,
    sequence: u64,
}

impl Consumer {
    fn take(&mut self, read: LogRead) {
        for record in read.records {
            match record {
                LoggedMetrics::Segment => self.series.clear(),
                LoggedMetrics::Series(series) => self.series.extend(series),
                LoggedMetrics::Batch(batch) => {
                    for sample in &batch.samples {
                        let SeriesKey::Ref(series) = batch.series[sample.series as usize] else {
                            panic!("a series by labels");
                        };
                        let id = sample.value as u64;
                        assert_eq!(
                            self.series[&series].get("shard"),
                            Some((id % 3).to_string()).as_deref()
                        );
                        self.ids.push(id);
                    }
                }
            }
        }
        self.lost_records += read.lost_records;
        self.sequence = read.sequence;
    }

    /// Reads what is durable, in small steps.
    fn read(&mut self, follower: &mut Follower) {
        while follower.behind() > 0 {
            self.take(follower.read(2).unwrap());
        }
    }
}

fn ids(range: std::ops::Range<u64>) -> Vec<u64> {
    range.collect()
}

async fn send_each(store: &crate::Store, range: std::ops::Range<u64>) {
    for id in range {
        send(store, &[span(id), log(id), sample(id)]).await.unwrap();
    }
}

#[tokio::test]
async fn a_follower_reads_what_is_admitted_after_its_start_and_holds_the_log_until_it_confirms() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 4096;
    let (store, _) = bench.open().await.unwrap();
    send_each(&store, 0..10).await;
    let mut follower = store.follow_metrics("a").unwrap();
    let mut consumer = Consumer::default();
    send_each(&store, 10..60).await;
    follower.wait().await;
    consumer.read(&mut follower);
    assert_eq!(consumer.ids, ids(10..60));
    store.flush().await.unwrap();
    let held = bench.segments().len();
    assert!(held > 4, "{held} segments");

    send_each(&store, 60..100).await;
    follower.confirmations().confirm(consumer.sequence).unwrap();
    store.flush().await.unwrap();
    let held = bench.segments().len();
    consumer.read(&mut follower);
    assert_eq!(consumer.ids, ids(10..100));
    follower.confirmations().confirm(consumer.sequence).unwrap();
    store.flush().await.unwrap();
    assert!(bench.segments().len() < held && bench.segments().len() <= 1);
    assert_eq!(consumer.lost_records, 0);
}

#[tokio::test]
async fn after_a_crash_a_follower_reads_what_it_did_not_confirm() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 4096;
    let (store, _) = bench.open().await.unwrap();
    let mut follower = store.follow_metrics("a").unwrap();
    let mut consumer = Consumer::default();
    send_each(&store, 0..30).await;
    consumer.read(&mut follower);
    bench.clock.advance(Duration::from_secs(10));
    follower.confirmations().confirm(consumer.sequence).unwrap();
    send_each(&store, 30..60).await;
    consumer.read(&mut follower);
    store.flush().await.unwrap();
    send_each(&store, 60..70).await;
    drop((follower, store));
    bench.files.kill();

    let (store, _) = bench.open().await.unwrap();
    store.flush().await.unwrap();
    let mut follower = store.follow_metrics("a").unwrap();
    let mut consumer = Consumer::default();
    send_each(&store, 70..80).await;
    consumer.read(&mut follower);
    assert_eq!((consumer.ids, consumer.lost_records), (ids(30..80), 0));
    store.retain_followers(&[]).unwrap();
    store.flush().await.unwrap();
    assert!(bench.segments().len() <= 1, "{:?}", bench.segments());
    assert!(bench.files.paths("followers/").is_empty());
}

#[tokio::test]
async fn a_follower_that_is_far_behind_loses_the_oldest_records_and_counts_them() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 4096;
    bench.config.followed_bytes_max = 16 << 10;
    let (store, _) = bench.open().await.unwrap();
    let mut follower = store.follow_metrics("a").unwrap();
    let mut consumer = Consumer::default();
    send_each(&store, 0..5).await;
    consumer.read(&mut follower);
    send_each(&store, 5..200).await;
    store.flush().await.unwrap();
    assert!(bench.segments().len() <= 5, "{:?}", bench.segments());
    send_each(&store, 200..210).await;
    consumer.read(&mut follower);
    assert!(consumer.lost_records > 100, "{}", consumer.lost_records);
    let rest = &consumer.ids[5..];
    assert_eq!(rest, ids(rest[0]..210));
    assert!(rest.len() > 10);
}

#[tokio::test]
async fn a_damaged_segment_is_not_kept_for_a_follower() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 4096;
    let (store, _) = bench.open().await.unwrap();
    let follower = store.follow_metrics("a").unwrap();
    send_each(&store, 0..60).await;
    drop((follower, store));
    bench.files.kill();
    let path = bench.segments()[1].clone();
    bench.files.tamper(&path, |bytes| bytes[300] ^= 1);

    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report.quarantined.len(), 1);
    let mut follower = store.follow_metrics("a").unwrap();
    let mut consumer = Consumer::default();
    send_each(&store, 60..70).await;
    consumer.read(&mut follower);
    assert_eq!(consumer.ids, ids(60..70));
    assert!(consumer.lost_records > 50, "{}", consumer.lost_records);
    drop((follower, store));
    bench.files.kill();

    let (_store, report) = bench.open().await.unwrap();
    assert_eq!(report.quarantined, []);
}
