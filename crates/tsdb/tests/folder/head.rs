//! The head: logs and head chunks.

use std::path::Path;

use tsdb::{Limits, TimeRange};

use crate::chunks::xor;
use crate::write::{
    Compression, block, deletion_record, exemplar_record, head_chunks, histogram_record, log,
    metadata_record, samples_record, series_record, starts_record,
};
use crate::{BLOCKS, Item, float, read, read_whole};

const A: &[(&str, &str)] = &[("__name__", "a_total")];
const B: &[(&str, &str)] = &[("__name__", "b")];
const A_LABELS: &str = r#"{__name__="a_total"}"#;
const B_LABELS: &str = r#"{__name__="b"}"#;

fn times(items: &[Item], wanted: &str) -> Vec<i64> {
    let time = |item: &Item| match item {
        Item::Float(labels, time, _) if labels == wanted => Some(*time),
        _ => None,
    };
    items.iter().filter_map(time).collect()
}

/// A head with everything that it can have.
pub(crate) fn whole_head(folder: &Path, compression: Compression) {
    let wal = folder.join("wal");
    let checkpoint = [series_record(&[(7, A)]), samples_record(&[(7, 90, 9.0), (7, 100, 10.0)])];
    log(&wal.join("checkpoint.00000003"), 0, &checkpoint, compression);
    // A checkpoint replaces these.
    log(&wal.join("checkpoint.00000001"), 0, &[vec![1, 2]], compression);
    log(&wal, 3, &[vec![2, 1]], compression);
    let many: Vec<(u64, i64, f64)> = (0..9_000).map(|n| (8, 1_000 + n, n as f64 * 0.3)).collect();
    let records = [
        series_record(&[(8, B)]),
        samples_record(&[(7, 110, 11.0), (8, 105, -1.0), (99, 1, 1.0)]),
        samples_record(&many),
        starts_record(&[(8, 20_000, 1.0, 5), (7, 20_001, 2.0, 5), (7, 20_002, 3.0, 0)]),
        exemplar_record(7, 80, 0.5, "abc"),
        histogram_record(7, 20_003, [4, 1], 0.125),
    ];
    log(&wal, 4, &records, compression);
    let records = [deletion_record(8, 1_000, 9_995), metadata_record(7, "Help."), vec![200, 1]];
    log(&wal, 5, &records, compression);
    log(&folder.join("wbl"), 0, &[samples_record(&[(8, 50, 5.0)])], compression);
    let chunk = xor(&[(95, 9.5, 0), (100, 10.0, 0)]);
    let late = xor(&[(40, 4.0, 0), (45, 4.5, 0)]);
    head_chunks(&folder.join("chunks_head"), &[(7, false, chunk), (8, true, late)]);
}

#[test]
fn everything_of_the_head_is_read_with_each_compression() {
    for compression in [Compression::None, Compression::Snappy, Compression::Zstd] {
        let folder = tempfile::tempdir().unwrap();
        whole_head(folder.path(), compression);
        let (items, reports) = read(folder.path(), TimeRange::ALL, Limits::default());
        assert_eq!(reports[0].damages, []);
        assert_eq!((reports[0].unknown_series, reports[0].deleted), (1, 8_996));
        assert_eq!(reports[0].series, 2);
        // Of the log, what head chunks have is left out.
        assert_eq!(times(&items, A_LABELS), [95, 100, 110, 20_001, 20_002]);
        let b = times(&items, B_LABELS);
        assert_eq!(b, [40, 45, 105, 9_996, 9_997, 9_998, 9_999, 20_000, 50]);
        let exemplar = r#"{trace_id="abc"}"#.to_owned();
        assert!(items.contains(&Item::Exemplar(A_LABELS.to_owned(), 80, 0.5, exemplar)));
        assert!(items.contains(&Item::Start(A_LABELS.to_owned(), 5)));
        let metadata = ["a_total", "Help.", "s"].map(str::to_owned);
        let [metric, help, unit] = metadata;
        assert!(items.contains(&Item::Metadata(metric, help, unit)));
        let histogram = items.iter().find_map(|item| match item {
            Item::Histogram(_, 20_003, histogram) => Some(histogram),
            _ => None,
        });
        let histogram = histogram.unwrap();
        assert_eq!(histogram.positive_counts, [4.0, 1.0]);
        assert_eq!((histogram.schema, &histogram.custom_bounds[..]), (-53, &[0.125][..]));
    }
}

