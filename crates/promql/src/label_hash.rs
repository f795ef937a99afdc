//! The hash of labels by which `limit_ratio` selects series: the same series as in Prometheus.

use signals::Labels;

/// Prometheus' hash of labels: XXH64 over names and values, each after its length.
pub(crate) fn label_hash(labels: &Labels) -> u64 {
    let mut bytes = Vec::with_capacity(labels.as_bytes().len());
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        // One byte, or from 255 on that and three more.
        match u8::try_from(text.len()) {
            Ok(length) if length < u8::MAX => bytes.push(length),
            _ => {
                bytes.push(u8::MAX);
                bytes.extend(text.len().to_le_bytes().iter().take(3));
            }
        }
        bytes.extend_from_slice(text.as_bytes());
    }
    xxh64(&bytes)
}

const PRIMES: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

/// XXH64 with the seed 0.
fn xxh64(bytes: &[u8]) -> u64 {
    let [prime1, prime2, prime3, prime4, prime5] = PRIMES;
    let (stripes, rest) = bytes.as_chunks::<32>();
    let mut hash = prime5;
    if !stripes.is_empty() {
        let mut lanes = [prime1.wrapping_add(prime2), prime2, 0, 0_u64.wrapping_sub(prime1)];
        for stripe in stripes {
            let (words, _) = stripe.as_chunks::<8>();
            for (lane, word) in lanes.iter_mut().zip(words) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
        }
        hash = [1, 7, 12, 18]
            .iter()
            .zip(lanes)
            .fold(0_u64, |sum, (shift, lane)| sum.wrapping_add(lane.rotate_left(*shift)));
        for lane in lanes {
            hash = (hash ^ round(0, lane)).wrapping_mul(prime1).wrapping_add(prime4);
        }
    }
    hash = hash.wrapping_add(bytes.len() as u64);
    let (words, rest) = rest.as_chunks::<8>();
    for word in words {
        hash ^= round(0, u64::from_le_bytes(*word));
        hash = hash.rotate_left(27).wrapping_mul(prime1).wrapping_add(prime4);
    }
    let (halves, rest) = rest.as_chunks::<4>();
    for half in halves {
        hash ^= u64::from(u32::from_le_bytes(*half)).wrapping_mul(prime1);
        hash = hash.rotate_left(23).wrapping_mul(prime2).wrapping_add(prime3);
    }
    for byte in rest {
        hash ^= u64::from(*byte).wrapping_mul(prime5);
        hash = hash.rotate_left(11).wrapping_mul(prime1);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(prime2);
    hash = (hash ^ (hash >> 29)).wrapping_mul(prime3);
    hash ^ (hash >> 32)
}

fn round(lane: u64, word: u64) -> u64 {
    let [prime1, prime2, ..] = PRIMES;
    lane.wrapping_add(word.wrapping_mul(prime2)).rotate_left(31).wrapping_mul(prime1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_xxh64() {
        for (text, hash) in [
            ("", 0xef46_db37_51d8_e999),
            ("a", 0xd24e_c4f1_a98c_6e5b),
            ("abc", 0x44bc_2cf5_ad77_0999),
            ("Nobody inspects the spammish repetition", 0xfbce_a83c_8a37_8bf1),
        ] {
            assert_eq!(xxh64(text.as_bytes()), hash, "{text}");
        }
    }
}
