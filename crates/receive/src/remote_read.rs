//! Reads the history of another server by remote read, for imports.
//!
//! Source: Prometheus' documents "Remote read API" and "HTTP API".

use std::sync::Arc;
use std::time::Duration;

use adopt::prometheus::{Authentication, HttpClientConfig, Source};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use signals::metric::NAME_LABEL;
use signals::{MatchOp, Matcher, MemoryBudget, Secret};
use url::Url;
use wire::Limits;
use wire::body::decompress_snappy;
use wire::remote::read::{Query, ReadRequest, ReadSeries, ResponseType, decode_samples};

use http_client::{FetchError, Get, HttpClient};

const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-read-version");
/// Bytes of a response, compressed.
const BODY_BYTES_MAX: usize = 16 << 20;
/// Bytes of a response without compression.
const PLAIN_BYTES_MAX: usize = 64 << 20;
/// Memory of a decoded response.
const DECODED_BYTES_MAX: usize = 256 << 20;
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Part of the message with which Prometheus refuses a response of too many samples.
const SAMPLE_LIMIT: &str = "exceeded sample limit";

/// Reads from one server.
#[derive(Debug)]
pub struct RemoteReader {
    client: HttpClient,
    url: Url,
    memory: MemoryBudget,
}

/// Why there are no series.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A shorter range of time may have an answer.
    #[error("the answer is too large")]
    TooLarge,
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl RemoteReader {
    /// A reader of the server at a URL such as `http://prometheus:9090`, which may have a user and
    /// a password, and a path under which the API is.
    ///
    /// # Errors
    /// What is wrong with the URL.
    pub fn new(url: &str) -> Result<Self, String> {
        let mut url = Url::parse(url).map_err(|error| error.to_string())?;
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let decoded = |text: &str| percent_decoded(text);
        let authentication = (!url.username().is_empty()).then(|| Authentication::Basic {
            username: Some(Source::Inline(decoded(url.username()))),
            password: url.password().map(|text| Source::Inline(Secret::new(decoded(text)))),
        });
        // Fails only for URLs without a host, which the client refuses.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        let config = HttpClientConfig { authentication, ..HttpClientConfig::default() };
        let client = HttpClient::new(&config, &Arc::default())?;
        Ok(Self { client, url, memory: MemoryBudget::new("remote read", DECODED_BYTES_MAX) })
    }

    /// Names of the metrics that have samples in a range of milliseconds since 1970.
    ///
    /// # Errors
    /// [`ReadError::Failed`].
    pub async fn metric_names(&self, start_ms: i64, end_ms: i64) -> Result<Vec<String>, ReadError> {
        #[derive(Deserialize)]
        struct Answer {
            data: Vec<String>,
        }
        let mut url = self.endpoint("api/v1/label/__name__/values")?;
        url.query_pairs_mut()
            .append_pair("start", &seconds(start_ms))
            .append_pair("end", &seconds(end_ms));
        let memory = self.memory.reservation();
        let (headers, body_bytes_max) = (HeaderMap::new(), BODY_BYTES_MAX);
        let get = self.client.get(Get { url: &url, headers, body_bytes_max, memory: &memory });
        let fetched = tokio::time::timeout(TIMEOUT, get).await.map_err(|_elapsed| late())?;
        let fetched =
            fetched.map_err(|error| ReadError::Failed(error.message("the names are too many")))?;
        let answer: Answer = serde_json::from_slice(&fetched.body)
            .map_err(|error| ReadError::Failed(format!("{url}: {error}")))?;
        Ok(answer.data)
    }

    /// The series of a metric with their samples in a range of milliseconds since 1970, both ends
    /// included.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn read(
        &self,
        metric: &str,
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Vec<ReadSeries>, ReadError> {
        let failed = |error: String| ReadError::Failed(error);
        let name = Matcher::new(NAME_LABEL, MatchOp::Equal, metric);
        let name = name.map_err(failed)?;
        let query = Query { start_ms, end_ms, matchers: vec![name], hints: None };
        let request = ReadRequest::new(vec![query], &[ResponseType::Samples]);
        let body = request.encode().map_err(|error| failed(error.to_string()))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("snappy"));
        headers.insert(VERSION, HeaderValue::from_static("0.1.0"));
        let url = self.endpoint("api/v1/read")?;
        let post = self.client.post(&url, headers, Bytes::from(body), BODY_BYTES_MAX);
        let posted = tokio::time::timeout(TIMEOUT, post).await.map_err(|_elapsed| late())?;
        let posted = posted.map_err(failed)?;
        if !posted.status.is_success() {
            let message = posted.message();
            if message.contains(SAMPLE_LIMIT) {
                return Err(ReadError::TooLarge);
            }
            return Err(failed(format!("{url}: {message}")));
        }
        let body = posted.body.map_err(|error| match error {
            FetchError::TooLarge => ReadError::TooLarge,
            FetchError::Failed(error) => failed(error),
        })?;
        let plain = decompress_snappy(&body, PLAIN_BYTES_MAX).map_err(too_large_or)?;
        let memory = self.memory.reservation();
        let results = decode_samples(&plain, &Limits::default(), &memory).map_err(too_large_or)?;
        Ok(results.into_iter().flatten().collect())
    }

    fn endpoint(&self, path: &str) -> Result<Url, ReadError> {
        self.url.join(path).map_err(|error| ReadError::Failed(error.to_string()))
    }
}

fn too_large_or(error: wire::WireError) -> ReadError {
    match error {
        wire::WireError::TooLarge { .. } | wire::WireError::Memory(_) => ReadError::TooLarge,
        error => ReadError::Failed(format!("the answer cannot be read: {error}")),
    }
}

fn late() -> ReadError {
    ReadError::Failed(format!("no answer within {TIMEOUT:?}"))
}

/// Prometheus reads times in seconds.
fn seconds(ms: i64) -> String {
    let (seconds, ms) = (ms.div_euclid(1000), ms.rem_euclid(1000));
    format!("{seconds}.{ms:03}")
}

fn percent_decoded(text: &str) -> String {
    // A query with only a value decodes it, apart from `+`, which means itself in a user's name.
    let query = format!("={}", text.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}
