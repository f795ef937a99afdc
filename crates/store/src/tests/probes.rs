//! What the store costs, on this machine, on demand: `cargo test --release -p store tests::probes --
//! --ignored --nocapture --test-threads 1`. Prints; judges nothing.

use std::sync::Arc;

use arrow::array::RecordBatch;
use signals::time::SystemClock;
use signals::{Batch, Clock, Signal};

use super::harness::config;
use super::realistic;
use crate::{Config, Dependencies, NoTotals, Store, WriteRequest};

const REQUESTS: usize = 600;
const ROWS: usize = 1_000;

/// Processor time of this process, in seconds: fields 14 and 15 of its `stat`, in hundredths.
pub(crate) fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<f64>().ok());
    (ticks(12).unwrap_or(0.0) + ticks(13).unwrap_or(0.0)) / 100.0
}

fn report(name: &str, rows: usize, clock: &dyn Clock, since: (std::time::Duration, f64)) {
    let wall = clock.monotonic().saturating_sub(since.0).as_secs_f64();
    let cpu = cpu_seconds() - since.1;
    let million = rows as f64 / 1e6;
    println!("{name}: {:.0} rows/s, {:.2} CPU s per million", rows as f64 / wall, cpu / million);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn append_flush_merge_and_open() {
    for signal in [Signal::Spans, Signal::Logs] {
        let folder = tempfile::tempdir().unwrap();
        let clock = SystemClock::new();
        let config = Config { compaction_fan_in: 4, ..config() };
        let dependencies = Dependencies::disk(folder.path());
        let (store, _) = Store::open(config, dependencies, Arc::new(NoTotals)).await.unwrap();
        let rows: Vec<RecordBatch> = (0..20)
            .map(|seed| match signal {
                Signal::Spans => realistic::spans(ROWS, seed),
                _ => realistic::logs(ROWS, seed),
            })
            .collect();
        let since = (clock.monotonic(), cpu_seconds());
        let mut senders = Vec::new();
        for sender in 0..8 {
            let (store, rows) = (store.clone(), rows.clone());
            senders.push(tokio::spawn(async move {
                for number in 0..REQUESTS / 8 {
                    let rows = rows[(sender + number) % 20].clone();
                    let batch = if signal == Signal::Spans {
                        Batch::Spans(rows)
                    } else {
                        Batch::Logs(rows)
                    };
                    let request = WriteRequest { batches: vec![batch], ..WriteRequest::default() };
                    store.append(request).await.unwrap();
                    if number % 19 == 18 && sender == 0 {
                        store.flush().await.unwrap();
                    }
                }
            }));
        }
        for sender in senders {
            sender.await.unwrap();
        }
        let name = signal.name();
        report(&format!("{name}: append and flush"), REQUESTS * ROWS, &clock, since);
        store.flush().await.unwrap();
        let status = store.status();
        let stored = if signal == Signal::Spans { status.spans } else { status.logs };
        println!(
            "{name}: {} parts, {:.1} bytes a row",
            stored.parts,
            stored.part_bytes as f64 / stored.part_rows as f64
        );
        let since = (clock.monotonic(), cpu_seconds());
        store.maintain().await.unwrap();
        report(&format!("{name}: merge"), REQUESTS * ROWS, &clock, since);
        store.close().await.unwrap();
    }
}

/// A part with attributes as columns, as of a merge, and one without, as of a flush: decision 0018.
#[test]
#[ignore = "a measurement"]
fn columns_of_attributes() {
    use crate::part::keys::AttributeKeys;
    use crate::part::write::write_with_keys;
    for signal in [Signal::Spans, Signal::Logs] {
        let rows = match signal {
            Signal::Spans => realistic::spans(120_000, 1),
            _ => realistic::logs(120_000, 1),
        };
        let batches: Vec<RecordBatch> = (0..12).map(|n| rows.slice(n * 10_000, 10_000)).collect();
        for _ in 0..3 {
            let since = cpu_seconds();
            let plain = AttributeKeys::count(&batches).unwrap();
            let counting = cpu_seconds() - since;
            let mut keys = plain.clone();
            keys.promote();
            for (name, keys) in [("columns", keys), ("map only", plain)] {
                let since = cpu_seconds();
                let (written, _) =
                    write_with_keys(signal, &batches, &keys, String::new(), Vec::new()).unwrap();
                println!(
                    "{} {name}: {:.2} CPU s per million, {:.2} bytes a row",
                    signal.name(),
                    (cpu_seconds() - since) / 0.12,
                    written.bytes as f64 / written.rows as f64,
                );
            }
            println!("{} counting: {:.2} CPU s per million", signal.name(), counting / 0.12);
        }
    }
}
