//! Writes blocks, logs and head chunks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::bits::{uvarint, varint};
use crate::chunks::Chunk;

/// Labels and chunks of a series.
pub(crate) type Series<'a> = (&'a [(&'a str, &'a str)], Vec<Chunk>);

pub(crate) fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).to_be_bytes()
}

fn text(text: &str) -> Vec<u8> {
    [uvarint(text.len() as u64), text.as_bytes().to_vec()].concat()
}

/// Writes a block with series in the order of their labels.
pub(crate) fn block(folder: &Path, series: &[Series<'_>], version: u8) {
    std::fs::create_dir_all(folder.join("chunks")).unwrap();
    let (segment, places) = segment(series);
    std::fs::write(folder.join("chunks/000001"), segment).unwrap();
    std::fs::write(folder.join("index"), index(series, &places, version)).unwrap();
    let chunks = || series.iter().flat_map(|(_, chunks)| chunks);
    let min = chunks().map(|chunk| chunk.min_ms).min().unwrap_or_default();
    let max = chunks().map(|chunk| chunk.max_ms).max().unwrap_or_default() + 1;
    meta(folder, min, max, "");
}

pub(crate) fn meta(folder: &Path, min_ms: i64, end_ms: i64, parents: &str) {
    let text = format!(
        r#"{{"ulid": "x", "minTime": {min_ms}, "maxTime": {end_ms}, "version": 1,
            "compaction": {{"level": 1, "parents": [{parents}]}}, "stats": {{"numSamples": 3}}}}"#
    );
    std::fs::write(folder.join("meta.json"), text).unwrap();
}