#[test]
fn samples_that_a_block_has_are_left_out_unless_they_are_out_of_order() {
    let folder = tempfile::tempdir().unwrap();
    whole_head(folder.path(), Compression::None);
    block(&folder.path().join(BLOCKS[0]), &[(A, vec![xor(&[(99, 1.0, 0)])])], 2);
    let items = read_whole(folder.path());
    assert_eq!(times(&items, A_LABELS), [99, 100, 110, 20_001, 20_002]);
    assert_eq!(times(&items, B_LABELS)[..3], [40, 45, 105]);
    assert!(items.iter().any(|item| matches!(item, Item::Exemplar(_, 80, ..))));
}

#[test]
fn samples_of_a_block_that_cannot_be_opened_are_taken_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    whole_head(folder.path(), Compression::None);
    let path = folder.path().join(BLOCKS[0]);
    block(&path, &[(A, vec![xor(&[(99, 1.0, 0)])])], 2);
    let mut index = std::fs::read(path.join("index")).unwrap();
    // In the symbols.
    index[20] ^= 1;
    std::fs::write(path.join("index"), index).unwrap();
    let opened = tsdb::Folder::open(folder.path(), Limits::default()).unwrap();
    let refused = opened.refused()[0].to_string();
    assert!(refused.ends_with("index: at byte 9: the checksum does not match"), "{refused}");
    assert_eq!((opened.blocks().len(), opened.head_start_ms()), (0, i64::MIN));
    assert_eq!(times(&read_whole(folder.path()), A_LABELS), [95, 100, 110, 20_001, 20_002]);
}

#[test]
fn samples_of_a_damaged_head_chunk_are_taken_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    whole_head(folder.path(), Compression::None);
    let chunk = xor(&[(95, 9.5, 0), (100, 10.0, 0)]);
    let chunks = [(7, false, chunk.clone()), (7, false, chunk)];
    let file = head_chunks(&folder.path().join("chunks_head"), &chunks);
    let mut bytes = std::fs::read(&file).unwrap();
    // In the second chunk.
    bytes[90] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (items, reports) = read(folder.path(), TimeRange::ALL, Limits::default());
    assert_eq!(times(&items, A_LABELS), [95, 100, 90, 100, 110, 20_001, 20_002]);
    assert_eq!(reports[0].damaged(), 1);
}

#[test]
fn damaged_and_torn_records_lose_only_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let wal = folder.path().join("wal");
    let filler = |n: i64| samples_record(&vec![(1, n, n as f64); 3_000]);
    let records = [series_record(&[(1, A)]), filler(1), filler(2), filler(3), filler(4)];
    log(&wal, 0, &records, Compression::None);
    let file = wal.join("00000000");
    let mut bytes = std::fs::read(&file).unwrap();
    // In the third record; the records of 30 KiB cross pages of 32 KiB.
    bytes[45_000] ^= 1;
    bytes.truncate(bytes.len() - 10);
    std::fs::write(&file, bytes).unwrap();
    let (items, reports) = read(folder.path(), TimeRange::ALL, Limits::default());
    let mut found = times(&items, A_LABELS);
    found.dedup();
    assert_eq!(found, [1, 3]);
    let reasons: Vec<&str> =
        reports[0].damages.iter().map(|damage| damage.reason.as_str()).collect();
    assert_eq!(reasons, ["the checksum does not match", "the content ends early"]);
    assert!(reports[0].damages[0].to_string().contains("00000000: at byte 3"));
}

#[test]
fn missing_segments_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let wal = folder.path().join("wal");
    log(&wal, 2, &[series_record(&[(1, A)])], Compression::None);
    log(&wal, 5, &[samples_record(&[(1, 1, 1.0)])], Compression::None);
    let (items, reports) = read(folder.path(), TimeRange::ALL, Limits::default());
    assert_eq!(items, [float(A_LABELS, 1, 1.0)]);
    let damage = reports[0].damages[0].to_string();
    assert!(damage.ends_with("00000003: at byte 0: the segment is missing"), "{damage}");
}

#[test]
fn a_head_with_more_series_than_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    whole_head(folder.path(), Compression::Snappy);
    let limits = Limits { head_bytes_max: 100, ..Limits::default() };
    let opened = tsdb::Folder::open(folder.path(), limits).unwrap();
    let error = opened.head(TimeRange::ALL).unwrap_err().to_string();
    assert!(error.contains("series of the head takes"), "{error}");
}
