//! What happens in the demo, as data: models and prices, tools, tasks and the ways to fail.

/// A model, its provider and its prices.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) provider: &'static str,
    /// US dollars for a million input tokens.
    pub(super) input_price: f64,
    /// US dollars for a million output tokens.
    pub(super) output_price: f64,
    /// Output tokens in a second.
    pub(super) speed: f64,
}

/// A capable model and a cheap one, about a factor of sixteen apart in price.
pub(super) const MODELS: [Model; 2] = [
    Model {
        name: "gpt-4o",
        provider: "openai",
        input_price: 2.50,
        output_price: 10.0,
        speed: 70.0,
    },
    Model {
        name: "gpt-4o-mini",
        provider: "openai",
        input_price: 0.15,
        output_price: 0.60,
        speed: 140.0,
    },
];

/// A tool: name, where it goes, and its usual duration in milliseconds.
#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) host: &'static str,
    pub(super) usual_ms: u64,
}

/// The tools that the agent may call.
pub(super) const TOOLS: [Tool; 5] = [
    Tool { name: "web_search", host: "search.example.com", usual_ms: 420 },
    Tool { name: "fetch_page", host: "docs.example.com", usual_ms: 260 },
    Tool { name: "read_file", host: "", usual_ms: 8 },
    Tool { name: "run_python", host: "", usual_ms: 700 },
    Tool { name: "query_database", host: "db.example.com", usual_ms: 45 },
];

/// What users ask for.
pub(super) const TASKS: [&str; 8] = [
    "Summarise the incident of last night and propose three follow-ups",
    "Find out why checkout latency doubled after release 4.12",
    "Write a migration that splits the customers table",
    "Compare the three cheapest GPU offers for a 70B model",
    "Draft release notes from the merged changes of this week",
    "Explain the failing test in payments and fix it",
    "Plan a load test for the search service",
    "Translate the onboarding guide into French",
];

/// A way in which a model call fails.
#[derive(Debug)]
pub(super) struct Failure {
    /// One of the six classes.
    pub(super) class: &'static str,
    pub(super) http_status: i64,
    pub(super) exception: &'static str,
    pub(super) message: &'static str,
}

/// One of each class; the first is by far the commonest.
pub(super) const FAILURES: [Failure; 6] = [
    Failure {
        class: "rate_limit",
        http_status: 429,
        exception: "RateLimitError",
        message: "rate limit reached for requests: limit 500 per minute, please retry in 1.2 s",
    },
    Failure {
        class: "timeout",
        http_status: 504,
        exception: "TimeoutError",
        message: "no response from the provider within 30 s",
    },
    Failure {
        class: "network",
        http_status: 502,
        exception: "ConnectionError",
        message: "connection reset by peer while reading the response",
    },
    Failure {
        class: "invalid_request",
        http_status: 400,
        exception: "BadRequestError",
        message: "maximum context length is 128000 tokens, the messages result in 131842 tokens",
    },
    Failure {
        class: "auth",
        http_status: 401,
        exception: "AuthenticationError",
        message: "the API key has expired",
    },
    Failure {
        class: "unknown",
        http_status: 500,
        exception: "ProviderError",
        message: "the provider answered with an empty body",
    },
];
