//! Classes of failed calls: one closed set, found from an HTTP status, a provider's error code and
//! its message.
//!
//! Not the raw error: providers' own codes stay free text and never become a label.

use std::fmt;

/// Why a call to a model, a tool or a server failed.
///
/// The value of `error.type` on spans and metrics. A closed set keeps the number of series small;
/// [`ErrorClass::rolled_up`] folds it into the six classes that dashboards of bot frameworks use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorClass {
    /// Too many requests or tokens per minute: waiting helps.
    RateLimit,
    /// The account has no credit or its budget is used up: waiting does not help.
    Quota,
    /// No key, or one that is not valid.
    Auth,
    /// The key is valid, but may not do this.
    Permission,
    /// Name resolution, connect, TLS or a broken connection.
    Network,
    /// The provider or the caller's own deadline gave up.
    Timeout,
    /// The provider does not understand or accept the request.
    InvalidRequest,
    /// The request is longer than the model's context.
    ContextLength,
    /// The provider's content policy refused the input or the output.
    ContentFilter,
    /// No such model, deployment or path.
    NotFound,
    /// The provider is out of capacity (503, 529).
    Overloaded,
    /// Any other 5xx.
    ServerError,
    /// The caller dropped the call before it was over.
    Cancelled,
    /// The tool ran and says it failed (`isError` of MCP, an error of the tool's code).
    ToolError,
    /// The answer came and could not be read: malformed JSON, wrong structure.
    Parse,
    /// None of the others.
    Unknown,
}

impl ErrorClass {
    /// Every class, in the order of the documentation.
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

    /// The class as it is written in labels and attributes: `rate_limit`, `context_length`, …
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

    /// One of the six classes `rate_limit`, `auth`, `network`, `timeout`, `invalid_request` and
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

    /// The class of an HTTP status of a provider. Statuses below 400 are [`ErrorClass::Unknown`].
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

    /// The class that a provider's error code, type or exception name names, if it names one.
    ///
    /// Letters and digits count, case and separators do not: `rate_limit_exceeded`,
    /// `RateLimitExceeded` and `RATE-LIMIT-EXCEEDED` are the same code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let code = folded(code);
        lookup(SPECIFIC, &code).or_else(|| lookup(GENERAL, &code))
    }

    /// The class of a failed answer: what a code names exactly, then what the message of a request
    /// that was refused says about its length or content, then the status, then a general code.
    ///
    /// `codes` are the provider's `error.code`, `error.type` or the name of its exception, the most
    /// specific first; `message` may be empty.
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

    /// The class of work that is dropped before its end: `fault` where code panicked, cancelled
    /// where nobody waits for it any more.
    pub(crate) fn of_dropped(fault: Self) -> Self {
        if std::thread::panicking() { fault } else { Self::Cancelled }
    }

    /// The class of an input/output error of the transport.
    #[must_use]
    pub fn from_io(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::TimedOut => Self::Timeout,
            std::io::ErrorKind::PermissionDenied => Self::Permission,
            std::io::ErrorKind::InvalidData => Self::Parse,
            _ => Self::Network,
        }
    }

    /// The class of any error, from the I/O and JSON errors in its chain of sources. An error that
    /// names neither is [`ErrorClass::Unknown`].
    #[must_use]
    pub fn from_error(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(error);
        // A chain that loops must not hang the caller.
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

/// The longest code that is compared, in bytes; the longest one known has 29.
const CODE_BYTES_MAX: usize = 64;

/// Lower-case letters and digits of the start of a code.
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

/// What messages of refused requests say where providers have no code for it.
fn from_message(message: &str) -> Option<ErrorClass> {
    // A provider may repeat the prompt after the sentence: only the start is looked at.
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

/// Codes that say more than the status (OpenAI, Azure, Anthropic, Google, Bedrock, LiteLLM).
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

/// Codes that say less than the status: providers send them with several.
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
