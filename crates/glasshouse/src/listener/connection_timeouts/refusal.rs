//! Error responses that hyper generates for malformed requests, bypassing our layers.

/// The header required on every response.
const NOSNIFF: &[u8] = b"x-content-type-options: nosniff\r\n";
/// Exceeds the size of all such responses.
const BYTES_MAX: usize = 512;

/// Adds the missing header to an HTTP/1 error without a body; `None` for all other bytes.
pub(super) fn secured(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > BYTES_MAX || !bytes.starts_with(b"HTTP/1.1 4") {
        return None;
    }
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    if has(NOSNIFF) || !has(b"\r\ncontent-length: 0\r\n") || !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let line_end = bytes.windows(2).position(|window| window == b"\r\n")? + 2;
    let (line, headers) = bytes.split_at(line_end);
    Some([line, NOSNIFF, headers].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_errors_are_changed() {
        let bare = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let expected = bare.replacen("\r\n", "\r\nx-content-type-options: nosniff\r\n", 1);
        assert_eq!(secured(bare.as_bytes()).unwrap(), expected.as_bytes());
        for other in [
            expected.clone(),
            bare.replace("400", "200"),
            bare.replace("length: 0", "length: 5"),
            format!("{bare}body"),
            bare.replace("close", &"x".repeat(BYTES_MAX)),
            String::new(),
        ] {
            assert_eq!(secured(other.as_bytes()), None, "{other}");
        }
    }
}
