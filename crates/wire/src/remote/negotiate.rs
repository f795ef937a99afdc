//! Negotiation of the message by `Content-Type` and `Content-Encoding`.
//!
//! Source: "Prometheus Remote-Write Specification 2.0", section "Protocol"; Prometheus 3 for
//! senders without these headers.

use super::WriteMessage;
use crate::WireError;
use crate::exposition::protocol::media_type::MediaType;

/// The `Content-Encoding` of requests and of [`super::read`]'s responses.
pub const CONTENT_ENCODING: &str = "snappy";

const MEDIA_TYPE: &str = "application/x-protobuf";
/// Longest header in a message.
const SHOWN_CHARACTERS_MAX: usize = 100;

impl WriteMessage {
    /// The fully qualified name of the message.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "prometheus.WriteRequest",
            Self::V2 => "io.prometheus.write.v2.Request",
        }
    }

    /// The `Content-Type` of a request.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            // Without a parameter, as 1.x receivers expect it.
            Self::V1 => MEDIA_TYPE,
            Self::V2 => "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        }
    }

    /// The header `X-Prometheus-Remote-Write-Version` of a request.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::V1 => "0.1.0",
            Self::V2 => "2.0.0",
        }
    }

    /// The message that a request's `Content-Type` names; 1.0 if it names none.
    ///
    /// # Errors
    /// [`WireError::ContentType`], to be answered with 415.
    pub fn from_content_type(header: Option<&str>) -> Result<Self, WireError> {
        let Some(header) = header.filter(|header| !header.trim().is_empty()) else {
            return Ok(Self::V1);
        };
        let refused = |why: &str| {
            let header: String = header.chars().take(SHOWN_CHARACTERS_MAX).collect();
            Err(WireError::ContentType(format!("content type {header:?}: {why}")))
        };
        let media_type = match MediaType::parse(header) {
            Ok(media_type) if media_type.name == MEDIA_TYPE => media_type,
            Ok(_) => return refused("expected application/x-protobuf"),
            Err(why) => return refused(why),
        };
        let Some(name) = media_type.parameter("proto") else { return Ok(Self::V1) };
        let named = [Self::V1, Self::V2].into_iter().find(|message| message.name() == name);
        named.map_or_else(
            || refused("expected prometheus.WriteRequest or io.prometheus.write.v2.Request"),
            Ok,
        )
    }
}

/// Checks that a request's `Content-Encoding` is snappy or not set.
///
/// # Errors
/// [`WireError::ContentType`], to be answered with 415.
pub fn check_content_encoding(header: Option<&str>) -> Result<(), WireError> {
    match header.map(str::trim) {
        None | Some("") => Ok(()),
        Some(header) if header.eq_ignore_ascii_case(CONTENT_ENCODING) => Ok(()),
        Some(header) => {
            let header: String = header.chars().take(SHOWN_CHARACTERS_MAX).collect();
            Err(WireError::ContentType(format!("content encoding {header:?}: expected snappy")))
        }
    }
}
