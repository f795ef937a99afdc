//! Classes of failed calls: a closed set, derived from the HTTP status, the provider's error code
//! and its message.
//!
//! Provider codes are free text and must not become labels.

use std::fmt;

/// The class of a failed call to a model, a tool or a server.
///
/// The value of `error.type` on spans and metrics. A closed set limits the number of series;
/// [`ErrorClass::rolled_up`] reduces it to the six classes in dashboards of bot frameworks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorClass {
    /// Too many requests or tokens per minute: retryable after a delay.
    RateLimit,
    /// No credit, or the budget is used up: not retryable.
    Quota,
    /// Missing or invalid credentials.
    Auth,
    /// Valid credentials without the required permission.
    Permission,
    /// DNS, connect, TLS or connection errors.
    Network,
    /// A timeout of the provider or the caller.
    Timeout,
    /// The provider rejects the request as invalid.
    InvalidRequest,
    /// The request exceeds the model's context window.
    ContextLength,
    /// The provider's content policy rejected the input or the output.
    ContentFilter,
    /// Unknown model, deployment or path.
    NotFound,
    /// The provider is out of capacity (503, 529).
    Overloaded,
    /// Any other 5xx.
    ServerError,
    /// The caller dropped the call before it ended.
    Cancelled,
    /// The tool ran and failed (`isError` of MCP, an error of the tool's code).
    ToolError,
    /// The response could not be parsed: malformed JSON, wrong structure.
    Parse,
    /// Any other error.
    Unknown,
}

impl ErrorClass {
    /// All classes, in documentation order.
    pub const ALL: [Self; 16] = [
        Self::RateLimit,
        Self::Quota,
        Self::Auth,
        Self::Permission,
        Self::Network,
        Self::Timeout,
        Self::InvalidRequest,
        Self::ContextLength,
        Self::ContentFilter,
        Self::NotFound,
        Self::Overloaded,
        Self::ServerError,
        Self::Cancelled,
        Self::ToolError,
        Self::Parse,
        Self::Unknown,
    ];

