//! Any bytes as remote write of each version, as both sides of remote read, and as a snappy block:
//! an answer or an error, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signals::MemoryBudget;
use wire::body::decompress_snappy;
use wire::known::NoKnownSeries;
use wire::remote::WriteMessage;
use wire::remote::read::{Frame, ReadRequest, decode_samples, split_frame};
use wire::{Decode as _, DecodeContext, Limits};

const BYTES_MAX: usize = 1 << 16;

fuzz_target!(|input: &[u8]| {
    let Some((selector, body)) = input.split_first() else { return };
    let limits = &Limits::default();
    let memory = &MemoryBudget::new("fuzz", 1 << 30).reservation();
    let received_at = 1_750_000_000_000_000_000;
    let context = DecodeContext { received_at, limits, known: &NoKnownSeries, memory };
    match selector % 7 {
        0 => _ = WriteMessage::V1.decode(body, &context),
        1 => _ = WriteMessage::V2.decode(body, &context),
        2 => _ = ReadRequest::decode(body),
        3 => _ = decode_samples(body, limits, memory),
        4 => _ = Frame::decode(body, limits, memory),
        5 => _ = split_frame(body, BYTES_MAX),
        _ => {
            if let Ok(plain) = decompress_snappy(body, BYTES_MAX) {
                assert!(plain.len() <= BYTES_MAX);
            }
        }
    }
});
