//! Writes JSON directly into a buffer: responses hold millions of points, too many for a tree.

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
        // Unreachable, as in `text`.
        out.extend_from_slice(b"null");
    }
}

/// Appends more fields to an object whose first field is written, and closes it.
pub(crate) fn rest_of_object(out: &mut Vec<u8>, fields: &Value) {
    let begin = out.len();
    value(out, fields);
    // Replaces the opening brace with a comma.
    if let Some(bracket) = out.get_mut(begin) {
        *bracket = b',';
    }
}

/// Appends a JSON string.
pub(crate) fn text(out: &mut Vec<u8>, text: &str) {
    if serde_json::to_writer(&mut *out, text).is_err() {
        // Writing to memory cannot fail; an empty string would still be valid JSON.
        out.extend_from_slice(b"\"\"");
    }
}

/// Appends a list; `write` appends each item.
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

/// A JSON response whose bytes are charged to the query memory budget until it is sent.
pub(crate) fn counted(body: Vec<u8>, memory: MemoryReservation) -> Response {
    let bytes = body.len();
    count(response(StatusCode::OK, body), bytes, memory)
}

/// Charges the bytes of a response to the query memory budget until it is sent; the server keeps
/// the extension together with the body.
pub(crate) fn count(
    mut response: Response,
    bytes: usize,
    mut memory: MemoryReservation,
) -> Response {
    memory.set(bytes);
    response.extensions_mut().insert(Arc::new(memory));
    response
}

/// A JSON response from encoded bytes.
pub(crate) fn response(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}
