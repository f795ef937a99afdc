//! The hash of labels by which `limit_ratio` selects series: the same series as in Prometheus.

use signals::Labels;
use twox_hash::XxHash64;

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
    XxHash64::oneshot(0, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_hashed_after_its_length() {
        let long = "x".repeat(300);
        for (pairs, hash) in [
            (vec![("a", "b")], 0xe1d7_c427_46d8_6b11),
            (vec![("__name__", "up"), ("path", long.as_str())], 0xa0dc_01fe_5ddd_2b4d),
        ] {
            assert_eq!(label_hash(&Labels::from_pairs(pairs.clone())), hash, "{pairs:?}");
        }
    }
}
