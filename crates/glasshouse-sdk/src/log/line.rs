//! Composes a line.

use std::time::Duration;

use tracing::Level;

use super::LogFormat;
use super::correlation::Correlation;
use super::escape::{hex, json, plain, word};
use super::fields::TimeStyle;
use super::scratch::Scratch;
use super::shape::Shape;

/// The parts of a line other than message, fields and session, which are in the buffers.
pub(crate) struct Head<'a> {
    pub(crate) time: Duration,
    pub(crate) level: Level,
    pub(crate) logger: &'a str,
    pub(crate) correlation: Correlation,
    /// Number of dropped fields.
    pub(crate) dropped: u32,
    /// Number of lines lost before this one.
    pub(crate) lines_lost: u64,
}

/// Composes the line in `scratch.line`, including the newline.
pub(crate) fn compose(shape: &Shape, head: &Head<'_>, scratch: &mut Scratch) {
    let Scratch { line, fields, message, session, second, .. } = scratch;
    let is_json = shape.format == LogFormat::Json;
    line.extend_from_slice(&shape.before_time);
    match shape.time_style {
        TimeStyle::Rfc3339 => {
            second.write(line, head.time);
            if is_json {
                line.push(b'"');
            }
        }
        TimeStyle::EpochMs => {
            let milliseconds = u64::try_from(head.time.as_millis()).unwrap_or(u64::MAX);
            let _ = serde_json::to_writer(&mut *line, &milliseconds);
        }
    }
    line.extend_from_slice(shape.level(head.level));
    if let Some(before) = &shape.before_logger {
        line.extend_from_slice(before);
        if is_json {
            json(line, head.logger);
            line.push(b'"');
        } else {
            plain(line, head.logger);
        }
    }
    line.extend_from_slice(&shape.before_message);
    if is_json {
        json(line, message);
    } else {
        plain(line, message);
    }
    line.extend_from_slice(shape.after_message);
    line.extend_from_slice(&shape.constants);
    if let Some((trace_id, span_id, _)) = head.correlation.span {
        line.extend_from_slice(&shape.before_trace_id);
        hex(line, &trace_id.to_bytes());
        line.extend_from_slice(shape.after_id);
        line.extend_from_slice(&shape.before_span_id);
        hex(line, &span_id.to_bytes());
        line.extend_from_slice(shape.after_id);
    }
    if !session.is_empty() {
        line.extend_from_slice(&shape.before_session_id);
        if is_json {
            json(line, session);
            line.push(b'"');
        } else {
            word(line, session);
        }
    }
    line.extend_from_slice(fields);
    for (key, count) in
        [("fields_dropped", u64::from(head.dropped)), ("lines_lost", head.lines_lost)]
    {
        if count > 0 {
            line.extend_from_slice(if is_json { b",\"" } else { b" " });
            line.extend_from_slice(key.as_bytes());
            line.extend_from_slice(if is_json { b"\":" } else { b"=" });
            let _ = serde_json::to_writer(&mut *line, &count);
        }
    }
    line.extend_from_slice(if is_json { b"}\n" } else { b"\n" });
}
