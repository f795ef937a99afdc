//! `prometheus.ReadRequest`.

use signals::{MatchOp, Matcher};

use crate::WireError;
use crate::body::compress_snappy;
use crate::protobuf::writer::Writer;
use crate::protobuf::{Fault, Message, Within as _};

/// Queries of one request.
const QUERIES_MAX: usize = 64;
/// Matchers of all queries together: each may hold a compiled pattern.
const MATCHERS_MAX: usize = 128;
/// Labels of [`Hints::grouping`].
const GROUPING_MAX: usize = 128;

/// How series are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResponseType {
    /// One `ReadResponse`, compressed.
    Samples,
    /// A stream of `ChunkedReadResponse`, not compressed.
    StreamedXorChunks,
}

impl ResponseType {
    /// The `Content-Type` of a response.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Samples => "application/x-protobuf",
            Self::StreamedXorChunks => {
                "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"
            }
        }
    }

    /// The `Content-Encoding` of a response.
    #[must_use]
    pub fn content_encoding(self) -> Option<&'static str> {
        match self {
            Self::Samples => Some(crate::remote::CONTENT_ENCODING),
            Self::StreamedXorChunks => None,
        }
    }

    /// The kind of response that a `Content-Type` names; `None` if it is neither.
    #[must_use]
    pub fn from_content_type(header: &str) -> Option<Self> {
        match header.split(';').next().unwrap_or_default().trim() {
            "application/x-protobuf" => Some(Self::Samples),
            "application/x-streamed-protobuf" => Some(Self::StreamedXorChunks),
            _ => None,
        }
    }
}

/// A request to read series.
#[derive(Debug, Clone, Default)]
pub struct ReadRequest {
    /// The queries; a response has one result for each.
    pub queries: Vec<Query>,
    /// Accepted kinds of responses, preferred first, by number; empty means samples.
    accepted: Vec<u64>,
}

/// One query: series with their samples in a range of time.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// First time, inclusive, in milliseconds since 1970.
    pub start_ms: i64,
    /// Last time, inclusive.
    pub end_ms: i64,
    /// Conditions on the labels.
    pub matchers: Vec<Matcher>,
    /// What the result is for.
    pub hints: Option<Hints>,
}

/// What the result of a query is for. A server may ignore it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hints {
    /// Step of the query in milliseconds.
    pub step_ms: i64,
    /// The surrounding function or aggregation.
    pub function: String,
    /// First time of the selector.
    pub start_ms: i64,
    /// Last time of the selector.
    pub end_ms: i64,
    /// Labels of the surrounding aggregation.
    pub grouping: Vec<String>,
    /// Whether they are kept or dropped.
    pub is_by: bool,
    /// Range of the selector in milliseconds.
    pub range_ms: i64,
}

impl ReadRequest {
    /// A request that accepts these kinds of responses, preferred first.
    #[must_use]
    pub fn new(queries: Vec<Query>, accepted: &[ResponseType]) -> Self {
        let number = |accepted: &ResponseType| match accepted {
            ResponseType::Samples => 0,
            ResponseType::StreamedXorChunks => 1,
        };
        Self { queries, accepted: accepted.iter().map(number).collect() }
    }

    /// Decodes a body after [`crate::body::decompress_snappy`].
    ///
    /// # Errors
    /// [`WireError::Protobuf`], or [`WireError::Labels`] for an invalid or excessive matcher.
    pub fn decode(body: &[u8]) -> Result<Self, WireError> {
        let (mut request, mut message) = (Self::default(), Message::new(body));
        let mut matchers = 0;
        while let Some(field) = message.next()? {
            match field.number {
                1 => {
                    let raw = field.message().and_then(RawQuery::read).within("queries")?;
                    matchers += raw.matchers.len();
                    if request.queries.len() >= QUERIES_MAX || matchers > MATCHERS_MAX {
                        let reason = format!(
                            "more than {QUERIES_MAX} queries or {MATCHERS_MAX} matchers in a request"
                        );
                        return Err(WireError::Labels(reason));
                    }
                    request.queries.push(raw.query()?);
                }
                2 => {
                    let accepted = &mut request.accepted;
                    let push = |number| {
                        if !accepted.contains(&number) && accepted.len() < 8 {
                            accepted.push(number);
                        }
                    };
                    field.each_varint(push).within("accepted_response_types")?;
                }
                _ => {}
            }
        }
        Ok(request)
    }

