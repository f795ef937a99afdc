//! The text of a mail: headers, and the same body as text and as HTML.

use std::fmt::Write as _;

use adopt::alertmanager::receiver::{EmailConfig, Threading};
use chrono::{DateTime, Utc};

use super::address;
use crate::hash::sha256;
use crate::notification::Failure;
use crate::texts::Texts;
use crate::truncate;

/// The header of a mail without one.
const SUBJECT: &str = "{{ template \"email.default.subject\" . }}";
/// Characters of a subject.
const SUBJECT_CHARS_MAX: usize = 1000;
/// Bytes of a line of a header that need no encoding.
const LINE_BYTES_MAX: usize = 900;
/// Bytes of an encoded word, and of an encoded line of a body.
const WORD_BYTES_MAX: usize = 75;
const BODY_LINE_BYTES_MAX: usize = 76;

/// A mail that is ready to be sent.
pub(super) struct Mail {
    /// The sender's address.
    pub(super) from: String,
    /// The addresses of those who get it.
    pub(super) to: Vec<String>,
    /// Headers and body. Lines end with CR and LF.
    pub(super) text: String,
    /// The mail for the history of notifications.
    pub(super) shown: String,
}

/// The mail of a notification.
pub(super) fn mail(config: &EmailConfig, texts: &Texts<'_>) -> Result<Mail, Failure> {
    let from = of(texts.text(&config.from), "execute 'from' template")?;
    let to = of(texts.text(&config.to), "execute 'to' template")?;
    let parsed = |text: &str, what: &str| {
        let fail = |reason| Failure::permanent(format!("parse '{what}' addresses: {reason}"));
        address::list(text).map_err(fail)
    };
    let senders = parsed(&from, "from")?;
    let [sender] = senders.as_slice() else {
        let count = senders.len();
        let reason = format!("must be exactly one 'from' address (got: {count})");
        return Err(Failure::permanent(reason));
    };
    let recipients = parsed(&to, "to")?;
    let headers = headers(config, texts, &from, &to)?;
    let body = if config.text.is_empty() {
        String::new()
    } else {
        of(texts.text(&config.text), "execute text template")?
    };
    let html = if config.html.is_empty() {
        String::new()
    } else {
        of(texts.html(&config.html), "execute html template")?
    };
    let now_ns = texts.notification().now_ns;
    // The same mail has the same id if it is sent again, so that it is shown once.
    let id = sha256(&format!("{}\n{now_ns}\n{to}", texts.notification().group_key));
    let mut text = String::new();
    for (name, value) in &headers {
        header(&mut text, name, value);
    }
    if !has(&headers, "Message-Id") {
        let host = sender.rsplit_once('@').map_or("localhost", |(_, host)| host);
        let host = if host.is_ascii() { host } else { "localhost" };
        let id = id.get(..32).unwrap_or_default();
        header(&mut text, "Message-Id", &format!("<{now_ns}.{id}@{host}>"));
    }
    let now = DateTime::from_timestamp_nanos(now_ns);
    if let Some(threading) = config.threading {
        let root = thread(threading, texts, &now);
        header(&mut text, "References", &root);
        header(&mut text, "In-Reply-To", &root);
    }
    if !has(&headers, "Date") {
        header(&mut text, "Date", &now.format("%a, %d %b %Y %H:%M:%S %z").to_string());
    }
    // Nobody who writes a part of a body can know the boundary, which depends on all of it.
    let boundary = sha256(&format!("{id}\n{body}\n{html}"));
    let boundary = boundary.get(..60).unwrap_or_default();
    let _ = write!(
        text,
        "Content-Type: multipart/alternative; boundary={boundary}\r\nMIME-Version: 1.0\r\n\r\n"
    );
    for (kind, part) in [("plain", &body), ("html", &html)] {
        if !part.is_empty() {
            let _ = write!(
                text,
                "--{boundary}\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: \
                 text/{kind}; charset=UTF-8\r\n\r\n{}\r\n",
                quoted_printable(part)
            );
        }
    }
    let _ = write!(text, "--{boundary}--\r\n");
    let mut shown = String::new();
    for (name, value) in &headers {
        let _ = writeln!(shown, "{name}: {value}");
    }
    let _ = write!(shown, "\n{}", if body.is_empty() { &html } else { &body });
    Ok(Mail { from: sender.clone(), to: recipients, text, shown })
}

