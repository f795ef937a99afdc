//! A set of keys prepared for writing: all constant parts as bytes.

use tracing::Level;

use super::LogFormat;
use super::escape::{json, word};
use super::fields::{LevelStyle, LogFields, TimeStyle};

/// Maximum length of a service name, logger or key.
const NAME_BYTES_MAX: usize = 1024;

/// Keys of a line that are not available to fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reserved {
    /// On every line.
    Always,
    /// On lines within a span.
    InSpan,
    /// On lines within a session.
    InSession,
}

/// A set of keys prepared for writing.
pub(crate) struct Shape {
    pub(crate) format: LogFormat,
    pub(crate) time_style: TimeStyle,
    /// The bytes before the time.
    pub(crate) before_time: Vec<u8>,
    levels: [Vec<u8>; 5],
    /// The bytes before the logger; `None` omits it.
    pub(crate) before_logger: Option<Vec<u8>>,
    pub(crate) before_message: Vec<u8>,
    pub(crate) after_message: &'static [u8],
    /// Service, process and host.
    pub(crate) constants: Vec<u8>,
    pub(crate) before_trace_id: Vec<u8>,
    pub(crate) before_span_id: Vec<u8>,
    pub(crate) after_id: &'static [u8],
    pub(crate) before_session_id: Vec<u8>,
    reserved: Vec<(String, Reserved)>,
    renames: Vec<(String, String)>,
}

impl Shape {
    /// Prepares a set of keys for a service.
    pub(crate) fn new(fields: &LogFields, format: LogFormat, service: &str) -> Self {
        let is_json = format == LogFormat::Json;
        let start = |key: &str| if is_json { json_key(key, true) } else { text_key(key) };
        let mut constants = Vec::new();
        let host = fields.host_name.as_ref().map(|key| (key, host_name()));
        let service = fields.service.as_ref().map(|key| (key, service.to_owned()));
        if let (Some(key), true) = (&fields.process_id, is_json) {
            constants.extend(json_key(key, false));
            constants.extend_from_slice(std::process::id().to_string().as_bytes());
        }
        for (key, value) in host.into_iter().chain(service) {
            constants.extend(start(key));
            let value = value.get(..value.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default();
            if is_json {
                json(&mut constants, value);
                constants.push(b'"');
            } else {
                word(&mut constants, value);
            }
        }
        let mut before_time = json_key(&fields.timestamp, fields.time_style == TimeStyle::Rfc3339);
        if let Some(first) = before_time.first_mut() {
            *first = b'{';
        }
        Self {
            format,
            time_style: if is_json { fields.time_style } else { TimeStyle::Rfc3339 },
            before_time: if is_json { before_time } else { Vec::new() },
            levels: levels(fields, is_json),
            before_logger: if is_json {
                fields.logger.as_ref().map(|key| start(key))
            } else {
                Some(b" ".to_vec())
            },
            before_message: if is_json { start(&fields.message) } else { b": ".to_vec() },
            after_message: if is_json { b"\"" } else { b"" },
            constants,
            before_trace_id: start(&fields.trace_id),
            before_span_id: start(&fields.span_id),
            after_id: if is_json { b"\"" } else { b"" },
            before_session_id: start(&fields.session_id),
            reserved: reserved(fields),
            renames: fields.renames.clone().into_iter().collect(),
        }
    }

    /// The level with its key and separators.
    pub(crate) fn level(&self, level: Level) -> &[u8] {
        let [trace, debug, info, warn, error] = &self.levels;
        match level {
            Level::TRACE => trace,
            Level::DEBUG => debug,
            Level::INFO => info,
            Level::WARN => warn,
            Level::ERROR => error,
        }
    }

    /// The name of a field in the line, and whether it conflicts with a key of the line.
    pub(crate) fn name<'a>(
        &'a self,
        field: &'a str,
        is_on: impl Fn(Reserved) -> bool,
    ) -> (&'a str, bool) {
        let renamed = self.renames.iter().find(|(from, _)| from == field);
        let name = renamed.map_or(field, |(_, to)| to.as_str());
        let is_taken = self.reserved.iter().any(|(key, when)| key == name && is_on(*when));
        (name.get(..name.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default(), is_taken)
    }
}

fn reserved(fields: &LogFields) -> Vec<(String, Reserved)> {
    let always = [Some(&fields.timestamp), Some(&fields.level), Some(&fields.message)];
    let optional = [&fields.logger, &fields.service, &fields.process_id, &fields.host_name]
        .map(Option::as_ref);
    let always = always.into_iter().chain(optional).flatten();
    always
        .map(|key| (key.clone(), Reserved::Always))
        .chain([
            (fields.trace_id.clone(), Reserved::InSpan),
            (fields.span_id.clone(), Reserved::InSpan),
            (fields.session_id.clone(), Reserved::InSession),
        ])
        .collect()
}

fn levels(fields: &LogFields, is_json: bool) -> [Vec<u8>; 5] {
    let levels = [
        ("trace", "TRACE", 10),
        ("debug", "DEBUG", 20),
        ("info", "INFO", 30),
        ("warn", "WARN", 40),
        ("error", "ERROR", 50),
    ];
    levels.map(|(lower, upper, number)| {
        if !is_json {
            return format!(" {upper:>5}").into_bytes();
        }
        let mut out = json_key(&fields.level, fields.level_style != LevelStyle::Pino);
        match fields.level_style {
            LevelStyle::Lower => out.extend_from_slice(lower.as_bytes()),
            LevelStyle::Upper => out.extend_from_slice(upper.as_bytes()),
            LevelStyle::Pino => out.extend_from_slice(number.to_string().as_bytes()),
        }
        if fields.level_style != LevelStyle::Pino {
            out.push(b'"');
        }
        out
    })
}

/// `,"key":`, with an opening quote for strings.
fn json_key(key: &str, is_text: bool) -> Vec<u8> {
    let mut out = b",\"".to_vec();
    json(&mut out, key.get(..key.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default());
    out.extend_from_slice(if is_text { b"\":\"" } else { b"\":" });
    out
}

/// ` key=`.
fn text_key(key: &str) -> Vec<u8> {
    let mut out = b" ".to_vec();
    word(&mut out, key.get(..key.floor_char_boundary(NAME_BYTES_MAX)).unwrap_or_default());
    out.push(b'=');
    out
}

/// The host name, as far as it is available without a library.
fn host_name() -> String {
    let of_file = |path| {
        let text = std::fs::read_to_string(path).ok()?;
        Some(text.trim().to_owned()).filter(|name| !name.is_empty())
    };
    of_file("/proc/sys/kernel/hostname")
        .or_else(|| of_file("/etc/hostname"))
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .unwrap_or_else(|| "unknown".to_owned())
}
