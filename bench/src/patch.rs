//! Encoded payloads with variable fields: ids, times and values are overwritten in place.
//!
//! A message is encoded once with marker numbers in variable fields; their positions are then
//! reused for every request.

/// The upper half of an 8-byte marker; the lower half is a sequence number.
const MARKER: u32 = 0xA5C3_96E7;

/// The `i`-th marker.
pub(crate) fn marker(i: u32) -> u64 {
    (u64::from(MARKER) << 32) | u64::from(i)
}

/// The positions of all little-endian markers, as (position, i).
pub(crate) fn marker_positions(body: &[u8]) -> Vec<(usize, u32)> {
    let mut positions = Vec::new();
    let mut at = 0;
    while at + 8 <= body.len() {
        let number = u64::from_le_bytes([
            body[at],
            body[at + 1],
            body[at + 2],
            body[at + 3],
            body[at + 4],
            body[at + 5],
            body[at + 6],
            body[at + 7],
        ]);
        if (number >> 32) as u32 == MARKER {
            positions.push((at, number as u32));
            at += 8;
        } else {
            at += 1;
        }
    }
    positions
}

/// Overwrites eight bytes.
pub(crate) fn put(body: &mut [u8], at: usize, number: u64) {
    body[at..at + 8].copy_from_slice(&number.to_le_bytes());
}

/// A pseudorandom 64-bit number for each input (`SplitMix64`).
pub(crate) fn splitmix64(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Nanoseconds since the Unix epoch at the start of the program.
pub(crate) fn start_ns() -> u64 {
    static START: std::sync::LazyLock<u64> = std::sync::LazyLock::new(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the payloads of this run are of this moment"
        )]
        let now = std::time::SystemTime::now();
        now.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
    });
    *START
}
