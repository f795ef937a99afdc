//! Any bytes as OTLP of each signal, in both encodings: an answer or an error, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signals::MemoryBudget;
use wire::{Limits, record};

fuzz_target!(|input: &[u8]| {
    let Some((selector, body)) = input.split_first() else { return };
    let format = 1 + selector % 3;
    let received_at = 1_750_000_000_000_000_000;
    let memory = MemoryBudget::new("fuzz", 1 << 30).reservation();
    let _protobuf = record::decode_record(format, received_at, body, &Limits::default(), &memory);
    let _json = match format {
        record::OTLP_TRACES => wire::otlp::json::traces_to_protobuf(body),
        record::OTLP_LOGS => wire::otlp::json::logs_to_protobuf(body),
        _ => wire::otlp::json::metrics_to_protobuf(body),
    };
});
