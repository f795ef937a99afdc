//! `detected_level`: the severity that Loki adds to lines sent without one.

use std::borrow::Cow;

use super::{json, logfmt};

/// The label.
pub(super) const DETECTED_LEVEL: &str = "detected_level";

/// Names of the level in labels, metadata and lines.
const FIELDS: [&str; 15] = [
    "level",
    "LEVEL",
    "Level",
    "log.level",
    "severity",
    "SEVERITY",
    "Severity",
    "SeverityText",
    "lvl",
    "LVL",
    "Lvl",
    "severity_text",
    "Severity_Text",
    "SEVERITY_TEXT",
    "log_level",
];

/// Level keywords in lines without fields.
const KEYWORDS: [(&str, &str); 9] = [
    ("trace", "trace"),
    ("debug", "debug"),
    ("info", "info"),
    ("warning", "warn"),
    ("warn", "warn"),
    ("error", "error"),
    ("err", "error"),
    ("critical", "critical"),
    ("fatal", "fatal"),
];

/// Whether a label or field of this name holds the level.
pub(super) fn is_level_field(name: &str) -> bool {
    FIELDS.contains(&name)
}

/// The canonical name of a level, or `None` if it is unknown.
fn usual(word: &str) -> Option<&'static str> {
    let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    if is(&["trace", "trc"]) {
        Some("trace")
    } else if is(&["debug", "dbg"]) {
        Some("debug")
    } else if is(&["info", "inf", "information"]) {
        Some("info")
    } else if is(&["warn", "wrn", "warning"]) {
        Some("warn")
    } else if is(&["error", "err"]) {
        Some("error")
    } else if is(&["critical"]) {
        Some("critical")
    } else if is(&["fatal"]) {
        Some("fatal")
    } else {
        None
    }
}

/// The level from a label or metadata with a known name; unknown values are unchanged.
pub(super) fn of_field(value: &str) -> Cow<'_, str> {
    usual(value).map_or(Cow::Borrowed(value), Cow::Borrowed)
}

/// The level of an OpenTelemetry severity; `None` for 0.
pub(super) fn of_severity(number: u8) -> Option<&'static str> {
    match number {
        0 => None,
        1..=4 => Some("trace"),
        5..=8 => Some("debug"),
        9..=12 => Some("info"),
        13..=16 => Some("warn"),
        17..=20 => Some("error"),
        21..=24 => Some("fatal"),
        _ => Some("unknown"),
    }
}

/// The level found in the line itself.
pub(super) fn of_line(line: &str) -> &'static str {
    let field = if line.trim_start().starts_with('{') {
        let mut found = None;
        let _ = json::fields(line, |key, value| {
            if is_level(&key)
                && let json::Value::Text(text) = value
            {
                found = Some(usual(&text).unwrap_or("unknown"));
            }
            found.is_none()
        });
        found
    } else if line.contains('=') {
        let mut found = None;
        let _ = logfmt::pairs(line, false, |key, value| {
            if found.is_none()
                && is_level(key)
                && let Some(value) = value
            {
                found = Some(usual(value.trim_matches('\'')).unwrap_or("unknown"));
            }
        });
        found
    } else {
        None
    };
    field.unwrap_or_else(|| of_words(line))
}

fn is_level(key: &str) -> bool {
    FIELDS.iter().any(|field| field.eq_ignore_ascii_case(key))
}

/// The first level keyword that is a separate word.
fn of_words(line: &str) -> &'static str {
    let bytes = line.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        // A word starts after a separator; only then is it compared.
        let is_start = at == 0 || bytes.get(at - 1).is_some_and(|b| separates_before(*b));
        if is_start
            && byte.is_ascii_alphabetic()
            && let Some(rest) = bytes.get(at..)
        {
            for (word, level) in KEYWORDS {
                let is_word = rest
                    .get(..word.len())
                    .is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
                if is_word && rest.get(word.len()).is_none_or(|b| separates_after(*b)) {
                    return level;
                }
            }
        }
        at += 1;
    }
    "unknown"
}

fn separates_before(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || matches!(byte, b'[' | b'(' | b'{' | b'<' | b'"' | b'\'' | b'|' | b',' | b';' | b'=')
}

fn separates_after(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || matches!(
            byte,
            b']' | b')'
                | b'}'
                | b'>'
                | b'"'
                | b'\''
                | b'|'
                | b','
                | b';'
                | b':'
                | b'='
                | b'.'
                | b'!'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_their_level() {
        for (line, level) in [
            (r#"{"msg":"an error but","level":"critical"}"#, "critical"),
            (r#"{"FOO":"bar","LEVEL":"Critical"}"#, "critical"),
            (r#"{"message": "error occurred"}"#, "error"),
            (r#"{"errorCode": 123}"#, "unknown"),
            ("foo=bar msg=\"error not picked\" level=Warn", "warn"),
            ("foo=bar level=NA", "unknown"),
            ("event='x' level='info' t='y'", "info"),
            ("this is a DEBUG message", "debug"),
            ("[err] this", "error"),
            ("debugging the issue", "unknown"),
            ("component=misc:error [info] processed", "info"),
            ("warning: degraded, info follows", "warn"),
            ("GET /api/error-handler 500", "unknown"),
            ("a|INFO|b", "info"),
            ("log_error called", "unknown"),
            ("", "unknown"),
        ] {
            assert_eq!(of_line(line), level, "{line}");
        }
    }

    #[test]
    fn severities_and_fields_have_usual_names() {
        assert_eq!(
            (of_severity(0), of_severity(17), of_severity(24), of_severity(99)),
            (None, Some("error"), Some("fatal"), Some("unknown"))
        );
        assert_eq!((of_field("WaRn"), of_field("notice")), ("warn".into(), "notice".into()));
    }
}
