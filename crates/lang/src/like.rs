//! Patterns of SQL's `LIKE`: `%` stands for any text, `_` for one character, and a backslash before
//! either for itself.

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// `%`: any text.
    Any,
    /// `_`: one character.
    One,
    Char(char),
}

/// A parsed pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    tokens: Vec<Token>,
    ignores_case: bool,
}

impl Pattern {
    /// Parses a pattern of `LIKE`, or of `ILIKE`, which ignores case. Every text is a pattern.
    #[must_use]
    pub fn new(pattern: &str, ignores_case: bool) -> Self {
        let mut tokens = Vec::with_capacity(pattern.len());
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            let token = match char {
                '%' if tokens.last() == Some(&Token::Any) => continue,
                '%' => Token::Any,
                '_' => Token::One,
                // A backslash at the end stands for itself.
                '\\' => Token::Char(chars.next().unwrap_or('\\')),
                char => Token::Char(char),
            };
            tokens.push(token);
        }
        Self { tokens, ignores_case }
    }

    /// Whether the pattern matches the whole text. In the worst case the time is the product of
    /// both lengths: `count` is called with the comparisons to come.
    ///
    /// # Errors
    /// Those of `count`, which ends the matching.
    pub fn matches<E>(
        &self,
        text: &str,
        count: &mut impl FnMut(usize) -> Result<(), E>,
    ) -> Result<bool, E> {
        count(self.tokens.len())?;
        let (mut tokens, mut chars) = (self.tokens.as_slice(), text.chars());
        // What follows the last `%`, and the text from where it is tried. Earlier `%` need not be
        // tried again.
        let mut after_any = None;
        loop {
            count(1)?;
            if let Some((Token::Any, rest)) = tokens.split_first() {
                if rest.is_empty() {
                    return Ok(true);
                }
                after_any = Some((rest, chars.clone()));
                tokens = rest;
                continue;
            }
            match (tokens.split_first(), chars.next()) {
                (Some((token, rest)), Some(char)) if self.is_match(*token, char) => tokens = rest,
                (None, None) => return Ok(true),
                // The text ends before the pattern, however much of it `%` takes.
                (Some(_), None) => return Ok(false),
                _ => {
                    let Some((rest, start)) = &mut after_any else { return Ok(false) };
                    start.next();
                    tokens = rest;
                    chars = start.clone();
                }
            }
        }
    }

    fn is_match(&self, token: Token, char: char) -> bool {
        match token {
            Token::Any | Token::One => true,
            Token::Char(expected) if self.ignores_case => {
                expected == char
                    || expected.to_lowercase().eq(char.to_lowercase())
                    || expected.to_uppercase().eq(char.to_uppercase())
            }
            Token::Char(expected) => expected == char,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn wildcards_match_as_in_sql() {
        for (pattern, ignores_case, matching, others) in [
            ("", false, &[""][..], &["a"][..]),
            ("%", false, &["", "a", "a\nb"], &[]),
            ("_", false, &["a", "ß", "%"], &["", "ab"]),
            ("a%b%", false, &["ab", "a%b", "aab", "axbx"], &["a", "ba", "Ab"]),
            ("%aab", false, &["aab", "aaab", "aabaab"], &["aaba"]),
            ("a\\%\\_", false, &["a%_"], &["ab_", "a%b"]),
            ("a\\", false, &["a\\"], &["a"]),
            ("ä_", true, &["Äb", "ÄB"], &["äbc"]),
            ("s%", true, &["S", "ſx"], &["x"]),
        ] {
            let pattern = Pattern::new(pattern, ignores_case);
            let count = &mut |_| Ok::<_, Infallible>(());
            for text in matching {
                assert_eq!(pattern.matches(text, count), Ok(true), "{pattern:?} {text:?}");
            }
            for text in others {
                assert_eq!(pattern.matches(text, count), Ok(false), "{pattern:?} {text:?}");
            }
        }
    }

    #[test]
    fn matching_ends_when_too_many_comparisons_are_counted() {
        let (mut left, text) = (10_000_usize, "a".repeat(1_000));
        let matches = Pattern::new("%a%a%a%b", false).matches(&text, &mut |steps| {
            left = left.checked_sub(steps).ok_or("too many")?;
            Ok::<_, &str>(())
        });
        // A `%` before the last is not tried again.
        assert_eq!(matches, Ok(false));
        let none = &mut |_| Err::<(), _>("too many");
        assert_eq!(Pattern::new("%a%b", false).matches(&text, none), Err("too many"));
    }
}
