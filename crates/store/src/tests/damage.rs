//! Damaged bytes anywhere: never a reason not to start, never an invention, and only what was hit
//! is lost.

use signals::time::DAY;

use super::harness::*;
use crate::files::Files;

/// A store with records in its log and nothing in parts, killed.
async fn with_log(bench: &Bench, count: u64) -> Vec<Item> {
    let (store, _) = bench.open().await.unwrap();
    let items: Vec<Item> = (0..count).map(log).collect();
    for item in &items {
        send(&store, std::slice::from_ref(item)).await.unwrap();
    }
    drop(store);
    bench.files.kill();
    items
}

fn on(bench: &Bench, files: crate::tests::sim_files::SimFiles) -> Bench {
    Bench { files, clock: std::sync::Arc::clone(&bench.clock), config: bench.config.clone() }
}

#[tokio::test]
async fn any_byte_of_the_log_may_be_changed_and_only_its_record_is_lost() {
    let bench = Bench::new();
    let items = with_log(&bench, 6).await;
    let segment = bench.segments().remove(0);
    let length = bench.files.stat(&segment).unwrap().bytes as usize;
    for position in 0..length {
        let damaged = on(&bench, bench.files.fork());
        damaged.files.tamper(&segment, |bytes| bytes[position] ^= 0x40);
        let (store, report) = damaged.open().await.unwrap();
        let stored = stored(&store).await;
        let lost = items.iter().filter(|item| !stored.contains_key(item)).count();
        assert!(lost <= 1, "byte {position}: {lost} records lost");
        assert!(
            stored.iter().all(|(item, count)| items.contains(item) && *count == 1),
            "byte {position}"
        );
        let is_noticed = !report.quarantined.is_empty() || report.torn_tail_bytes > 0;
        assert!(is_noticed, "byte {position} of {length} was not noticed");
        // Damage is found once.
        store.close().await.unwrap();
        drop(store);
        let (again, report) = damaged.open().await.unwrap();
        assert_eq!(report.quarantined, [], "byte {position}");
        assert_eq!(super::harness::stored(&again).await, stored, "byte {position}");
    }
}

#[tokio::test]
async fn a_log_that_is_cut_anywhere_gives_the_records_before_the_cut() {
    let bench = Bench::new();
    let items = with_log(&bench, 6).await;
    let segment = bench.segments().remove(0);
    let length = bench.files.stat(&segment).unwrap().bytes as usize;
    let mut counts = Vec::new();
    for cut in 0..length {
        let damaged = on(&bench, bench.files.fork());
        damaged.files.tamper(&segment, |bytes| bytes.truncate(cut));
        let (store, report) = damaged.open().await.unwrap();
        // The header was durable before the first record was.
        let is_reported = cut < crate::write_ahead::format::SEGMENT_HEADER;
        assert_eq!(report.quarantined.len(), usize::from(is_reported), "cut at {cut}");
        assert_eq!(report.missing_segments.len(), usize::from(is_reported), "cut at {cut}");
        let stored = stored(&store).await;
        assert_eq!(stored, ledger(items[..stored.len()].to_vec()), "cut at {cut}");
        counts.push(stored.len());
    }
    assert!(counts.is_sorted());
    assert_eq!(counts.last(), Some(&5));
}

#[tokio::test]
async fn damage_in_the_middle_is_put_aside_with_a_note() {
    let bench = Bench::new();
    let items = with_log(&bench, 5).await;
    let segment = bench.segments().remove(0);
    bench.files.tamper(&segment, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report.quarantined.len(), 1);
    let kept = &report.quarantined[0];
    assert_eq!((kept.reason.as_str(), kept.source.as_str()), ("wrong checksum", segment.as_str()));
    assert!(kept.path.starts_with("quarantine/20261120T120000Z-wrong-checksum/"), "{}", kept.path);
    assert_eq!(bench.files.stat(&kept.path).unwrap().bytes, kept.bytes);
    let note =
        crate::files::read_all(&bench.files, &format!("{}.json", kept.path), 10_000).unwrap();
    let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
    assert_eq!(note["reason"], "wrong checksum");
    assert_eq!(report.gaps.len(), 1);
    assert_eq!(store.status().quarantined, 1);
    assert_eq!(stored(&store).await.len(), items.len() - 1);
}

#[tokio::test]
async fn a_payload_that_cannot_be_decoded_is_put_aside() {
    use crate::write_ahead::format::Encoded;
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let nonsense = Encoded::new(0, b"nonsense".to_vec()).unwrap();
    let permit = store.inner.config.memory.queue.reservation();
    let durability = crate::Durability::BeforeResponse;
    let work = crate::state::Work::default();
    store.inner.log_and_apply(nonsense, work, durability, permit).await.unwrap();
    send(&store, &[log(2)]).await.unwrap();
    drop(store);
    bench.files.kill();
    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report.quarantined[0].reason, "undecodable: a section is cut off");
    let kept = crate::files::read_all(&bench.files, &report.quarantined[0].path, 100).unwrap();
    assert_eq!(kept, b"nonsense");
    assert_eq!(stored(&store).await, ledger([log(2)]));
}

