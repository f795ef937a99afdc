//! One event, and its text on the wire.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

/// The type that a browser gives to an event without one.
const TYPE_DEFAULT: &str = "message";
/// The first event of a stream.
pub(super) const CONNECTED: &str = "connected";

/// What a stream of events must tell of each to be observed.
pub trait SseEvent {
    /// The event's type: a name out of few, since it is a label. `message` when there is none.
    fn event_type(&self) -> &str;

    /// Its bytes on the wire.
    fn size(&self) -> usize;

    /// Its id, by which an event that a replay has written already is recognised.
    fn event_id(&self) -> Option<&str>;

    /// The event that says that the stream is open; none if the type has no such thing.
    fn connected() -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// An event as the HTML standard has it: type, id, data, and how soon to try again.
///
/// The text is complete when [`to_bytes`](Self::to_bytes) is called. Line breaks in data become
/// several `data` lines; in type and id they and null characters are left out, so that no content
/// can forge another event. See <https://html.spec.whatwg.org/multipage/server-sent-events.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    name: Cow<'static, str>,
    id: Option<String>,
    data: Option<String>,
    retry: Option<Duration>,
}

impl Event {
    /// An event of this type. Types are labels of metrics: let them be names, not ids.
    pub fn new(event_type: impl Into<Cow<'static, str>>) -> Self {
        let name = one_line(event_type.into());
        Self { name, id: None, data: None, retry: None }
    }

    /// An event without a type: a browser's `message`.
    pub fn message() -> Self {
        Self::new(TYPE_DEFAULT)
    }

    /// The id that a browser sends back as `Last-Event-ID` when it connects again.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(one_line(Cow::Owned(id.into())).into_owned());
        self
    }

    /// The content.
    #[must_use]
    pub fn data(mut self, data: impl Into<String>) -> Self {
        self.data = Some(data.into());
        self
    }

    /// How long the browser is to wait before it connects again.
    #[must_use]
    pub fn retry(mut self, delay: Duration) -> Self {
        self.retry = Some(delay);
        self
    }

    /// The content as JSON.
    ///
    /// # Errors
    /// When the value cannot be written as JSON. Hand the error on as the stream's item: it is
    /// counted under this event's type, and the stream goes on.
    pub fn json<T: Serialize + ?Sized>(self, data: &T) -> Result<Self, SerializationError> {
        match serde_json::to_string(data) {
            Ok(data) => Ok(self.data(data)),
            Err(source) => Err(SerializationError { event_type: self.name, source }),
        }
    }

    /// The event's text with the empty line that ends it.
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

/// An event could not be written as JSON.
#[derive(Debug, thiserror::Error)]
#[error("event `{event_type}` cannot be written as JSON")]
pub struct SerializationError {
    event_type: Cow<'static, str>,
    source: serde_json::Error,
}

impl SerializationError {
    /// The type of the event that could not be written.
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

/// The lines of a text: `\r\n`, `\n` and `\r` each end one, for a browser as well.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.split('\r')
    })
}

/// The text without what would end a field or make a browser ignore it.
fn one_line(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.contains(['\r', '\n', '\0']) {
        Cow::Owned(text.replace(['\r', '\n', '\0'], ""))
    } else {
        text
    }
}
