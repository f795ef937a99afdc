//! Patterns of Go's `regexp` as patterns of Rust's.
//!
//! The syntax is nearly the same. In Go `\d`, `\w`, `\s` and `\b` are ASCII, `\Q…\E` quotes, a `{`
//! that starts no repetition is text, and so are `[`, `&` and `~` in a class.

/// Rewrites a pattern so that Rust reads it as Go does. What Go refuses may be accepted.
pub(super) fn translated(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut class = Class::Outside;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' => escape(after, class, &mut written),
            '[' if class == Class::Outside => {
                written.push('[');
                class = Class::Start;
                match after.strip_prefix('^') {
                    Some(after) => {
                        written.push('^');
                        after
                    }
                    None => after,
                }
            }
            '[' if after.starts_with(':') => {
                let length = after.find(":]").map_or(1, |end| end + 2);
                written.push('[');
                written.push_str(&after[..length]);
                class = Class::Inside;
                &after[length..]
            }
            ']' if class == Class::Inside => {
                written.push(']');
                class = Class::Outside;
                after
            }
            _ => {
                let is_text = match class {
                    Class::Outside => c == '{' && !is_repetition(after),
                    _ => matches!(c, '[' | ']' | '&' | '~'),
                };
                if is_text {
                    written.push('\\');
                }
                written.push(c);
                if class == Class::Start {
                    class = Class::Inside;
                }
                after
            }
        };
        if class == Class::Start && c != '[' {
            class = Class::Inside;
        }
    }
    written
}

/// Whether the next character is in a class, and is its first.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Class {
    Outside,
    Start,
    Inside,
}

/// Writes what follows a backslash; returns the rest.
fn escape<'a>(after: &'a str, class: Class, written: &mut String) -> &'a str {
    let Some(c) = after.chars().next() else {
        written.push('\\');
        return after;
    };
    let rest = &after[c.len_utf8()..];
    let set = match c {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => "[\\t\\n\\f\\r ]",
        'S' => "[^\\t\\n\\f\\r ]",
        'b' if class == Class::Outside => "(?-u:\\b)",
        'Q' => {
            let (text, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            written.push_str(&regex::escape(text));
            return rest;
        }
        _ => "",
    };
    if !set.is_empty() {
        written.push_str(set);
        return rest;
    }
    written.push('\\');
    written.push(c);
    // The braces of a code point or of a Unicode class.
    let braces =
        if matches!(c, 'p' | 'P' | 'x') && rest.starts_with('{') { rest.find('}') } else { None };
    let (kept, rest) = rest.split_at(braces.map_or(0, |end| end + 1));
    written.push_str(kept);
    rest
}

/// Whether the text after a `{` is `n}`, `n,}` or `n,m}`.
fn is_repetition(after: &str) -> bool {
    let Some((range, _)) = after.split_once('}') else {
        return false;
    };
    let (least, most) = range.split_once(',').unwrap_or((range, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, text: &str) -> bool {
        regex::Regex::new(&format!("^(?s:{})$", translated(pattern))).unwrap().is_match(text)
    }

    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, text, expected) in [
            ("\\d+", "12", true),
            ("\\d+", "\u{0661}", false),
            ("\\w", "ä", false),
            ("[\\w.]+", "a.b", true),
            ("[^\\s]", "\u{a0}", true),
            ("\\S+", "a\u{a0}", true),
            ("a\\b-b", "a-b", true),
            ("[^[]+", "ab", true),
            ("[^[]+", "a[", false),
            ("[[]", "[", true),
            ("[]a]+", "]a", true),
            ("[^]]+", "ab", true),
            ("[[:alpha:]]+", "ab", true),
            ("[[:alpha:]-]+", "a-b", true),
            ("[a&&b]+", "a&b", true),
            ("[a~~b]+", "~", true),
            ("{.*}", "{a}", true),
            ("a{2}", "aa", true),
            ("a{1,}", "aaa", true),
            ("a{,2}", "a{,2}", true),
            ("\\Qa.b\\E.", "a.bc", true),
            ("\\Qa.b\\E.", "aXbc", false),
            ("\\x{41}\\p{L}", "Ab", true),
            ("\\[([^\\]]+)\\]:\\d+", "[::1]:80", true),
            ("(?i)AB", "ab", true),
        ] {
            assert_eq!(is_match(pattern, text), expected, "{pattern} {text}");
        }
    }
}
