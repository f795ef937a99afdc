//! File name patterns, as in Go's `filepath.Glob`: `*`, `?`, `[a-z]`, `[^a]` and `\`, none of which
//! matches a `/`.

use std::path::{Component, Path, PathBuf};

use crate::files::Files;

/// The files that match a pattern, in order of names. Folders that cannot be read match nothing.
///
/// # Errors
/// A message if the pattern is malformed.
pub fn matching_files(pattern: &Path, files: &dyn Files) -> Result<Vec<PathBuf>, String> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let text = component.as_os_str().to_string_lossy();
        let is_pattern = text.contains(['*', '?', '[', '\\']);
        match component {
            Component::Normal(_) if is_pattern => {
                check(&text)?;
                found = found.iter().flat_map(|folder| within(folder, &text, files)).collect();
            }
            _ => found.iter_mut().for_each(|path| path.push(component)),
        }
    }
    found.retain(|path| files.exists(path));
    Ok(found)
}

fn within(folder: &Path, pattern: &str, files: &dyn Files) -> Vec<PathBuf> {
    let place = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = files.names(place).unwrap_or_default();
    let names = names.iter().filter_map(|name| name.to_str());
    let mut matching: Vec<&str> = names.filter(|name| is_match(pattern, name)).collect();
    matching.sort_unstable();
    matching.into_iter().map(|name| folder.join(name)).collect()
}

fn check(pattern: &str) -> Result<(), String> {
    let mut rest = pattern;
    while let Some((token, after)) = token(rest) {
        if matches!(token, Token::Malformed) {
            return Err("syntax error in pattern".to_owned());
        }
        rest = after;
    }
    Ok(())
}

enum Token<'a> {
    Any,
    One,
    Literal(char),
    Class { body: &'a str, is_negated: bool },
    Malformed,
}

fn token(pattern: &str) -> Option<(Token<'_>, &str)> {
    let mut characters = pattern.chars();
    let token = match characters.next()? {
        '*' => Token::Any,
        '?' => Token::One,
        '\\' => characters.next().map_or(Token::Malformed, Token::Literal),
        '[' => {
            let inner = characters.as_str();
            let (body, is_negated) = match inner.strip_prefix('^') {
                Some(body) => (body, true),
                None => (inner, false),
            };
            return Some(match class_end(body) {
                Some(end) if end > 0 => {
                    (Token::Class { body: &body[..end], is_negated }, &body[end + 1..])
                }
                _ => (Token::Malformed, ""),
            });
        }
        c => Token::Literal(c),
    };
    Some((token, characters.as_str()))
}

fn class_end(body: &str) -> Option<usize> {
    let mut characters = body.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            ']' => return Some(at),
            '\\' => {
                characters.next()?;
            }
            _ => {}
        }
    }
    None
}

fn is_in_class(body: &str, c: char) -> bool {
    let mut characters = body.chars().peekable();
    let mut is_found = false;
    while let Some(mut low) = characters.next() {
        if low == '\\' {
            low = characters.next().unwrap_or('\\');
        }
        let mut high = low;
        if characters.next_if_eq(&'-').is_some() {
            high = characters.next().unwrap_or(low);
            if high == '\\' {
                high = characters.next().unwrap_or('\\');
            }
        }
        is_found |= (low..=high).contains(&c);
    }
    is_found
}

fn is_match(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    // Where to go on if the text after the last `*` does not match here.
    let mut retry: Option<(&str, &str)> = None;
    loop {
        let next = name.chars().next();
        let after_next = || next.map_or("", |c| &name[c.len_utf8()..]);
        let matched = match token(pattern) {
            Some((Token::Any, after)) => {
                retry = Some((after, name));
                pattern = after;
                continue;
            }
            Some((Token::One, after)) => next.map(|_| after),
            Some((Token::Literal(c), after)) => (next == Some(c)).then_some(after),
            Some((Token::Class { body, is_negated }, after)) => {
                next.and_then(|c| (is_in_class(body, c) != is_negated).then_some(after))
            }
            Some((Token::Malformed, _)) => return false,
            None if name.is_empty() => return true,
            None => None,
        };
        if let Some(after) = matched {
            (pattern, name) = (after, after_next());
            continue;
        }
        let Some((after_any, skipped)) = retry else {
            return false;
        };
        let Some(c) = skipped.chars().next() else {
            return false;
        };
        let skipped = &skipped[c.len_utf8()..];
        retry = Some((after_any, skipped));
        (pattern, name) = (after_any, skipped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_in_go() {
        for (pattern, name, expected) in [
            ("*.yml", "a.yml", true),
            ("*.yml", "a.yaml", false),
            ("*", "", true),
            ("a*b*c", "axbyc", true),
            ("a*b*c", "axbyd", false),
            ("?.yml", "ä.yml", true),
            ("?.yml", ".yml", false),
            ("[a-c]1", "b1", true),
            ("[^a-c]1", "b1", false),
            ("[\\]]", "]", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
        ] {
            assert_eq!(is_match(pattern, name), expected, "{pattern} {name}");
        }
        assert!(check("[a").is_err() && check("[]").is_err() && check("a\\").is_err());
    }
}
