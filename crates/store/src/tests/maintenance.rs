//! Merging and dropping parts changes no answer that it should not change.

use std::time::Duration;

use signals::time::DAY;
use signals::{MemoryBudget, Signal};

use super::harness::*;
use crate::Store;

const SETTLED: Duration = Duration::from_hours(1);
const WEEK: Duration = Duration::from_hours(7 * 24);

/// Several parts of each signal, interleaved in time and trace.
async fn filled(bench: &Bench, parts: u64) -> (Store, Vec<Item>) {
    let (store, _) = bench.open().await.unwrap();
    let mut items = Vec::new();
    for part in 0..parts {
        let batch: Vec<Item> = (0..40)
            .map(|n| n * parts + part)
            .flat_map(|id| [span(id), log(id), sample(id)])
            .collect();
        send(&store, &batch).await.unwrap();
        store.flush().await.unwrap();
        items.extend(batch);
    }
    (store, items)
}

#[tokio::test]
async fn merging_parts_changes_no_answer_and_leaves_no_file_behind() {
    let bench = Bench::new();
    let (store, items) = filled(&bench, 5).await;
    assert_eq!(store.status().spans.parts, 5);
    let before = stored(&store).await;
    assert_eq!(before, ledger(items));
    for _ in 0..8 {
        store.maintain().await.unwrap();
        assert_eq!(stored(&store).await, before);
    }
    let status = store.status();
    assert_eq!((status.spans.parts, status.logs.parts), (2, 2));
    bench.clock.advance(Duration::from_mins(11));
    store.maintain().await.unwrap();
    assert_eq!(bench.files.paths("parts/spans").len(), 2);
    // A day that is over becomes one part.
    bench.clock.advance(Duration::from_hours(24));
    store.maintain().await.unwrap();
    bench.clock.advance(Duration::from_mins(11));
    store.maintain().await.unwrap();
    assert_eq!(store.status().spans.parts, 1);
    assert_eq!(bench.files.paths("parts/").len(), 3);
    assert_eq!(stored(&store).await, before);
    drop(store);
    bench.files.kill();
    assert_eq!(stored(&bench.open().await.unwrap().0).await, before);
}

#[tokio::test]
async fn one_round_merges_all_that_many_flushes_have_left() {
    let bench = Bench::new();
    let (store, items) = filled(&bench, 8).await;
    store.maintain().await.unwrap();
    let status = store.status();
    assert_eq!((status.spans.parts, status.logs.parts), (1, 1));
    assert_eq!(stored(&store).await, ledger(items));
}

#[tokio::test]
async fn a_merge_waits_for_memory_and_runs_alone_when_it_needs_more_than_there_is() {
    let mut bench = Bench::new();
    let merges = MemoryBudget::new("merges", 1);
    bench.config.memory.merges = merges.clone();
    let (store, items) = filled(&bench, 2).await;
    assert_eq!(merges.bytes_taken(), 0, "the flushes are over");
    let others = merges.reserve(1).unwrap();
    for _ in 0..10 {
        store.maintain().await.unwrap();
        assert_eq!(store.status().spans.parts, 2);
    }
    drop(others);
    store.maintain().await.unwrap();
    assert_eq!((store.status().spans.parts, merges.bytes_taken()), (1, 0));
    assert_eq!(stored(&store).await, ledger(items));
}

#[tokio::test]
async fn rows_of_a_merged_part_lie_in_order() {
    let bench = Bench::new();
    let (store, _) = filled(&bench, 4).await;
    for _ in 0..4 {
        store.maintain().await.unwrap();
    }
    let parts = store.snapshot(Signal::Spans, EVERYTHING).await.unwrap().parts;
    assert_eq!(parts.len(), 1);
    let rows = part_rows(store.objects().as_ref(), &parts[0]).await;
    let rows = signals::span::SpanRows::new(&rows).unwrap();
    let key = |row: usize| {
        let time = rows.start_time(row);
        (time.div_euclid(crate::part::order::TRACE_BUCKET), rows.trace_id(row), time)
    };
    assert!((1..rows.len()).all(|row| key(row - 1) <= key(row)));
    let parts = store.snapshot(Signal::Logs, EVERYTHING).await.unwrap().parts;
    let rows = part_rows(store.objects().as_ref(), &parts[0]).await;
    let rows = signals::log::LogRows::new(&rows).unwrap();
    let key = |row: usize| (rows.stream(row).to_owned(), rows.timestamp(row));
    assert!((1..rows.len()).all(|row| key(row - 1) <= key(row)));
}

