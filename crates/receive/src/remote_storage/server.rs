//! Requests to one server, with retries.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use adopt::prometheus::{RemoteWrite, RemoteWriteMessage};
use bytes::Bytes;
use futures::future::join_all;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use signals::Clock;
use url::Url;
use wire::remote::{self, OutgoingSeries, WriteMessage};

use super::Counts;
use super::round::{RoundSeries, oldest_ms};
use super::series::{Families, metadata_of};
use http_client::{HostAddresses, HttpClient, Posted};

const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");
/// The longest delay that a server may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(300);
/// Bytes of a response.
const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// A server that takes remote write.
pub(super) struct Server {
    config: RemoteWrite,
    url: Url,
    client: HttpClient,
    clock: Arc<dyn Clock>,
    headers: HeaderMap,
    message: WriteMessage,
    /// Whether the next requests of 1.0 carry metadata; those of 2.0 always do.
    is_metadata_due: AtomicBool,
    counts: Arc<Counts>,
}

/// What became of a request.
enum Outcome {
    Accepted,
    /// A retry does not help.
    Refused(String),
    /// To be sent again, after the delay that the server names, if it does.
    Retry(String, Option<Duration>),
}

impl Server {
    /// A server with its settings.
    ///
    /// # Errors
    /// What is wrong with its URL, headers, TLS files or proxy.
    pub(super) fn new(
        config: &RemoteWrite,
        addresses: &Arc<HostAddresses>,
        clock: Arc<dyn Clock>,
        counts: Arc<Counts>,
    ) -> Result<Self, String> {
        let url = Url::parse(config.url.reveal()).map_err(|error| error.to_string())?;
        let message = match config.message {
            RemoteWriteMessage::V1 => WriteMessage::V1,
            RemoteWriteMessage::V2 => WriteMessage::V2,
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            let invalid = || format!("the header {name:?} is not valid");
            let name = HeaderName::try_from(name).map_err(|_| invalid())?;
            headers.append(name, HeaderValue::try_from(value).map_err(|_| invalid())?);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(message.content_type()));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(remote::CONTENT_ENCODING));
        headers.insert(VERSION, HeaderValue::from_static(message.version()));
        let client = HttpClient::new(&config.http, addresses)?;
        let (config, is_metadata_due) = (config.clone(), AtomicBool::new(false));
        Ok(Self { config, url, client, clock, headers, message, is_metadata_due, counts })
    }

    /// The next requests carry the metadata of their families.
    pub(super) fn metadata_is_due(&self) {
        self.is_metadata_due.store(true, Ordering::Relaxed);
    }

    /// Sends the requests of all shards; those of one shard one after the other. Returns when all
    /// were accepted or refused for good.
    pub(super) async fn send(&self, shards: Vec<Vec<Vec<RoundSeries>>>, families: &Families) {
        let has_metadata =
            self.message == WriteMessage::V2 || self.is_metadata_due.swap(false, Ordering::Relaxed);
        let families = has_metadata.then_some(families);
        join_all(shards.into_iter().map(|requests| async move {
            for request in requests {
                self.send_one(&request, families).await;
            }
        }))
        .await;
    }

    async fn send_one(&self, request: &[RoundSeries], families: Option<&Families>) {
        let samples: u64 = request.iter().map(|series| series.sample_count() as u64).sum();
        let series = request.iter().map(|series| OutgoingSeries {
            labels: &series.labels,
            samples: &series.samples,
            exemplars: &series.exemplars,
            metadata: families.and_then(|families| metadata_of(families, &series.labels)),
            start_ms: series.start_ms,
        });
        let body: Bytes = match self.message.encode(series) {
            Ok(body) => body.into(),
            Err(error) => return self.refused(samples, &error.to_string()),
        };
        let queue = &self.config.queue;
        let mut backoff = queue.min_backoff;
        loop {
            match self.post(body.clone()).await {
                Outcome::Accepted => {
                    self.counts.sent.fetch_add(samples, Ordering::Relaxed);
                    self.counts.sent_bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
                    *self.counts.last_error.lock() = None;
                    return;
                }
                Outcome::Refused(reason) => return self.refused(samples, &reason),
                Outcome::Retry(reason, _) if self.are_too_old(request) => {
                    tracing::error!(reason, samples, "samples of remote write are too old");
                    self.counts.dropped.fetch_add(samples, Ordering::Relaxed);
                    *self.counts.last_error.lock() = Some(reason);
                    return;
                }
                Outcome::Retry(reason, delay) => {
                    tracing::warn!(reason, samples, "remote write failed and will be retried");
                    self.counts.retried.fetch_add(samples, Ordering::Relaxed);
                    *self.counts.last_error.lock() = Some(reason);
                    tokio::time::sleep(delay.unwrap_or(backoff)).await;
                    backoff = backoff.saturating_mul(2).min(queue.max_backoff);
                }
            }
        }
    }

    /// Whether all samples of a request are older than they may be.
    fn are_too_old(&self, request: &[RoundSeries]) -> bool {
        let oldest_ms = oldest_ms(&self.config, self.clock.now());
        request.iter().all(|series| {
            let histograms = series.samples.histograms.iter().map(|(at, _)| at);
            series.samples.timestamps.iter().chain(histograms).all(|at| *at < oldest_ms)
        })
    }

    fn refused(&self, samples: u64, reason: &str) {
        tracing::error!(reason, samples, "samples of remote write were refused");
        self.counts.failed.fetch_add(samples, Ordering::Relaxed);
        *self.counts.last_error.lock() = Some(reason.to_owned());
    }

    async fn post(&self, body: Bytes) -> Outcome {
        let posted = self.client.post(&self.url, self.headers.clone(), body, MESSAGE_BYTES_MAX);
        match tokio::time::timeout(self.config.remote_timeout, posted).await {
            Ok(Ok(posted)) => self.outcome(&posted),
            Ok(Err(error)) => Outcome::Retry(error, None),
            Err(_elapsed) => {
                let timeout = self.config.remote_timeout;
                Outcome::Retry(format!("no response within {timeout:?}"), None)
            }
        }
    }

    fn outcome(&self, posted: &Posted) -> Outcome {
        let status = posted.status;
        if status.is_success() {
            return Outcome::Accepted;
        }
        let reason = posted.message();
        let is_limited = status == StatusCode::TOO_MANY_REQUESTS;
        if status.is_server_error() || (is_limited && self.config.queue.retry_on_http_429) {
            let delay = posted.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let delay = delay.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
            return Outcome::Retry(reason, delay.map(|delay| delay.min(RETRY_AFTER_MAX)));
        }
        Outcome::Refused(reason)
    }
}
