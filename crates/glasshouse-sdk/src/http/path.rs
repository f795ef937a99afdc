//! Converts raw paths to low-cardinality labels: ids become `:id`.
//!
//! Used for requests without a template and for pages reported by browsers. Segments that may be
//! personal or unbounded are removed; segments that look like words in source code are kept.

/// Maximum length of the result, in bytes.
pub(crate) const PATH_BYTES_MAX: usize = 200;
/// Maximum number of segments.
const SEGMENTS_MAX: usize = 12;
/// Longer segments are treated as ids.
const SEGMENT_BYTES_MAX: usize = 40;
/// Minimum length of a hexadecimal segment with a decimal digit that is treated as an id.
const HEX_BYTES_MIN: usize = 8;
/// Minimum number of decimal digits of an id: order, telephone and card numbers.
const DIGITS_MIN: usize = 5;
/// Minimum length of a segment with a decimal digit that is treated as an id: ULID, nano id, token.
const MIXED_BYTES_MIN: usize = 20;
/// Replaces a segment that is not a word.
const ID: &str = ":id";
/// Replaces truncated segments.
const REST: &str = "/*";

/// Replaces numeric, UUID-like, long hexadecimal, overlong and otherwise unusual segments by `:id`.
///
/// The result starts with `/`, has at most 12 segments and 200 bytes, contains only ASCII letters,
/// digits and `-_.~:*+,()[]{}`, and ends with `/*` if it was truncated. Query and fragment must
/// have been removed.
pub(crate) fn collapse(path: &str) -> String {
    let mut collapsed = String::with_capacity(path.len().min(PATH_BYTES_MAX));
    // A path such as `//////…` has many empty segments: they are ignored.
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    for segment in segments.by_ref().take(SEGMENTS_MAX) {
        let segment = if is_word(segment) { segment } else { ID };
        if collapsed.len() + 1 + segment.len() + REST.len() > PATH_BYTES_MAX {
            collapsed.push_str(REST);
            return collapsed;
        }
        collapsed.push('/');
        collapsed.push_str(segment);
    }
    if segments.next().is_some() {
        collapsed.push_str(REST);
    }
    if collapsed.is_empty() {
        collapsed.push('/');
    }
    collapsed
}

/// Whether the segment looks like a fixed part of a route.
fn is_word(segment: &str) -> bool {
    if segment.len() > SEGMENT_BYTES_MAX || !segment.bytes().all(is_plain) {
        return false;
    }
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return true;
    }
    let hexadecimal = segment.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    digits < DIGITS_MIN
        && digits < segment.len()
        && segment.len() < MIXED_BYTES_MIN
        && !(hexadecimal && segment.len() >= HEX_BYTES_MIN)
}

/// Excludes percent signs and `@`: escapes and addresses are not words.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~:*+,()[]{}".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_every_kind_collapse_and_words_stay() {
        let cases = [
            ("", "/"),
            ("/", "/"),
            ("///", "/"),
            ("/api/v1/chat", "/api/v1/chat"),
            ("/api/tasks/42", "/api/tasks/:id"),
            ("/api/tasks/42/", "/api/tasks/:id"),
            (
                "/api/sessions/0190f2a4-7b1c-7e7a-9a55-5b8d4f6c1e2d/turns/7",
                "/api/sessions/:id/turns/:id",
            ),
            ("/api/sessions/0190F2A47B1C7E7A9A555B8D4F6C1E2D", "/api/sessions/:id"),
            ("/commit/deadbee1", "/commit/:id"),
            ("/facade/cafe", "/facade/cafe"),
            ("/u/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/u/:id"),
            ("/u/anna@example.com", "/u/:id"),
            ("/u/anna%40example.com", "/u/:id"),
            ("/card/4111-1111-1111-1111", "/card/:id"),
            ("/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "/t/:id"),
            ("/<script>alert(1)</script>", "/:id/:id"),
            ("/grüße", "/:id"),
            ("/blog/[slug]", "/blog/[slug]"),
            ("/api/tasks/:id", "/api/tasks/:id"),
            ("/api/tasks/{id}", "/api/tasks/{id}"),
            ("/-1", "/-1"),
            ("relative/7", "/relative/:id"),
        ];
        for (path, expected) in cases {
            assert_eq!(collapse(path), expected, "{path}");
        }
    }

    #[test]
    fn long_paths_are_cut() {
        assert_eq!(collapse(&"/a".repeat(12)), "/a".repeat(12));
        assert_eq!(collapse(&"/a".repeat(13)), format!("{}/*", "/a".repeat(12)));
        let wide = collapse(&format!("/{}", "abcdefghijklmnopqrstuvwxyz".to_owned()).repeat(11));
        assert!(wide.len() <= PATH_BYTES_MAX && wide.ends_with("/*"), "{wide}");
        assert_eq!(collapse(&format!("/{}", "x".repeat(100_000))), "/:id");
    }

    #[test]
    fn collapsing_twice_changes_nothing() {
        for path in ["/a/1/b", "/x/:id/*", &"/abcdefghijklmnopqrstuvwxyz".repeat(20)] {
            let once = collapse(path);
            assert_eq!(collapse(&once), once);
        }
    }
}
