//! How many bytes rows take at rest: goals of the project, so that a change that costs space is seen.

use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use signals::Signal;

use super::realistic;
use crate::part::write::part_of;

const ROWS: usize = 60_000;

fn bytes_per_row(signal: Signal, rows: arrow::array::RecordBatch) -> f64 {
    let count = rows.num_rows() as f64;
    let bytes = part_of(signal, &[rows]).unwrap();
    let bytes_per_row = bytes.len() as f64 / count;
    let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
    for column in 0..reader.metadata().file_metadata().schema_descr().num_columns() {
        let groups = reader.metadata().row_groups();
        let bytes: i64 = groups.iter().map(|group| group.column(column).compressed_size()).sum();
        let chunk = groups[0].column(column);
        let encodings: Vec<String> =
            chunk.encodings().map(|encoding| encoding.to_string()).collect();
        println!(
            "{:>7.2} {:<28} {}",
            bytes as f64 / count,
            chunk.column_path().string(),
            encodings.join(" ")
        );
    }
    println!("{bytes_per_row:>7.2} in all");
    bytes_per_row
}

#[test]
fn a_typical_span_takes_at_most_60_bytes() {
    assert!(bytes_per_row(Signal::Spans, realistic::spans(ROWS, 1)) <= 60.0);
}

#[test]
fn a_typical_log_record_takes_at_most_45_bytes() {
    assert!(bytes_per_row(Signal::Logs, realistic::logs(ROWS, 1)) <= 45.0);
}
