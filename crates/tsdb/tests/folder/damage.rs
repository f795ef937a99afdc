//! Damaged and hostile files: nothing panics, and what is not damaged is read.

use std::path::Path;

use tsdb::{Folder, Limits, TimeRange};

use crate::blocks::{floats, histogram};
use crate::chunks::{Chunk, histograms, xor, xor2};
use crate::head::whole_head;
use crate::write::{Compression, Series, block, checksum, log, tombstones};
use crate::{BLOCKS, Item, Numbers, read, read_whole};

const LABELS: [&[(&str, &str)]; 4] = [
    &[("__name__", "a")],
    &[("__name__", "b"), ("job", "x")],
    &[("__name__", "c"), ("job", "x")],
    &[("__name__", "d"), ("job", "y")],
];

fn chunks() -> [Chunk; 4] {
    let samples: Vec<_> = (0..8).map(|n| (n as i64 * 15_000, histogram(n), 5)).collect();
    [
        xor(&floats(12, 1)),
        xor2(&floats(12, 2)),
        histograms(&samples, false, false),
        histograms(&samples, true, true),
    ]
}

/// A block with a series of each encoding.
fn small_block(folder: &Path) {
    let series: Vec<Series<'_>> =
        LABELS.into_iter().zip(chunks()).map(|(labels, chunk)| (labels, vec![chunk])).collect();
    block(folder, &series, 2);
    tombstones(folder, &[(1, 0, 1)]);
}

fn labels(item: &Item) -> &str {
    match item {
        Item::Float(labels, ..)
        | Item::Histogram(labels, ..)
        | Item::Start(labels, _)
        | Item::Exemplar(labels, ..)
        | Item::Metadata(labels, ..) => labels,
    }
}

/// The series that are wholly read, and whether anything was read that is not in `whole`.
fn compare(found: &[Item], whole: &[Item]) -> (usize, bool) {
    let of = |items: &[Item], series: &str| -> Vec<Item> {
        items.iter().filter(|item| labels(item) == series).cloned().collect()
    };
    let mut names: Vec<&str> = whole.iter().map(labels).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    let complete = names.iter().filter(|name| of(found, name) == of(whole, name)).count();
    (complete, found.iter().any(|item| !whole.contains(item)))
}

#[test]
fn a_changed_byte_of_a_block_costs_one_series_or_the_block() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(BLOCKS[0]);
    small_block(&path);
    let whole = read_whole(folder.path());
    for name in ["index", "chunks/000001", "tombstones"] {
        let file = path.join(name);
        let bytes = std::fs::read(&file).unwrap();
        let mut refused = 0;
        for at in 0..bytes.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                std::fs::write(&file, changed).unwrap();
                let (found, reports) = read(folder.path(), TimeRange::ALL, Limits::default());
                let (complete, is_wrong) = compare(&found, &whole);
                let Some(report) = reports.first() else {
                    refused += 1;
                    continue;
                };
                // Padding bytes have no effect.
                let is_known = report.damaged() > 0 || complete == LABELS.len();
                assert!(is_known && !is_wrong, "{name}: byte {at} ^ {change:#x}: {report}");
                let is_header = name == "chunks/000001" && at < 8;
                assert!(complete >= LABELS.len() - 1 || is_header, "{name}: byte {at}: {report}");
            }
        }
        // Header, symbols and contents of the index, and all of the deletions.
        let refused_max = match name {
            "index" => 3 * 130,
            "tombstones" => 3 * bytes.len(),
            _ => 0,
        };
        assert!(refused <= refused_max, "{name}: {refused}");
        std::fs::write(&file, bytes).unwrap();
    }
}

#[test]
fn a_shortened_file_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(BLOCKS[0]);
    small_block(&path);
    let whole = read_whole(folder.path());
    for name in ["index", "chunks/000001", "tombstones", "meta.json"] {
        let file = path.join(name);
        let bytes = std::fs::read(&file).unwrap();
        for length in 0..bytes.len() {
            std::fs::write(&file, &bytes[..length]).unwrap();
            let (found, reports) = read(folder.path(), TimeRange::ALL, Limits::default());
            assert!(!compare(&found, &whole).1, "{name}: {length} bytes");
            assert!(reports.iter().all(|report| report.damaged() > 0), "{name}: {length} bytes");
        }
        std::fs::write(&file, bytes).unwrap();
    }
}

