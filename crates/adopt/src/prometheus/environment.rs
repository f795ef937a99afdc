//! References to environment variables in external labels, by the rules of Go's `os.Expand`.

/// Replaces `$name` and `${name}` by the variable's value, and `$$` by `$`.
pub(super) fn expand(text: &str, variable: impl Fn(&str) -> Option<String>) -> String {
    let (mut expanded, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let (name, length) = reference(after);
        match name {
            Some("$") => expanded.push('$'),
            Some(name) => expanded.push_str(&variable(name).unwrap_or_default()),
            // Nothing that could be a name: the sign stands for itself. Otherwise bad syntax, which
            // is left out.
            None if length == 0 => expanded.push('$'),
            None => {}
        }
        rest = &after[length..];
    }
    expanded.push_str(rest);
    expanded
}

/// The name after a `$`, and the length of the reference.
fn reference(text: &str) -> (Option<&str>, usize) {
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    match text.chars().next() {
        Some('{') => match text[1..].split_once('}') {
            Some(("", _)) => (None, 2),
            Some((name, _)) => (Some(name), name.len() + 2),
            None => (None, 1),
        },
        Some('*' | '#' | '$' | '@' | '!' | '?' | '-' | '0'..='9') => (Some(&text[..1]), 1),
        _ => {
            let length = text.find(|c| !is_word(c)).unwrap_or(text.len());
            ((length > 0).then(|| &text[..length]), length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_expand_as_in_go() {
        let variable = |name: &str| (name == "FOO").then(|| "bar".to_owned());
        for (text, expected) in [
            ("$FOO", "bar"),
            ("${FOO}x", "barx"),
            ("a$FOO-$FOO", "abar-bar"),
            ("$$FOO", "$FOO"),
            ("${NONE}", ""),
            ("$1FOO", "FOO"),
            ("$", "$"),
            ("$ a", "$ a"),
            ("${}a", "a"),
            ("${FOO", "FOO"),
        ] {
            assert_eq!(expand(text, variable), expected, "{text}");
        }
    }
}
