//! Sends requests over two connections, each as fast as responses arrive.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

/// Number of concurrent connections.
const CONNECTIONS: u64 = 2;
/// Maximum retries of one request.
const RETRIES_MAX: u64 = 200;

/// Updates a body for the `n`-th request.
pub(crate) type Renew = Box<dyn Fn(&mut Vec<u8>, u64) + Send + Sync>;

/// A request body that is updated for every request.
pub(crate) struct Payload {
    pub(crate) body: Vec<u8>,
    /// Number of spans, records or samples.
    pub(crate) items: u64,
    /// Updates ids, times and values for the `n`-th request.
    pub(crate) renew: Renew,
}

/// The destination of requests and its name.
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

/// Counts and latencies of requests.
pub(crate) struct Sent {
    pub(crate) accepted: u64,
    pub(crate) bytes: u64,
    pub(crate) wall_s: f64,
    pub(crate) retried: u64,
    answers_ms: Vec<f64>,
}

impl Sent {
    /// A latency quantile in milliseconds.
    pub(crate) fn quantile_ms(&self, quantile: f64) -> f64 {
        self::quantile(&self.answers_ms, quantile)
    }
}

/// A quantile of sorted values.
pub(crate) fn quantile(sorted: &[f64], quantile: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * quantile).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// An HTTP client that returns error statuses as responses.
pub(crate) fn agent() -> ureq::Agent {
    agent_within(Duration::from_secs(60))
}

/// Like [`agent`], with a timeout.
pub(crate) fn agent_within(timeout: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(timeout))
        .build()
        .into()
}

/// Sends the payloads in turn until `items` are accepted.
pub(crate) fn all(target: &Target, payloads: &[Payload], items: u64) -> Result<Sent> {
    let next = AtomicU64::new(0);
    let taken = AtomicU64::new(0);
    #[expect(clippy::disallowed_methods, reason = "wall time is what is measured here")]
    let begin = Instant::now();
    let parts: Result<Vec<Sent>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| one_connection(target, payloads, items, &next, &taken)))
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().map_err(|_| anyhow::anyhow!("a sender panicked"))?)
            .collect()
    });
    let mut sent = Sent { accepted: 0, bytes: 0, wall_s: 0.0, retried: 0, answers_ms: Vec::new() };
    for part in parts? {
        sent.accepted += part.accepted;
        sent.bytes += part.bytes;
        sent.retried += part.retried;
        sent.answers_ms.extend(part.answers_ms);
    }
    sent.wall_s = begin.elapsed().as_secs_f64();
    sent.answers_ms.sort_by(f64::total_cmp);
    Ok(sent)
}

fn one_connection(
    target: &Target,
    payloads: &[Payload],
    items: u64,
    next: &AtomicU64,
    taken: &AtomicU64,
) -> Result<Sent> {
    let agent = agent();
    let mut sent = Sent { accepted: 0, bytes: 0, wall_s: 0.0, retried: 0, answers_ms: Vec::new() };
    let mut body = Vec::new();
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let payload = &payloads[n as usize % payloads.len()];
        if taken.fetch_add(payload.items, Ordering::Relaxed) >= items {
            return Ok(sent);
        }
        body.clear();
        body.extend_from_slice(&payload.body);
        (payload.renew)(&mut body, n);
        #[expect(clippy::disallowed_methods, reason = "wall time is what is measured here")]
        let begin = Instant::now();
        let accepted = post(&agent, target, &body)?;
        sent.answers_ms.push(begin.elapsed().as_secs_f64() * 1e3);
        sent.retried += accepted.retried;
        sent.accepted += payload.items.saturating_sub(accepted.rejected);
        sent.bytes += body.len() as u64;
    }
}

/// The result of a successful request.
pub(crate) struct Accepted {
    /// Number of retries.
    pub(crate) retried: u64,
    /// Number of rejected items in the response.
    pub(crate) rejected: u64,
}

/// Retries until the request is accepted.
pub(crate) fn post(agent: &ureq::Agent, target: &Target, body: &[u8]) -> Result<Accepted> {
    for retried in 0..RETRIES_MAX {
        let (status, answer) = post_once(agent, target, body)?;
        match status {
            200..=299 => return Ok(Accepted { retried, rejected: rejected(&answer)? }),
            429 | 502..=504 => std::thread::sleep(Duration::from_millis(50)),
            _ => bail!("{}: {status} {}", target.url, String::from_utf8_lossy(&answer)),
        }
    }
    bail!("{} did not accept a request in {RETRIES_MAX} attempts", target.url)
}

/// Sends a request once; returns status and body.
pub(crate) fn post_once(
    agent: &ureq::Agent,
    target: &Target,
    body: &[u8],
) -> Result<(u16, Vec<u8>)> {
    let mut request = agent.post(&target.url);
    for (name, value) in &target.headers {
        request = request.header(*name, *value);
    }
    let mut answer = request.send(body).with_context(|| target.url.clone())?;
    Ok((answer.status().as_u16(), answer.body_mut().read_to_vec()?))
}

/// The rejected items in `partial_success` of an OTLP response; the same for all signals.
pub(crate) fn rejected(answer: &[u8]) -> Result<u64> {
    let partial = ExportTraceServiceResponse::decode(answer)?.partial_success;
    Ok(partial.map_or(0, |partial| partial.rejected_spans.max(0) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_items_are_read_from_the_answer() {
        assert_eq!(rejected(&[]).unwrap(), 0);
        // partial_success { rejected_spans: 300, error_message: "no" }
        assert_eq!(rejected(&[0x0A, 7, 0x08, 0xAC, 0x02, 0x12, 2, b'n', b'o']).unwrap(), 300);
    }
}
