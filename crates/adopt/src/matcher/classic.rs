//! The classic parser of matchers: names are ASCII, values may stand without quotes, and only
//! `\"`, `\n` and `\\` are escapes.

use signals::MatchOp;
use signals::relabel::NameScheme;

use super::Matcher;

/// The comparisons; `=` is after `=~`, which starts with it.
const OPERATORS: [(&str, MatchOp); 4] = [
    ("=~", MatchOp::Regex),
    ("=", MatchOp::Equal),
    ("!=", MatchOp::NotEqual),
    ("!~", MatchOp::NotRegex),
];

/// Parses matchers separated by commas outside of quotes.
pub(super) fn matchers(text: &str) -> Result<Vec<Matcher>, String> {
    let text = text.strip_prefix('{').unwrap_or(text);
    let text = text.strip_suffix('}').unwrap_or(text);
    let (mut matchers, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            ',' if !is_quoted => {
                matchers.push(matcher(text.get(start..at).unwrap_or_default())?);
                start = at + 1;
            }
            ',' => {}
            '"' if is_escaped => is_escaped = false,
            '"' => is_quoted = !is_quoted,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    let last = text.get(start..).unwrap_or_default().trim();
    if !last.is_empty() {
        matchers.push(matcher(last)?);
    }
    Ok(matchers)
}

/// Parses one matcher.
pub(super) fn matcher(text: &str) -> Result<Matcher, String> {
    let malformed = || format!("bad matcher format: {text}");
    let trimmed = text.trim_matches(is_space);
    let length = trimmed.find(|c: char| is_space(c) || "=!".contains(c)).unwrap_or(trimmed.len());
    let (name, rest) = trimmed.split_at(length);
    if !NameScheme::Legacy.is_metric_name(name) {
        return Err(malformed());
    }
    let rest = rest.trim_start_matches(is_space);
    let operator = |(sign, op): &(&str, MatchOp)| Some((*op, rest.strip_prefix(sign)?));
    let (op, written) = OPERATORS.iter().find_map(operator).ok_or_else(malformed)?;
    Matcher::new(name, op, value(written.trim_start_matches(is_space))?)
}

fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

/// Removes quotes and escapes.
fn value(written: &str) -> Result<String, String> {
    let misplaced = || Err(format!("matcher value contains unescaped double quote: {written}"));
    let (text, is_quoted) = match written.strip_prefix('"') {
        Some(text) => (text, true),
        None => (written, false),
    };
    let (mut value, mut characters, mut is_closed) = (String::new(), text.chars(), false);
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('n') => value.push('\n'),
                Some(c @ ('"' | '\\')) => value.push(c),
                // Nothing that is escaped: the backslash stands for itself.
                Some(c) => value.extend(['\\', c]),
                None => value.push('\\'),
            },
            '"' if is_quoted && characters.as_str().is_empty() => is_closed = true,
            '"' => return misplaced(),
            c => value.push(c),
        }
    }
    if is_quoted && !is_closed {
        return misplaced();
    }
    Ok(value)
}
