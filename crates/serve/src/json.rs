//! Writes JSON straight into bytes: answers hold millions of points, which need no tree first.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::Value;
use signals::{Labels, MemoryReservation};

/// Appends a value.
pub(crate) fn value(out: &mut Vec<u8>, value: &impl Serialize) {
    if serde_json::to_writer(&mut *out, value).is_err() {
        // As below.
        out.extend_from_slice(b"null");
    }
}

/// Appends further fields and the end of an object whose first field is written.
pub(crate) fn rest_of_object(out: &mut Vec<u8>, fields: &Value) {
    let begin = out.len();
    value(out, fields);
    // A comma in place of the bracket.
    if let Some(bracket) = out.get_mut(begin) {
        *bracket = b',';
    }
}

/// Appends a JSON string.
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    if serde_json::to_writer(&mut *out, text).is_err() {
        // Writing to memory cannot fail; an empty string keeps the document whole.
        out.extend_from_slice(b"\"\"");
    }
}

/// Appends a list, with commas between what `write` appends for each item.
pub(crate) fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// Appends labels as an object.
pub(crate) fn labels(out: &mut Vec<u8>, labels: &Labels) {
    pairs(out, labels.iter());
}

/// Appends names and values as an object.
pub(crate) fn pairs<'a>(out: &mut Vec<u8>, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) {
    out.push(b'{');
    for (i, (name, value)) in pairs.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        text(out, name);
        out.push(b':');
        text(out, value);
    }
    out.push(b'}');
}

/// A JSON answer whose bytes count in the memory of queries until they are sent.
pub(crate) fn counted(body: Vec<u8>, memory: MemoryReservation) -> Response {
    let bytes = body.len();
    count(response(StatusCode::OK, body), bytes, memory)
}

/// Has the bytes of an answer of any type count in the memory of queries until they are sent: the
/// server keeps the extension with the body.
pub(crate) fn count(
    mut response: Response,
    bytes: usize,
    mut memory: MemoryReservation,
) -> Response {
    memory.set(bytes);
    response.extensions_mut().insert(Arc::new(memory));
    response
}

/// A JSON answer of bytes that are written already.
pub(crate) fn response(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