#[tokio::test]
async fn samples_whose_definition_is_damaged_are_reported_and_the_others_are_read() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    for id in 0..6 {
        send(&store, &[sample(id)]).await.unwrap();
    }
    drop(store);
    bench.files.kill();
    let segment = bench.segments().remove(0);
    let length = bench.files.stat(&segment).unwrap().bytes as usize;
    let mut most_lost = 0;
    for position in 0..length {
        let damaged = on(&bench, bench.files.fork());
        damaged.files.tamper(&segment, |bytes| bytes[position] ^= 0x40);
        let (store, report) = damaged.open().await.unwrap();
        let stored = stored(&store).await;
        let lost = 6 - stored.len();
        // There are three series, each with two samples.
        assert!(lost <= 2, "byte {position}: {lost} samples lost");
        most_lost = most_lost.max(lost);
        let is_reported = report.quarantined.len() >= lost || report.torn_tail_bytes > 0;
        assert!(is_reported, "byte {position}: {lost} lost, {:?}", report.quarantined);
    }
    assert_eq!(most_lost, 2);
}

#[tokio::test]
async fn segments_that_do_not_belong_here_are_put_aside_and_missing_ones_are_told() {
    let mut bench = Bench::new();
    bench.config.segment_bytes = 4096;
    let (store, _) = bench.open().await.unwrap();
    let items: Vec<Item> = (0..60).map(log).collect();
    for items in items.chunks(3) {
        send(&store, items).await.unwrap();
        store.inner.log().unwrap().rotate().await.unwrap();
    }
    drop(store);
    bench.files.kill();
    let names = bench.segments();
    assert!(names.len() >= 20, "{names:?}");
    // Another folder's segment, a copy under another name, and one that is gone.
    let other = Bench::new();
    with_log(&other, 3).await;
    let foreign = crate::files::read_all(&other.files, &other.segments()[0], 1 << 20).unwrap();
    let copy = crate::files::read_all(&bench.files, &names[3], 1 << 20).unwrap();
    bench.files.create_unknown("wal/00000000000000000900.log", &foreign);
    bench.files.create_unknown("wal/00000000000000000901.log", &copy);
    bench.files.create_unknown("wal/notes.txt", b"not ours");
    bench.files.remove(&names[10]).unwrap();
    let (store, report) = bench.open().await.unwrap();
    let mut reasons: Vec<&str> =
        report.quarantined.iter().map(|kept| kept.reason.as_str()).collect();
    reasons.sort_unstable();
    let expected =
        ["a segment of another folder", "a segment that is gone", "a segment under another name"];
    assert_eq!(reasons, expected);
    assert_eq!(report.missing_segments, [names[10].clone()]);
    assert_eq!(report.gaps, [(11, 11)]);
    let mut expected = items.clone();
    expected.drain(30..33);
    assert_eq!(stored(&store).await, ledger(expected));
    assert!(bench.files.stat("wal/notes.txt").is_ok());
}

#[tokio::test]
async fn a_damaged_manifest_gives_way_to_the_one_before_and_nothing_is_removed() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let mut items = Vec::new();
    for id in 0..3 {
        items.push(span(id));
        send(&store, &[span(id)]).await.unwrap();
        store.flush().await.unwrap();
    }
    drop(store);
    bench.files.kill();
    let newest = bench.files.paths("manifest/spans").pop().unwrap();
    let length = bench.files.stat(&newest).unwrap().bytes as usize;
    for position in (0..length).step_by(7) {
        let damaged = on(&bench, bench.files.fork());
        damaged.files.tamper(&newest, |bytes| bytes[position] ^= 0x20);
        let (store, report) = damaged.open().await.unwrap();
        assert_eq!(report.quarantined.len(), 1, "byte {position}");
        // The part that only the lost version listed is found by its file.
        assert_eq!(stored(&store).await, ledger(items.clone()), "byte {position}");
        send(&store, &[span(9)]).await.unwrap();
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_day_without_any_good_manifest_is_put_together_from_its_files() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let mut items = Vec::new();
    for id in 0..4 {
        items.extend([span(id), log(id)]);
        send(&store, &[span(id), log(id)]).await.unwrap();
        store.flush().await.unwrap();
    }
    // Merged parts and their inputs lie side by side for a while.
    store.maintain().await.unwrap();
    assert!(store.status().spans.parts < 4);
    drop(store);
    bench.files.kill();
    for path in bench.files.paths("manifest/") {
        bench.files.tamper(&path, |bytes| bytes.truncate(10));
    }
    let (store, report) = bench.open().await.unwrap();
    assert!(report.quarantined.len() >= 2);
    assert_eq!(stored(&store).await, ledger(items.clone()));
    store.close().await.unwrap();
    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report.quarantined, []);
    assert_eq!(stored(&store).await, ledger(items));
}

