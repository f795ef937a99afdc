//! An event and its encoding.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

/// The default event type in browsers.
const TYPE_DEFAULT: &str = "message";
/// The first event of a stream.
pub(super) const CONNECTED: &str = "connected";

/// The properties of an event in an instrumented stream.
pub trait SseEvent {
    /// The event's type; a label, so it must have few values. The default is `message`.
    fn event_type(&self) -> &str;

    /// Its encoded size in bytes.
    fn size(&self) -> usize;

    /// Its id, which identifies events that were already replayed.
    fn event_id(&self) -> Option<&str>;

    /// The event that marks the stream as open; `None` if the type has none.
    fn connected() -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// An event of the HTML standard: type, id, data and reconnection delay.
///
/// Line breaks in data become several `data` lines. Line breaks and null characters in type and id
/// are removed, so that no content can forge another event. [`to_bytes`](Self::to_bytes) encodes
/// it. See <https://html.spec.whatwg.org/multipage/server-sent-events.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    name: Cow<'static, str>,
    id: Option<String>,
    data: Option<String>,
    retry: Option<Duration>,
}

impl Event {
    /// An event of this type. Types are metric labels: use names, not ids.
    pub fn new(event_type: impl Into<Cow<'static, str>>) -> Self {
        let name = one_line(event_type.into());
        Self { name, id: None, data: None, retry: None }
    }

    /// An event without a type, which browsers treat as `message`.
    pub fn message() -> Self {
        Self::new(TYPE_DEFAULT)
    }

    /// The id that a browser sends as `Last-Event-ID` when it reconnects.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(one_line(Cow::Owned(id.into())).into_owned());
        self
    }

    /// The data.
    #[must_use]
    pub fn data(mut self, data: impl Into<String>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// The reconnection delay of the browser.
    #[must_use]
    pub fn retry(mut self, delay: Duration) -> Self {
        self.retry = Some(delay);
        self
    }

    /// The data as JSON.
    ///
    /// # Errors
    /// If the value cannot be serialised. Pass the error on as the stream's item: it is counted
    /// under this event's type, and the stream continues.
    pub fn json<T: Serialize + ?Sized>(self, data: &T) -> Result<Self, SerializationError> {
        match serde_json::to_string(data) {
            Ok(data) => Ok(self.data(data)),
            Err(source) => Err(SerializationError { event_type: self.name, source }),
        }
    }

    /// The encoded event with the terminating empty line.
    pub fn to_bytes(&self) -> Bytes {
        let mut text = String::with_capacity(self.size());
        if self.name != TYPE_DEFAULT {
            push_field(&mut text, "event", &self.name);
        }
        if let Some(id) = &self.id {
            push_field(&mut text, "id", id);
        }
        if let Some(retry) = self.retry {
            push_field(&mut text, "retry", &retry.as_millis().to_string());
        }
        if let Some(data) = &self.data {
            for line in lines(data) {
                push_field(&mut text, "data", line);
            }
        }
        text.push('\n');
        text.into()
    }
}

impl SseEvent for Event {
    fn event_type(&self) -> &str {
        &self.name
    }

    fn size(&self) -> usize {
        let field = |name: &str, bytes: usize| name.len() + ": \n".len() + bytes;
        let mut size = "\n".len();
        if self.name != TYPE_DEFAULT {
            size += field("event", self.name.len());
        }
        size += self.id.as_ref().map_or(0, |id| field("id", id.len()));
        size += self.retry.map_or(0, |retry| field("retry", retry.as_millis().to_string().len()));
        size += self
            .data
            .as_ref()
            .map_or(0, |data| lines(data).map(|line| field("data", line.len())).sum());
        size
    }

    fn event_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn connected() -> Option<Self> {
        Some(Self::new(CONNECTED).data("{}"))
    }
}

/// An event could not be serialised as JSON.
#[derive(Debug, thiserror::Error)]
#[error("event `{event_type}` cannot be written as JSON")]
pub struct SerializationError {
    event_type: Cow<'static, str>,
    source: serde_json::Error,
}

impl SerializationError {
    /// The type of the event.
    pub fn event_type(&self) -> &str {
        &self.event_type
    }
}

fn push_field(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(": ");
    text.push_str(value);
    text.push('\n');
}

/// The lines of a text; as in browsers, CR, LF and CRLF end a line.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.split('\r')
    })
}

/// The text without characters that would end a field or make a browser ignore it.
fn one_line(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.contains(['\r', '\n', '\0']) {
        Cow::Owned(text.replace(['\r', '\n', '\0'], ""))
    } else {
        text
    }
}