#[tokio::test]
async fn a_span_that_was_sent_twice_is_stored_once_after_merging() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    for _ in 0..2 {
        send(&store, &[span(1), span(2), log(3)]).await.unwrap();
        store.flush().await.unwrap();
    }
    store.maintain().await.unwrap();
    let stored = stored(&store).await;
    assert_eq!(stored[&span(1)], 1);
    assert_eq!(stored[&span(2)], 1);
    assert_eq!(stored[&log(3)], 2, "a log line may repeat");
}

#[tokio::test]
async fn a_reader_keeps_its_parts_as_long_as_it_reads() {
    let bench = Bench::new();
    let (store, _) = filled(&bench, 2).await;
    let reading = store.snapshot(Signal::Spans, EVERYTHING).await.unwrap();
    store.maintain().await.unwrap();
    assert_eq!(store.status().spans.parts, 1);
    bench.clock.advance(Duration::from_hours(1));
    store.maintain().await.unwrap();
    for part in &reading.parts {
        assert_eq!(part_rows(store.objects().as_ref(), part).await.num_rows(), 40);
    }
    drop(reading);
    store.maintain().await.unwrap();
    assert_eq!(bench.files.paths("parts/spans").len(), 1);
}

#[tokio::test]
async fn what_is_too_old_goes_when_the_clock_has_said_so_for_a_while() {
    let bench = Bench::new();
    let (store, items) = filled(&bench, 1).await;
    bench.clock.advance(Duration::from_hours(7 * 24 - 1));
    store.maintain().await.unwrap();
    assert_eq!(stored(&store).await, ledger(items));
    bench.clock.advance(Duration::from_hours(2));
    store.maintain().await.unwrap();
    assert_eq!(store.status().spans.parts, 1, "not at first sight");
    bench.clock.advance(SETTLED);
    store.maintain().await.unwrap();
    assert_eq!(stored(&store).await, Ledger::new());
    bench.clock.advance(SETTLED);
    store.maintain().await.unwrap();
    assert_eq!(bench.files.paths("parts/"), Vec::<String>::new());
    // The manifests stay, so that their numbers are not used again.
    let manifests = bench.files.paths("manifest/");
    bench.clock.advance(2 * WEEK);
    store.maintain().await.unwrap();
    bench.clock.advance(SETTLED);
    store.maintain().await.unwrap();
    assert_eq!(bench.files.paths("manifest/"), manifests);
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_and_is_set_right_costs_nothing() {
    let bench = Bench::new();
    let (store, items) = filled(&bench, 1).await;
    for jump in [10 * 365 * DAY, -40 * 365 * DAY, i64::MAX - NOON] {
        bench.clock.jump_to(NOON.saturating_add(jump));
        store.maintain().await.unwrap();
        bench.clock.advance(Duration::from_mins(59));
        store.maintain().await.unwrap();
        bench.clock.jump_to(NOON);
        store.maintain().await.unwrap();
        bench.clock.advance(SETTLED);
        store.maintain().await.unwrap();
        assert_eq!(stored(&store).await, ledger(items.clone()));
    }
}

#[tokio::test]
async fn what_is_filled_in_late_is_kept_for_the_whole_period() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let late = Item { time: NOON - 60 * DAY, ..log(1) };
    send(&store, &[late]).await.unwrap();
    store.flush().await.unwrap();
    for _ in 0..6 {
        bench.clock.advance(Duration::from_hours(24));
        store.maintain().await.unwrap();
    }
    assert_eq!(stored(&store).await, ledger([late]));
    for _ in 0..3 {
        bench.clock.advance(Duration::from_hours(24));
        store.maintain().await.unwrap();
    }
    assert_eq!(stored(&store).await, Ledger::new());
}

#[tokio::test]
async fn a_file_that_no_manifest_lists_is_removed_after_a_while() {
    let bench = Bench::new();
    let (store, items) = filled(&bench, 1).await;
    bench.files.create_unknown("parts/spans/2026-11-20/orphan.parquet", b"x");
    bench.files.create_unknown("parts/readme.txt", b"not ours");
    store.maintain().await.unwrap();
    bench.clock.advance(Duration::from_mins(9));
    store.maintain().await.unwrap();
    assert_eq!(bench.files.paths("parts/spans").len(), 2);
    bench.clock.advance(Duration::from_mins(1));
    store.maintain().await.unwrap();
    assert_eq!(bench.files.paths("parts/spans").len(), 1);
    assert_eq!(bench.files.paths("parts/readme").len(), 1);
    assert_eq!(stored(&store).await, ledger(items));
}