#[tokio::test]
async fn a_part_that_is_gone_is_told_and_the_rest_is_read() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    for id in 0..2 {
        send(&store, &[span(id)]).await.unwrap();
        store.flush().await.unwrap();
    }
    drop(store);
    bench.files.kill();
    let gone = bench.files.paths("parts/spans").remove(0);
    bench.files.remove(&gone).unwrap();
    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report.missing_parts, [gone]);
    assert_eq!(stored(&store).await, ledger([span(1)]));
}

#[tokio::test]
async fn data_of_a_newer_program_are_refused_and_not_touched() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    store.close().await.unwrap();
    let newer = crate::recover::identity(2, store.inner.writer).unwrap();
    bench.files.tamper("identity.json", |bytes| *bytes = newer);
    let error = bench.open().await.unwrap_err();
    assert!(matches!(error, crate::StoreError::Format(_)), "{error}");
    assert!(error.to_string().contains("layout 2"), "{error}");
}

#[tokio::test]
async fn a_lost_identity_is_read_from_the_log() {
    for damage in [None, Some(b"{".as_slice())] {
        let bench = Bench::new();
        let items = with_log(&bench, 3).await;
        bench.files.remove("identity.json").unwrap();
        if let Some(bytes) = damage {
            bench.files.create_unknown("identity.json", bytes);
        }
        let (store, _) = bench.open().await.unwrap();
        assert_eq!(stored(&store).await, ledger(items));
    }
}

#[tokio::test]
async fn a_folder_that_is_removed_while_it_is_written_ends_the_store() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    send(&store, &[log(1)]).await.unwrap();
    for path in bench.segments() {
        bench.files.remove(&path).unwrap();
    }
    bench.clock.advance(std::time::Duration::from_secs(1));
    let error = send(&store, &[log(2)]).await.unwrap_err();
    assert!(matches!(error, crate::StoreError::Unavailable(_)), "{error:?}");
    let reason = store.status().fatal.unwrap();
    assert!(reason.contains("removed or moved"), "{reason}");
    assert!(matches!(store.close().await, Err(crate::StoreError::Fatal(_))));
}

#[tokio::test]
async fn empty_manifests_are_put_aside_and_the_day_is_put_together_again() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let items = [span(1), log(2), sample(3)];
    send(&store, &items).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let manifests = bench.files.paths("manifest/");
    for path in &manifests {
        bench.files.tamper(path, Vec::clear);
    }
    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report.quarantined.len(), manifests.len());
    assert_eq!(stored(&store).await, ledger(items));
}

#[tokio::test]
async fn a_folder_of_manifests_that_is_gone_is_put_together_from_the_footers() {
    let bench = Bench::new();
    let (store, _) = bench.open().await.unwrap();
    let mut items = Vec::new();
    // Parts that were flushed, merged, and replaced and not removed yet.
    for id in 0..7 {
        let yesterday = Item { time: NOON - DAY, ..span(50 + id) };
        let batch = [span(id), log(10 + id), sample(20 + id), yesterday];
        send(&store, &batch).await.unwrap();
        items.extend(batch);
        if id < 6 {
            store.flush().await.unwrap();
            store.maintain().await.unwrap();
        }
    }
    drop(store);
    bench.files.kill();
    for path in bench.files.paths("manifest/") {
        bench.files.remove(&path).unwrap();
    }
    let (store, report) = bench.open().await.unwrap();
    let days = ["logs/2026-11-20", "metrics/2026-11-20", "spans/2026-11-19", "spans/2026-11-20"];
    let mut rebuilt = report.rebuilt_days.clone();
    rebuilt.sort();
    assert_eq!(rebuilt, days);
    // One that defines the series, and the request.
    assert_eq!(report.records, 2, "what was flushed is not read from the log");
    assert_eq!(stored(&store).await, ledger(items.clone()));
    // What was replaced is removed, and nothing else.
    for _ in 0..3 {
        bench.clock.advance(std::time::Duration::from_mins(11));
        store.maintain().await.unwrap();
        assert_eq!(stored(&store).await, ledger(items.clone()));
    }
    store.close().await.unwrap();
    drop(store);
    let (store, report) = bench.open().await.unwrap();
    assert_eq!(report.rebuilt_days, Vec::<String>::new());
    assert_eq!(stored(&store).await, ledger(items));
}