#[test]
fn a_changed_byte_of_the_head_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    whole_head(folder.path(), Compression::Snappy);
    // The samples that head chunks have are given twice if a chunk is damaged.
    let chunk_file = folder.path().join("chunks_head/000001");
    let mut whole = read_whole(folder.path());
    let chunk_bytes = std::fs::read(&chunk_file).unwrap();
    std::fs::remove_file(&chunk_file).unwrap();
    whole.extend(read_whole(folder.path()));
    std::fs::write(&chunk_file, chunk_bytes).unwrap();
    let mut numbers = Numbers(5);
    for name in [
        "wal/00000004",
        "wal/00000005",
        "wal/checkpoint.00000003/00000000",
        "wbl/00000000",
        "chunks_head/000001",
    ] {
        let file = folder.path().join(name);
        let bytes = std::fs::read(&file).unwrap();
        for _ in 0..40 {
            let mut changed = bytes.clone();
            changed[numbers.below(bytes.len().min(400))] ^= numbers.next() as u8 | 1;
            std::fs::write(&file, changed).unwrap();
            let (found, _) = read(folder.path(), TimeRange::ALL, Limits::default());
            let is_deletion_lost = name == "wal/00000005";
            assert!(is_deletion_lost || found.iter().all(|item| whole.contains(item)), "{name}");
        }
        std::fs::write(&file, bytes).unwrap();
    }
}

/// Changes some bytes.
fn mutate(bytes: &mut [u8], numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        bytes[at] = match numbers.below(3) {
            0 => 0xff,
            1 => bytes[at] ^ 1 << numbers.below(8),
            _ => numbers.next() as u8,
        };
    }
}

#[test]
fn hostile_content_with_correct_checksums_does_not_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(BLOCKS[0]);
    let mut numbers = Numbers(11);
    let limits = Limits { batch_bytes: 2_000, ..Limits::default() };
    for round in 0..1_000 {
        let mut chunks = chunks();
        for chunk in &mut chunks {
            mutate(&mut chunk.data, &mut numbers);
        }
        let series: Vec<Series<'_>> =
            LABELS.into_iter().zip(chunks).map(|(labels, chunk)| (labels, vec![chunk])).collect();
        block(&path, &series, 2);
        if round % 3 == 0 {
            change_entry(&path.join("index"), &mut numbers);
        }
        read(folder.path(), TimeRange::ALL, limits);
    }
}

/// Changes the entry of the first series and corrects its checksum.
fn change_entry(index: &Path, numbers: &mut Numbers) {
    let mut bytes = std::fs::read(index).unwrap();
    let contents = bytes.len() - 52;
    let series = u64::from_be_bytes(bytes[contents + 8..contents + 16].try_into().unwrap());
    let start = (series as usize).next_multiple_of(16) + 1;
    let end = start + usize::from(bytes[start - 1]);
    mutate(&mut bytes[start..end], numbers);
    let sum = checksum(&bytes[start..end]);
    bytes[end..end + 4].copy_from_slice(&sum);
    std::fs::write(index, bytes).unwrap();
}

#[test]
fn hostile_records_do_not_panic() {
    let folder = tempfile::tempdir().unwrap();
    whole_head(folder.path(), Compression::None);
    let records: Vec<Vec<u8>> = hostile_seeds();
    let mut numbers = Numbers(17);
    for round in 0..1_000 {
        let mut changed = records.clone();
        for record in &mut changed {
            mutate(record, &mut numbers);
        }
        let compression = if round % 2 == 0 { Compression::None } else { Compression::Zstd };
        log(&folder.path().join("wal"), 4, &changed, compression);
        let opened = Folder::open(folder.path(), Limits::default()).unwrap();
        opened.head(TimeRange::ALL).unwrap().into_iter().flatten().for_each(drop);
    }
}

fn hostile_seeds() -> Vec<Vec<u8>> {
    use crate::write::{
        deletion_record, exemplar_record, histogram_record, metadata_record, samples_record,
        series_record, starts_record,
    };
    vec![
        series_record(&[(8, LABELS[1])]),
        samples_record(&[(7, 110, 11.0), (8, 105, -1.0)]),
        starts_record(&[(8, 20_000, 1.0, 5), (7, 20_001, 2.0, 5), (7, 20_002, 3.0, 9)]),
        exemplar_record(7, 80, 0.5, "abc"),
        histogram_record(7, 20_003, [4, 1], 0.125),
        deletion_record(8, 1_000, 9_995),
        metadata_record(7, "Help."),
    ]
}