/// The headers of the settings, with those that a mail needs.
fn headers(
    config: &EmailConfig,
    texts: &Texts<'_>,
    from: &str,
    to: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in &config.headers {
        let value = texts.text(value);
        let value =
            value.map_err(|failure| failure.of(&format!("execute {name:?} header template")))?;
        headers.push((name.clone(), value));
    }
    for (name, value) in [("From", from), ("To", to)] {
        if !has(&headers, name) {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    if !has(&headers, "Subject") {
        let subject = of(texts.text(SUBJECT), "execute \"Subject\" header template")?;
        headers.push(("Subject".to_owned(), subject));
    }
    for (name, value) in &mut headers {
        if name == "Subject" {
            *value = truncate::to_chars(std::mem::take(value), SUBJECT_CHARS_MAX);
        }
    }
    Ok(headers)
}

fn of(text: Result<String, Failure>, doing: &str) -> Result<String, Failure> {
    text.map_err(|failure| failure.of(doing))
}

fn has(headers: &[(String, String)], name: &str) -> bool {
    headers.iter().any(|(known, _)| known == name)
}

/// The id of a mail that does not exist, below which programs show the mails of a group.
fn thread(threading: Threading, texts: &Texts<'_>, now: &DateTime<Utc>) -> String {
    let day = match threading {
        Threading::All => String::new(),
        Threading::Daily => now.format("%Y-%m-%d").to_string(),
    };
    let key = texts.key();
    format!("<alert-{}-{day}@alertmanager>", key.get(..16).unwrap_or_default())
}

/// Writes a header, encoded if it is not plain text: RFC 2047.
fn header(out: &mut String, name: &str, value: &str) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\t');
    let _ = write!(out, "{name}: ");
    if value.bytes().all(is_plain) && name.len() + value.len() < LINE_BYTES_MAX {
        out.push_str(value);
    } else {
        encoded_words(out, value);
    }
    out.push_str("\r\n");
}

fn encoded_words(out: &mut String, value: &str) {
    const START: &str = "=?utf-8?q?";
    const END: &str = "?=";
    let mut length = START.len() + END.len();
    out.push_str(START);
    for c in value.chars() {
        let mut encoded = String::new();
        match c {
            ' ' => encoded.push('_'),
            '!'..='~' if !"=?_".contains(c) => encoded.push(c),
            c => percent(&mut encoded, c),
        }
        if length + encoded.len() > WORD_BYTES_MAX {
            let _ = write!(out, "{END}\r\n {START}");
            length = START.len() + END.len();
        }
        length += encoded.len();
        out.push_str(&encoded);
    }
    out.push_str(END);
}

/// Writes the bytes of a character as `=` and digits.
fn percent(out: &mut String, c: char) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        let _ = write!(out, "={byte:02X}");
    }
}

/// A text whose lines end with LF, or with CR and LF, in lines of a bounded length: RFC 2045.
fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for line in text.split_inclusive('\n') {
        let end = line.strip_suffix("\r\n").or_else(|| line.strip_suffix('\n'));
        let (line, end) = end.map_or((line, ""), |line| (line, "\r\n"));
        let mut length = 0;
        let mut characters = line.chars().peekable();
        while let Some(c) = characters.next() {
            let is_last = characters.peek().is_none();
            let mut encoded = String::new();
            match c {
                '!'..='~' if c != '=' => encoded.push(c),
                ' ' | '\t' if !is_last => encoded.push(c),
                c => percent(&mut encoded, c),
            }
            // A line that goes on ends with `=`.
            if length + encoded.len() >= BODY_LINE_BYTES_MAX {
                out.push_str("=\r\n");
                length = 0;
            }
            length += encoded.len();
            out.push_str(&encoded);
        }
        out.push_str(end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_one_header() {
        let long = "x".repeat(1000);
        for (value, expected) in [
            ("[FIRING:1] a <b@c>", "A: [FIRING:1] a <b@c>\r\n"),
            ("a\r\nBcc: x@y", "A: =?utf-8?q?a=0D=0ABcc:_x@y?=\r\n"),
            ("ä", "A: =?utf-8?q?=C3=A4?=\r\n"),
            ("a\u{0}=?_", "A: =?utf-8?q?a=00=3D=3F=5F?=\r\n"),
            ("", "A: \r\n"),
        ] {
            let mut out = String::new();
            header(&mut out, "A", value);
            assert_eq!(out, expected);
        }
        let mut out = String::new();
        header(&mut out, "A", &long);
        assert!(out.lines().all(|line| line.len() <= 80), "{out}");
        assert!(out.lines().skip(1).all(|line| line.starts_with(" =?utf-8?q?")), "{out}");
    }

    #[test]
    fn a_body_is_encoded_in_short_lines() {
        for (text, expected) in [
            ("a=b\nä \n.\n", "a=3Db\r\n=C3=A4=20\r\n.\r\n"),
            ("a\r\nb\rc", "a\r\nb=0Dc"),
            ("tab\t", "tab=09"),
            ("a\n\nb\r", "a\r\n\r\nb=0D"),
        ] {
            assert_eq!(quoted_printable(text), expected);
        }
        let encoded = quoted_printable(&"äx".repeat(500));
        assert!(encoded.lines().all(|line| line.len() <= BODY_LINE_BYTES_MAX), "{encoded}");
        let joined = encoded.replace("=\r\n", "").replace("=C3=A4", "ä");
        assert_eq!(joined, "äx".repeat(500));
    }
}