    /// The compressed body of the request.
    ///
    /// # Errors
    /// [`WireError::Compression`] if it is larger than 4 GiB.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        let mut writer = Writer::default();
        for query in &self.queries {
            writer.message(1, |writer| query.write(writer));
        }
        writer.packed_varints(2, self.accepted.iter().copied());
        compress_snappy(&writer.into_bytes())
    }

    /// The first accepted kind of response.
    ///
    /// # Errors
    /// [`WireError::ContentType`] if no accepted kind is known.
    pub fn response_type(&self) -> Result<ResponseType, WireError> {
        if self.accepted.is_empty() {
            return Ok(ResponseType::Samples);
        }
        let known = self.accepted.iter().find_map(|number| match number {
            0 => Some(ResponseType::Samples),
            1 => Some(ResponseType::StreamedXorChunks),
            _ => None,
        });
        let unknown = || format!("none of the response types {:?} is supported", self.accepted);
        known.ok_or_else(|| WireError::ContentType(unknown()))
    }

    /// Whether a kind of response is accepted.
    #[must_use]
    pub fn accepts(&self, response: ResponseType) -> bool {
        match response {
            ResponseType::Samples => self.accepted.is_empty() || self.accepted.contains(&0),
            ResponseType::StreamedXorChunks => self.accepted.contains(&1),
        }
    }
}

/// A query whose matchers are not compiled.
#[derive(Default)]
struct RawQuery {
    query: Query,
    matchers: Vec<(u64, String, String)>,
}

impl RawQuery {
    fn read(mut message: Message<'_>) -> Result<Self, Fault> {
        let mut raw = Self::default();
        while let Some(field) = message.next()? {
            match field.number {
                1 => raw.query.start_ms = field.varint().within("start_timestamp_ms")? as i64,
                2 => raw.query.end_ms = field.varint().within("end_timestamp_ms")? as i64,
                3 => {
                    let matcher = field.message().and_then(matcher).within("matchers")?;
                    if raw.matchers.len() <= MATCHERS_MAX {
                        raw.matchers.push(matcher);
                    }
                }
                4 => raw.query.hints = Some(field.message().and_then(hints).within("hints")?),
                _ => {}
            }
        }
        Ok(raw)
    }

    fn query(self) -> Result<Query, WireError> {
        let Self { mut query, matchers } = self;
        for (kind, name, value) in matchers {
            let op = match kind {
                0 => MatchOp::Equal,
                1 => MatchOp::NotEqual,
                2 => MatchOp::Regex,
                3 => MatchOp::NotRegex,
                _ => return Err(WireError::Labels(format!("unknown type of matcher: {kind}"))),
            };
            query.matchers.push(Matcher::new(name, op, value).map_err(WireError::Labels)?);
        }
        Ok(query)
    }
}

fn matcher(mut message: Message<'_>) -> Result<(u64, String, String), Fault> {
    let (mut kind, mut name, mut value) = (0, String::new(), String::new());
    while let Some(field) = message.next()? {
        match field.number {
            1 => kind = field.varint().within("type")?,
            2 => name = field.text().within("name")?.into_owned(),
            3 => value = field.text().within("value")?.into_owned(),
            _ => {}
        }
    }
    Ok((kind, name, value))
}

fn hints(mut message: Message<'_>) -> Result<Hints, Fault> {
    let mut hints = Hints::default();
    while let Some(field) = message.next()? {
        match field.number {
            1 => hints.step_ms = field.varint().within("step_ms")? as i64,
            2 => hints.function = field.text().within("func")?.into_owned(),
            3 => hints.start_ms = field.varint().within("start_ms")? as i64,
            4 => hints.end_ms = field.varint().within("end_ms")? as i64,
            5 => {
                let label = field.text().within("grouping")?;
                if hints.grouping.len() < GROUPING_MAX {
                    hints.grouping.push(label.into_owned());
                }
            }
            6 => hints.is_by = field.varint().within("by")? != 0,
            7 => hints.range_ms = field.varint().within("range_ms")? as i64,
            _ => {}
        }
    }
    Ok(hints)
}

impl Query {
    fn write(&self, writer: &mut Writer) {
        writer.varint(1, self.start_ms as u64);
        writer.varint(2, self.end_ms as u64);
        for matcher in &self.matchers {
            writer.message(3, |writer| {
                let kind = match matcher.op {
                    MatchOp::Equal => 0,
                    MatchOp::NotEqual => 1,
                    MatchOp::Regex => 2,
                    MatchOp::NotRegex => 3,
                };
                writer.varint(1, kind);
                writer.text(2, &matcher.name);
                writer.text(3, &matcher.value);
            });
        }
        let Some(hints) = &self.hints else { return };
        writer.message(4, |writer| {
            writer.varint(1, hints.step_ms as u64);
            writer.text(2, &hints.function);
            writer.varint(3, hints.start_ms as u64);
            writer.varint(4, hints.end_ms as u64);
            for label in &hints.grouping {
                writer.bytes_always(5, label.as_bytes());
            }
            writer.varint(6, hints.is_by.into());
            writer.varint(7, hints.range_ms as u64);
        });
    }
}
