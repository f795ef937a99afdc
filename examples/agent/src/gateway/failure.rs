//! Provider errors as data: class, status, error object and frequency.

use axum::http::StatusCode;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// Number of failing requests per thousand.
const FAILED_PER_MILLE: u32 = 60;

/// A kind of error, named after the SDK's error classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    RateLimit,
    Quota,
    Auth,
    Permission,
    ContextLength,
    ContentFilter,
    InvalidRequest,
    NotFound,
    Overloaded,
    ServerError,
    /// No response.
    Timeout,
    /// The connection breaks during the response.
    Network,
    /// The response is malformed.
    Parse,
}

/// Name and weight of each kind.
const ALL: [(Failure, &str, u32); 13] = [
    (Failure::RateLimit, "rate_limit", 40),
    (Failure::Overloaded, "overloaded", 12),
    (Failure::ServerError, "server_error", 10),
    (Failure::Network, "network", 8),
    (Failure::Timeout, "timeout", 6),
    (Failure::ContentFilter, "content_filter", 5),
    (Failure::ContextLength, "context_length", 4),
    (Failure::Parse, "parse", 4),
    (Failure::InvalidRequest, "invalid_request", 3),
    (Failure::Quota, "quota", 3),
    (Failure::Auth, "auth", 2),
    (Failure::Permission, "permission", 2),
    (Failure::NotFound, "not_found", 1),
];

impl Failure {
    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|(_, known, _)| *known == name).map(|(failure, ..)| *failure)
    }

    pub(super) fn as_str(self) -> &'static str {
        ALL.iter().find(|(failure, ..)| *failure == self).map_or("unknown", |(_, name, _)| name)
    }

    /// Picks a random error for a few requests; rate limits are the most frequent.
    pub(super) fn by_chance(random: &mut StdRng) -> Option<Self> {
        if random.random_range(0..1000) >= FAILED_PER_MILLE {
            return None;
        }
        let weights: u32 = ALL.iter().map(|(.., weight)| weight).sum();
        let mut left = random.random_range(0..weights);
        let chosen = ALL.iter().find(|(.., weight)| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it
        });
        chosen.map(|(failure, ..)| *failure)
    }

    pub(super) fn retry_after_s(self) -> Option<u32> {
        matches!(self, Self::RateLimit | Self::Overloaded).then_some(1)
    }

    /// Status and error object in OpenAI's format.
    pub(super) fn refusal(self, subject: &str) -> (StatusCode, Value) {
        let (status, kind, code, message) = match self {
            Self::RateLimit => (
                StatusCode::TOO_MANY_REQUESTS,
                "requests",
                "rate_limit_exceeded",
                format!(
                    "Rate limit reached for {subject}: limit 500 per minute. Please try again in 1 s."
                ),
            ),
            Self::Quota => (
                StatusCode::TOO_MANY_REQUESTS,
                "insufficient_quota",
                "insufficient_quota",
                "You exceeded your current quota, please check your plan and billing details."
                    .into(),
            ),
            Self::Auth => (
                StatusCode::UNAUTHORIZED,
                "invalid_request_error",
                "invalid_api_key",
                "The API key is missing or has expired.".into(),
            ),
            Self::Permission => (
                StatusCode::FORBIDDEN,
                "invalid_request_error",
                "insufficient_permissions",
                format!("This key may not use {subject}."),
            ),
            Self::ContextLength => (
                StatusCode::BAD_REQUEST,
                "invalid_request_error",
                "context_length_exceeded",
                "This model's maximum context length is 128000 tokens; the messages have more."
                    .into(),
            ),
            Self::ContentFilter => (
                StatusCode::BAD_REQUEST,
                "invalid_request_error",
                "content_filter",
                "The prompt was refused by the content management policy.".into(),
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "invalid_request_error",
                "model_not_found",
                format!("{subject} does not exist or you do not have access to it."),
            ),
            Self::Overloaded => (
                StatusCode::SERVICE_UNAVAILABLE,
                "server_error",
                "overloaded",
                "The engine is currently overloaded, please try again later.".into(),
            ),
            Self::InvalidRequest => (
                StatusCode::BAD_REQUEST,
                "invalid_request_error",
                "invalid_value",
                format!("The request cannot be understood: {subject}"),
            ),
            Self::ServerError | Self::Timeout | Self::Network | Self::Parse => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                "internal_error",
                "The server had an error while processing your request.".into(),
            ),
        };
        let error = json!({ "message": message, "type": kind, "param": null, "code": code });
        (status, json!({ "error": error }))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn every_way_has_a_name_of_its_own_and_chance_reaches_it() {
        let mut random = StdRng::seed_from_u64(7);
        let seen: Vec<Failure> =
            (0..100_000).filter_map(|_| Failure::by_chance(&mut random)).collect();
        for (failure, name, _) in ALL {
            assert_eq!(Failure::named(name), Some(failure));
            assert_eq!(failure.as_str(), name);
            assert!(seen.contains(&failure), "{name}");
        }
        assert!((4_000..8_000).contains(&seen.len()), "{}", seen.len());
    }
}