/// The bytes of a segment, and where its chunks are.
fn segment(series: &[Series<'_>]) -> (Vec<u8>, Vec<u64>) {
    let mut bytes = vec![0x85, 0xbd, 0x40, 0xdd, 1, 0, 0, 0];
    let mut places = Vec::new();
    for Chunk { encoding, data, .. } in series.iter().flat_map(|(_, chunks)| chunks) {
        places.push(bytes.len() as u64);
        let content = [&[*encoding], &data[..]].concat();
        bytes.extend(uvarint(data.len() as u64));
        bytes.extend(&content);
        bytes.extend(checksum(&content));
    }
    (bytes, places)
}

fn index(series: &[Series<'_>], places: &[u64], version: u8) -> Vec<u8> {
    let mut bytes = vec![0xba, 0xaa, 0xd7, 0x00, version];
    let texts = series.iter().flat_map(|(labels, _)| labels.iter().flat_map(|(n, v)| [*n, *v]));
    let symbols: Vec<&str> = texts.collect::<BTreeSet<_>>().into_iter().collect();
    let mut content = (symbols.len() as u32).to_be_bytes().to_vec();
    let mut references = Vec::new();
    for (number, symbol) in symbols.iter().enumerate() {
        // References of version 1 are offsets in the file, after magic number and length.
        references.push(if version == 1 { 9 + content.len() } else { number } as u64);
        content.extend(text(symbol));
    }
    let symbols_at = bytes.len() as u64;
    bytes.extend((content.len() as u32).to_be_bytes());
    bytes.extend(&content);
    bytes.extend(checksum(&content));
    let series_at = bytes.len() as u64;
    let mut places = places.iter();
    for (labels, chunks) in series {
        while version > 1 && !bytes.len().is_multiple_of(16) {
            bytes.push(0);
        }
        let reference = |text: &str| uvarint(references[symbols.binary_search(&text).unwrap()]);
        let mut entry = uvarint(labels.len() as u64);
        for (name, value) in *labels {
            entry.extend([reference(name), reference(value)].concat());
        }
        entry.extend(uvarint(chunks.len() as u64));
        let (mut end, mut before) = (0, 0);
        for (number, Chunk { min_ms, max_ms, .. }) in chunks.iter().enumerate() {
            let place = *places.next().unwrap();
            let is_first = number == 0;
            let start = if is_first { varint(*min_ms) } else { uvarint((min_ms - end) as u64) };
            entry.extend(start);
            entry.extend(uvarint((max_ms - min_ms) as u64));
            let change = (place - before) as i64;
            entry.extend(if is_first { uvarint(place) } else { varint(change) });
            (end, before) = (*max_ms, place);
        }
        bytes.extend(uvarint(entry.len() as u64));
        bytes.extend(&entry);
        bytes.extend(checksum(&entry));
    }
    let end = bytes.len() as u64;
    let contents = [symbols_at, series_at, end, end, end, end].map(u64::to_be_bytes).concat();
    bytes.extend(&contents);
    bytes.extend(checksum(&contents));
    bytes
}

/// Writes deletions: series, first and last time.
pub(crate) fn tombstones(folder: &Path, deleted: &[(u64, i64, i64)]) {
    let stones: Vec<u8> = deleted
        .iter()
        .flat_map(|(series, min, max)| [uvarint(*series), varint(*min), varint(*max)].concat())
        .collect();
    let bytes = [&[0x01, 0x30, 0xba, 0x30, 1], &stones[..], &checksum(&stones)].concat();
    std::fs::write(folder.join("tombstones"), bytes).unwrap();
}

/// How a record is compressed.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Compression {
    None,
    Snappy,
    Zstd,
}

/// Writes a segment of a log.
pub(crate) fn log(folder: &Path, number: u32, records: &[Vec<u8>], compression: Compression) {
    const PAGE: usize = 32 << 10;
    std::fs::create_dir_all(folder).unwrap();
    let mut bytes: Vec<u8> = Vec::new();
    for record in records {
        let (flag, record) = match compression {
            Compression::None => (0, record.clone()),
            Compression::Snappy => (8, snap::raw::Encoder::new().compress_vec(record).unwrap()),
            Compression::Zstd => (16, zstd::bulk::compress(record, 1).unwrap()),
        };
        let (mut rest, mut is_first) = (&record[..], true);
        loop {
            let room = PAGE - bytes.len() % PAGE;
            if room < 8 {
                bytes.resize(bytes.len() + room, 0);
                continue;
            }
            let (part, after) = rest.split_at(rest.len().min(room - 7));
            let kind = match (is_first, after.is_empty()) {
                (true, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
                (false, true) => 4,
            };
            bytes.push(kind | flag);
            bytes.extend((part.len() as u16).to_be_bytes());
            bytes.extend(checksum(part));
            bytes.extend(part);
            (rest, is_first) = (after, false);
            if rest.is_empty() {
                break;
            }
        }
    }
    std::fs::write(folder.join(format!("{number:08}")), bytes).unwrap();
}

/// Record of series.
pub(crate) fn series_record(series: &[(u64, &[(&str, &str)])]) -> Vec<u8> {
    let mut record = vec![1];
    for (reference, labels) in series {
        record.extend(reference.to_be_bytes());
        record.extend(pairs(labels));
    }
    record
}

fn pairs(labels: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = uvarint(labels.len() as u64);
    for (name, value) in labels {
        bytes.extend([text(name), text(value)].concat());
    }
    bytes
}

/// Record of float samples: series, time and value.
pub(crate) fn samples_record(samples: &[(u64, i64, f64)]) -> Vec<u8> {
    let (series, time, _) = samples[0];
    let mut record = [&[2], &series.to_be_bytes()[..], &time.to_be_bytes()].concat();
    for (s, t, value) in samples {
        record.extend([varint(*s as i64 - series as i64), varint(t - time)].concat());
        record.extend(value.to_bits().to_be_bytes());
    }
    record
}

/// Record of float samples with start times: series, time, value and start time.
pub(crate) fn starts_record(samples: &[(u64, i64, f64, i64)]) -> Vec<u8> {
    let (mut series, first, _, first_start) = samples[0];
    let mut before = first_start;
    let mut record = [&[11][..], &varint(series as i64), &varint(first), &varint(before)].concat();
    for (number, (s, t, value, start)) in samples.iter().enumerate() {
        if number > 0 {
            record.extend([varint(*s as i64 - series as i64), varint(t - first)].concat());
            match *start {
                0 => record.push(0),
                start if start == before => record.push(1),
                start => record.extend([vec![2], varint(start - first_start)].concat()),
            }
        }
        record.extend(value.to_bits().to_be_bytes());
        (series, before) = (*s, *start);
    }
    record
}

/// Record of one exemplar with a trace.
pub(crate) fn exemplar_record(series: u64, time: i64, value: f64, trace: &str) -> Vec<u8> {
    let mut record = [&[4], &series.to_be_bytes()[..], &time.to_be_bytes(), &[0, 0]].concat();
    record.extend(value.to_bits().to_be_bytes());
    record.extend(pairs(&[("trace_id", trace)]));
    record
}

/// Record of a deletion.
pub(crate) fn deletion_record(series: u64, min: i64, max: i64) -> Vec<u8> {
    [&[3], &series.to_be_bytes()[..], &varint(min), &varint(max)].concat()
}

/// Record of the type, unit and help of a counter.
pub(crate) fn metadata_record(series: u64, help: &str) -> Vec<u8> {
    [&[6][..], &uvarint(series), &[1, 2], &text("UNIT"), &text("s"), &text("HELP"), &text(help)]
        .concat()
}

/// Record of one integer histogram with two positive buckets and custom bounds.
pub(crate) fn histogram_record(series: u64, time: i64, counts: [i64; 2], bound: f64) -> Vec<u8> {
    let [first, second] = counts;
    let float = |value: f64| value.to_bits().to_be_bytes().to_vec();
    let total = uvarint((first + second) as u64);
    [
        [&[9], &series.to_be_bytes()[..], &time.to_be_bytes(), &[0, 0]].concat(),
        [&[0][..], &varint(-53), &float(0.0), &[0], &total, &float(1.5)].concat(),
        [&[1][..], &varint(0), &uvarint(2), &[0, 2], &varint(first)].concat(),
        [&varint(second - first)[..], &[0, 1], &float(bound)].concat(),
    ]
    .concat()
}

/// Writes a file of head chunks, with the series of each and whether it is out of order.
pub(crate) fn head_chunks(folder: &Path, chunks: &[(u64, bool, Chunk)]) -> PathBuf {
    std::fs::create_dir_all(folder).unwrap();
    let mut bytes = vec![0x01, 0x30, 0xbc, 0x91, 1, 0, 0, 0];
    for (series, is_out_of_order, Chunk { encoding, data, min_ms, max_ms }) in chunks {
        let mut chunk = [series.to_be_bytes(), min_ms.to_be_bytes(), max_ms.to_be_bytes()].concat();
        chunk.push(encoding | u8::from(*is_out_of_order) << 7);
        chunk.extend(uvarint(data.len() as u64));
        chunk.extend(data);
        bytes.extend(&chunk);
        bytes.extend(checksum(&chunk));
    }
    bytes.resize(bytes.len() + 100, 0);
    let file = folder.join("000001");
    std::fs::write(&file, bytes).unwrap();
    file
}
