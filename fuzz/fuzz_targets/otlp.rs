//! Any bytes as OTLP of each signal, in both encodings: an answer or an error, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signals::MemoryBudget;
use wire::Limits;
use wire::otlp::{Encoding, logs, metrics, traces};

fuzz_target!(|input: &[u8]| {
    let Some((selector, body)) = input.split_first() else { return };
    let received_at = 1_750_000_000_000_000_000;
    let limits = Limits::default();
    let memory = MemoryBudget::new("fuzz", 1 << 30).reservation();
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let _decoded = match selector % 3 {
            0 => traces::decode(body, encoding, received_at, &limits, &memory),
            1 => logs::decode(body, encoding, received_at, &limits, &memory),
            _ => metrics::decode(body, encoding, received_at, &limits, &memory),
        };
    }
});
