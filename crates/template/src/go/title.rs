//! Titles: the first letter of each word in upper case, as `cases.Title` for American English.

/// What happens to the other letters of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// They stay.
    Kept,
    /// They become lower case.
    Lower,
}

/// The text with the first letter of each word in upper case. Words end where Unicode breaks them:
/// `can't`, `a_b` and `a.b` are one, `a-b` is two.
pub(crate) fn title(text: &str, rest: Rest) -> String {
    let mut written = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut previous: Option<char> = None;
    let mut is_inside = false;
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        if !is_part(previous, c, next) {
            is_inside = false;
            written.push(c);
        } else if is_inside {
            match rest {
                Rest::Kept => written.push(c),
                Rest::Lower => written.extend(c.to_lowercase()),
            }
        } else {
            is_inside = c.is_lowercase() || c.is_uppercase();
            written.extend(titled(c));
        }
        previous = Some(c);
    }
    written
}

fn titled(c: char) -> impl Iterator<Item = char> {
    let mut upper = c.to_uppercase();
    let first = upper.next();
    first.into_iter().chain(upper.flat_map(char::to_lowercase))
}

/// Whether a character belongs to a word, given its neighbours.
fn is_part(previous: Option<char>, c: char, next: Option<char>) -> bool {
    let is_between =
        |is_kind: fn(char) -> bool| previous.is_some_and(is_kind) && next.is_some_and(is_kind);
    match c {
        '\'' | '.' | '\u{2018}' | '\u{2019}' | '\u{2024}' => {
            is_between(char::is_alphabetic) || is_between(char::is_numeric)
        }
        ':' | '\u{b7}' | '\u{387}' | '\u{2027}' => is_between(char::is_alphabetic),
        ',' | ';' => is_between(char::is_numeric),
        '\u{300}'..='\u{36f}' => true,
        c => c.is_alphanumeric() || c == '_',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_start_in_upper_case() {
        for (text, kept, lower) in [
            ("aa bb CC", "Aa Bb CC", "Aa Bb Cc"),
            ("can't a_b a.b a-b a:b a/b a,b", "Can't A_b A.b A-B A:b A/B A,B", ""),
            ("3rd hello, WORLD 5TH", "3Rd Hello, WORLD 5TH", "3Rd Hello, World 5Th"),
            ("o'neil 'quoted' don\u{2019}t", "O'neil 'Quoted' Don\u{2019}t", ""),
            ("1.5x 2,3y a;b", "1.5X 2,3Y A;B", ""),
            ("éa ßx \u{fb01}x", "Éa Ssx Fix", ""),
            ("foo__bar _x x_ 9a a9b", "Foo__bar _X X_ 9A A9b", ""),
            ("ABC-def (ghi) [jkl]", "ABC-Def (Ghi) [Jkl]", "Abc-Def (Ghi) [Jkl]"),
            ("日本 go ГОРОД", "日本 Go ГОРОД", "日本 Go Город"),
            ("a\tb\nc e\u{301}a it's. end's", "A\tB\nC E\u{301}a It's. End's", ""),
            ("A.B.C x..y", "A.B.C X..Y", "A.b.c X..Y"),
        ] {
            let lower = if lower.is_empty() { kept } else { lower };
            assert_eq!(title(text, Rest::Kept), kept);
            assert_eq!(title(text, Rest::Lower), lower);
        }
    }
}
