//! Escaped label names in URLs: `U__` names encode UTF-8 with underscores and code points.

/// Decodes a label name from a URL; `None` if it is not a valid label name.
///
/// In a name with the prefix `U__`, `__` is an underscore and `_1F600_` a code point.
pub(crate) fn unescape(name: &str) -> Option<String> {
    let Some(escaped) = name.strip_prefix("U__") else {
        return (!name.is_empty()).then(|| name.to_owned());
    };
    let mut plain = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.find('_') {
        plain.push_str(rest.get(..at)?);
        rest = rest.get(at + 1..)?;
        if let Some(tail) = rest.strip_prefix('_') {
            plain.push('_');
            rest = tail;
            continue;
        }
        let end = rest.find('_')?;
        let digits = rest.get(..end).filter(|digits| (1..=6).contains(&digits.len()))?;
        plain.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = rest.get(end + 1..)?;
    }
    plain.push_str(rest);
    (!plain.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_are_read_back() {
        let cases = [
            ("job", Some("job")),
            ("service.name", Some("service.name")),
            ("U__service_2e_name", Some("service.name")),
            ("U__a__b", Some("a_b")),
            ("U___1F600_x", Some("😀x")),
            ("U__", None),
            ("U__a_", None),
            ("U__a_zz_", None),
            ("U__a_d800_", None),
            ("U__a_1234567_", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(unescape(name).as_deref(), expected, "{name}");
        }
    }
}
