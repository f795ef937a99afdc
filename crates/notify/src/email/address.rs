//! Addresses, as a header has them.

/// Characters of an address.
const ADDRESS_CHARS_MAX: usize = 320;
/// Addresses of a header.
const ADDRESSES_MAX: usize = 1000;

/// The addresses of a list such as `a@b, "C, D" <c@d>`, without names.
///
/// # Errors
/// What is not an address.
pub(super) fn list(text: &str) -> Result<Vec<String>, String> {
    let mut addresses = Vec::new();
    for part in parts(text)? {
        let part = part.trim();
        let address = match part.split_once('<') {
            None => part,
            Some((name, _)) if name.contains(['>', '@', ':', ';', '\r', '\n']) => {
                return Err(format!("invalid character in the name of {part:?}"));
            }
            Some((_, rest)) => {
                let (address, rest) = rest
                    .split_once('>')
                    .ok_or_else(|| format!("unclosed angle-addr in {part:?}"))?;
                if !rest.trim().is_empty() {
                    return Err(format!("unexpected text after an address in {part:?}"));
                }
                address
            }
        };
        check(address).map_err(|reason| format!("{address:?}: {reason}"))?;
        addresses.push(address.to_owned());
        if addresses.len() > ADDRESSES_MAX {
            return Err(format!("more than {ADDRESSES_MAX} addresses"));
        }
    }
    Ok(addresses)
}

/// The parts between commas, of which names in quotes may contain some. The quotes are left out.
fn parts(text: &str) -> Result<Vec<String>, String> {
    let mut parts = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in text.chars() {
        if is_quoted {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => is_quoted = false,
                _ => {}
            }
            continue;
        }
        match (c, parts.last_mut()) {
            ('"', _) => is_quoted = true,
            (',', _) => parts.push(String::new()),
            (c, Some(part)) => part.push(c),
            _ => {}
        }
    }
    if is_quoted {
        return Err("unclosed quoted-string".to_owned());
    }
    Ok(parts)
}

/// Whether a text may stand in a command of SMTP: a local part without quotes, and a host.
fn check(address: &str) -> Result<(), &'static str> {
    let Some((local, host)) = address.rsplit_once('@') else { return Err("no @ in address") };
    if local.is_empty() || host.is_empty() {
        return Err("no name or no host in address");
    }
    if address.chars().count() > ADDRESS_CHARS_MAX {
        return Err("address is too long");
    }
    let is_forbidden =
        |c: char| c.is_whitespace() || c.is_control() || "<>()[]\\,;:\"@".contains(c);
    let is_literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = is_literal.unwrap_or(host);
    let is_host = |c: char| !is_forbidden(c) || (is_literal.is_some() && c == ':');
    if local.contains(is_forbidden) || !host.chars().all(is_host) {
        return Err("invalid character in address");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn addresses_are_taken_out_of_their_names() {
        for (text, expected) in [
            ("a@b", &["a@b"][..]),
            (" a@b , c+d@e.f", &["a@b", "c+d@e.f"]),
            ("\"B, C\" <a@b>, D <d@e>", &["a@b", "d@e"]),
            ("\"q\\\"<x@y>\" <a@b>", &["a@b"]),
            ("a@[127.0.0.1]", &["a@[127.0.0.1]"]),
            ("jörg@müller.de", &["jörg@müller.de"]),
        ] {
            assert_eq!(list(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn nothing_else_becomes_a_command() {
        for text in [
            "",
            "a",
            "a@",
            "@b",
            "a@b,",
            "a b@c",
            "<a@b",
            "<a@b> c",
            "\"a <a@b>",
            "a@b>\r\nRCPT TO:<c@d",
            "a@b\r\nDATA",
            "a@b\nc",
            "a@b c@d",
            "a@b@c",
            "a@b> SIZE=1 <c@d>",
            "<a@b>, <c@d\u{0}>",
        ] {
            assert!(list(text).is_err(), "{text:?}: {:?}", list(text));
        }
        let long = format!("{}@b", "a".repeat(400));
        assert!(list(&long).is_err());
        assert!(list(&"a@b,".repeat(2000)).is_err());
    }
}
