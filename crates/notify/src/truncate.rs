//! Shortens texts to what a receiver accepts.

/// What a shortened text ends with.
const MARK: &str = "…";

/// The text with at most so many characters.
pub(crate) fn to_chars(text: String, max: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(max) else { return text };
    if max <= 3 {
        return text.chars().take(max).collect();
    }
    let kept: String = text.get(..end).unwrap_or_default().chars().take(max - 1).collect();
    kept + MARK
}

/// The text with at most so many bytes.
pub(crate) fn to_bytes(text: String, max: usize) -> String {
    if text.len() <= max {
        return text;
    }
    if max < MARK.len() {
        return ".".repeat(max);
    }
    let end = text.floor_char_boundary(max - MARK.len());
    text.get(..end).unwrap_or_default().to_owned() + MARK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shortened_as_by_alertmanager() {
        for (text, max, chars, bytes) in [
            ("", 5, "", ""),
            ("abcde", 2, "ab", ".."),
            ("abcde", 4, "abc…", "a…"),
            ("abcde", 5, "abcde", "abcde"),
            ("abcdefgh", 5, "abcd…", "ab…"),
            ("a⌘cde", 5, "a⌘cde", "a…"),
            ("a⌘cdef", 5, "a⌘cd…", "a…"),
            ("世界cdef", 3, "世界c", "…"),
        ] {
            assert_eq!(to_chars(text.to_owned(), max), chars, "{text:?} to {max} characters");
            assert_eq!(to_bytes(text.to_owned(), max), bytes, "{text:?} to {max} bytes");
        }
    }
}
