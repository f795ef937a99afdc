//! Any bytes as a compressed body: at most the bound comes out.
#![no_main]

use libfuzzer_sys::fuzz_target;

const BYTES_MAX: usize = 1 << 16;

fuzz_target!(|input: &[u8]| {
    let Some((selector, body)) = input.split_first() else { return };
    let encoding = ["gzip", "zstd", "deflate", "identity"][usize::from(selector % 4)];
    if let Ok(plain) = wire::body::decompress(Some(encoding), body.to_vec().into(), BYTES_MAX) {
        assert!(plain.len() <= BYTES_MAX);
    }
});
