//! Lone surrogate escapes, which are invalid Unicode.

/// `\ufffd`, the escape of the replacement character.
const REPLACEMENT: &[u8; 6] = br"\ufffd";

/// Replaces lone surrogates with the replacement character and counts them; `None` if there are
/// none.
pub(super) fn replaced(json: &[u8]) -> Option<(Vec<u8>, usize)> {
    // Copied only when there is one: most bodies that cannot be parsed have none.
    let mut copy: Option<Vec<u8>> = None;
    let (mut at, mut count) = (0, 0);
    while let Some(backslash) = json.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += backslash;
        let escape = |at: usize| json.get(at..).and_then(code_unit);
        at += match (escape(at), escape(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                let copy = copy.get_or_insert_with(|| json.to_vec());
                copy.get_mut(at..at + 6)?.copy_from_slice(REPLACEMENT);
                count += 1;
                6
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
    }
    copy.map(|bytes| (bytes, count))
}

/// The code unit of an escape such as `\ud83d` at the start of the text.
fn code_unit(text: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(text.strip_prefix(br"\u")?.get(..4)?).ok()?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_of_pairs_are_replaced() {
        for (text, expected) in [
            (r"a\ud83d b", Some((r"a\ufffd b", 1))),
            (r"\uDE00", Some((r"\ufffd", 1))),
            (r"\ud83d\ud83d\ude00", Some((r"\ufffd\ud83d\ude00", 1))),
            (r"\ud83d\n\ude00", Some((r"\ufffd\n\ufffd", 2))),
            (r"\ud83d\ude00 \u00e4 \n", None),
            (r"\\ud83d", None),
            (r"\\\ud83d", Some((r"\\\ufffd", 1))),
            (r"\ud8", None),
            (r"\u+83d", None),
            (r"\", None),
            ("", None),
        ] {
            let expected = expected.map(|(text, count)| (text.as_bytes().to_vec(), count));
            assert_eq!(replaced(text.as_bytes()), expected, "{text}");
        }
    }
}