    /// The value in labels and attributes: `rate_limit`, `context_length`, …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::Quota => "quota",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::InvalidRequest => "invalid_request",
            Self::ContextLength => "context_length",
            Self::ContentFilter => "content_filter",
            Self::NotFound => "not_found",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Cancelled => "cancelled",
            Self::ToolError => "tool_error",
            Self::Parse => "parse",
            Self::Unknown => "unknown",
        }
    }

    /// Reduces to the six classes `rate_limit`, `auth`, `network`, `timeout`, `invalid_request` and
    /// `unknown`.
    #[must_use]
    pub const fn rolled_up(self) -> Self {
        match self {
            Self::RateLimit | Self::Quota => Self::RateLimit,
            Self::Auth | Self::Permission => Self::Auth,
            Self::Network => Self::Network,
            Self::Timeout => Self::Timeout,
            Self::InvalidRequest | Self::ContextLength | Self::ContentFilter | Self::NotFound => {
                Self::InvalidRequest
            }
            Self::Overloaded
            | Self::ServerError
            | Self::Cancelled
            | Self::ToolError
            | Self::Parse
            | Self::Unknown => Self::Unknown,
        }
    }

    /// The class of a provider's HTTP status. [`ErrorClass::Unknown`] for statuses below 400.
    #[must_use]
    pub const fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Auth,
            402 => Self::Quota,
            403 => Self::Permission,
            404 | 410 => Self::NotFound,
            408 | 504 | 524 => Self::Timeout,
            429 => Self::RateLimit,
            499 => Self::Cancelled,
            503 | 529 => Self::Overloaded,
            400..=498 => Self::InvalidRequest,
            500..=599 => Self::ServerError,
            _ => Self::Unknown,
        }
    }

    /// The class of a provider's error code, type or exception name, if it is known.
    ///
    /// Case and separators are ignored: `rate_limit_exceeded`, `RateLimitExceeded` and
    /// `RATE-LIMIT-EXCEEDED` are the same code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let code = folded(code);
        lookup(SPECIFIC, &code).or_else(|| lookup(GENERAL, &code))
    }

    /// The class of a failed response, from the first that applies: a specific code, the message of
    /// a rejected request about its length or content, the status, a general code.
    ///
    /// `codes` are the provider's `error.code`, `error.type` or exception name, most specific
    /// first; `message` may be empty.
    #[must_use]
    pub fn classify(status: Option<u16>, codes: &[&str], message: &str) -> Self {
        let codes = || codes.iter().map(|code| folded(code));
        if let Some(class) = codes().find_map(|code| lookup(SPECIFIC, &code)) {
            return class;
        }
        let by_status = status.map_or(Self::Unknown, Self::from_status);
        if matches!(by_status, Self::InvalidRequest | Self::Unknown)
            && let Some(class) = from_message(message)
        {
            return class;
        }
        match by_status {
            Self::Unknown => codes().find_map(|code| lookup(GENERAL, &code)).unwrap_or(by_status),
            _ => by_status,
        }
    }

    /// The class of work dropped before its end: `fault` during a panic, otherwise cancelled.
    pub(crate) fn of_dropped(fault: Self) -> Self {
        if std::thread::panicking() { fault } else { Self::Cancelled }
    }

    /// The class of an I/O error of the transport.
    #[must_use]
    pub fn from_io(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::TimedOut => Self::Timeout,
            std::io::ErrorKind::PermissionDenied => Self::Permission,
            std::io::ErrorKind::InvalidData => Self::Parse,
            _ => Self::Network,
        }
    }

    /// The class of any error, from the I/O and JSON errors in its chain of sources.
    /// [`ErrorClass::Unknown`] if there are none.
    #[must_use]
    pub fn from_error(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        // A cyclic chain must not hang the caller.
        for _ in 0..16 {
            let Some(error) = next else { break };
            if let Some(io) = error.downcast_ref::<std::io::Error>() {
                return Self::from_io(io);
            }
            if error.is::<tokio::time::error::Elapsed>() {
                return Self::Timeout;
            }
            if error.is::<serde_json::Error>() {
                return Self::Parse;
            }
            next = error.source();
        }
        Self::Unknown
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Maximum length of a compared code, in bytes; the longest known one has 29.
const CODE_BYTES_MAX: usize = 64;

/// The lower-case letters and digits at the start of a code.
fn folded(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .take(CODE_BYTES_MAX)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

fn lookup(table: &[(&str, ErrorClass)], code: &str) -> Option<ErrorClass> {
    table.iter().find(|(known, _)| *known == code).map(|(_, class)| *class)
}

/// The class from the message of a rejected request, for providers without a code for it.
fn from_message(message: &str) -> Option<ErrorClass> {
    // A provider may quote the prompt after the error: only the start is searched.
    let start: String =
        message.chars().take(512).map(|letter| letter.to_ascii_lowercase()).collect();
    let says = |sentences: &[&str]| sentences.iter().any(|sentence| start.contains(sentence));
    if says(&[
        "context length",
        "context window",
        "prompt is too long",
        "input is too long",
        "maximum number of tokens",
        "input token count",
    ]) {
        Some(ErrorClass::ContextLength)
    } else if says(&["content management policy", "content policy", "content filtering policy"]) {
        Some(ErrorClass::ContentFilter)
    } else {
        None
    }
}

/// Codes more specific than the status (OpenAI, Azure, Anthropic, Google, Bedrock, LiteLLM).
const SPECIFIC: &[(&str, ErrorClass)] = &[
    ("accessdeniedexception", ErrorClass::Permission),
    ("accountdeactivated", ErrorClass::Auth),
    ("apiconnectionerror", ErrorClass::Network),
    ("apitimeouterror", ErrorClass::Timeout),
    ("authenticationerror", ErrorClass::Auth),
    ("billingerror", ErrorClass::Quota),
    ("billinghardlimitreached", ErrorClass::Quota),
    ("billingnotactive", ErrorClass::Quota),
    ("budgetexceedederror", ErrorClass::Quota),
    ("cancelled", ErrorClass::Cancelled),
    ("contentfilter", ErrorClass::ContentFilter),
    ("contentpolicyviolation", ErrorClass::ContentFilter),
    ("contentpolicyviolationerror", ErrorClass::ContentFilter),
    ("contextlengthexceeded", ErrorClass::ContextLength),
    ("contextwindowexceedederror", ErrorClass::ContextLength),
    ("deadlineexceeded", ErrorClass::Timeout),
    ("deploymentnotfound", ErrorClass::NotFound),
    ("incorrectapikey", ErrorClass::Auth),
    ("insufficientpermissions", ErrorClass::Permission),
    ("insufficientquota", ErrorClass::Quota),
    ("invalidapikey", ErrorClass::Auth),
    ("modelnotfound", ErrorClass::NotFound),
    ("modelnotreadyexception", ErrorClass::Overloaded),
    ("modeltimeoutexception", ErrorClass::Timeout),
    ("notfounderror", ErrorClass::NotFound),
    ("overloadederror", ErrorClass::Overloaded),
    ("permissiondenied", ErrorClass::Permission),
    ("permissiondeniederror", ErrorClass::Permission),
    ("permissionerror", ErrorClass::Permission),
    ("ratelimiterror", ErrorClass::RateLimit),
    ("ratelimitexceeded", ErrorClass::RateLimit),
    ("resourceexhausted", ErrorClass::RateLimit),
    ("resourcenotfoundexception", ErrorClass::NotFound),
    ("responsibleaipolicyviolation", ErrorClass::ContentFilter),
    ("servicequotaexceededexception", ErrorClass::Quota),
    ("serviceunavailableerror", ErrorClass::Overloaded),
    ("serviceunavailableexception", ErrorClass::Overloaded),
    ("slowdown", ErrorClass::RateLimit),
    ("throttlingexception", ErrorClass::RateLimit),
    ("timeouterror", ErrorClass::Timeout),
    ("toomanyrequests", ErrorClass::RateLimit),
    ("toomanyrequestsexception", ErrorClass::RateLimit),
    ("toolerror", ErrorClass::ToolError),
    ("unauthenticated", ErrorClass::Auth),
];

/// Codes less specific than the status: providers send them with several statuses.
const GENERAL: &[(&str, ErrorClass)] = &[
    ("apierror", ErrorClass::ServerError),
    ("badrequesterror", ErrorClass::InvalidRequest),
    ("internal", ErrorClass::ServerError),
    ("internalservererror", ErrorClass::ServerError),
    ("internalserverexception", ErrorClass::ServerError),
    ("invalidargument", ErrorClass::InvalidRequest),
    ("invalidrequesterror", ErrorClass::InvalidRequest),
    ("modelerrorexception", ErrorClass::ServerError),
    ("notfound", ErrorClass::NotFound),
    ("servererror", ErrorClass::ServerError),
    ("timeout", ErrorClass::Timeout),
    ("unavailable", ErrorClass::Overloaded),
    ("unsupportedparamserror", ErrorClass::InvalidRequest),
    ("validationexception", ErrorClass::InvalidRequest),
];

#[cfg(test)]
mod tests;
