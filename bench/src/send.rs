//! Sending: two connections, each as fast as answers come back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Connections that send at the same time.
const CONNECTIONS: u64 = 2;
/// Retries of one request before the run is given up.
const RETRIES_MAX: u32 = 200;

/// Makes a body new for the `n`-th sending.
pub(crate) type Renew = Box<dyn Fn(&mut Vec<u8>, u64) + Send + Sync>;

/// A request body that can be made new for every sending.
pub(crate) struct Payload {
    pub(crate) body: Vec<u8>,
    /// Spans, records or samples in it.
    pub(crate) items: u64,
    /// Rewrites ids, times and values for the `n`-th sending.
    pub(crate) renew: Renew,
}

/// Where to send and what to call it.
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

/// What was sent and how it was answered.
pub(crate) struct Sent {
    pub(crate) accepted: u64,
    pub(crate) bytes: u64,
    pub(crate) wall_s: f64,
    pub(crate) retried: u64,
    answers_ms: Vec<f64>,
}

impl Sent {
    /// A quantile of the time until an answer, in milliseconds.
    pub(crate) fn quantile_ms(&self, quantile: f64) -> f64 {
        let last = self.answers_ms.len().saturating_sub(1);
        let at = (last as f64 * quantile).round() as usize;
        self.answers_ms.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// An HTTP client that gives every status back as an answer.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
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
        sent.retried += u64::from(post(&agent, target, &body)?);
        sent.answers_ms.push(begin.elapsed().as_secs_f64() * 1e3);
        sent.accepted += payload.items;
        sent.bytes += body.len() as u64;
    }
}

/// Posts until it is accepted; returns how often it had to be repeated.
pub(crate) fn post(agent: &ureq::Agent, target: &Target, body: &[u8]) -> Result<u32> {
    for attempt in 0..RETRIES_MAX {
        let mut request = agent.post(&target.url);
        for (name, value) in &target.headers {
            request = request.header(*name, *value);
        }
        let mut answer = request.send(body).with_context(|| target.url.clone())?;
        match answer.status().as_u16() {
            200..=299 => {
                let _drained = answer.body_mut().read_to_vec()?;
                return Ok(attempt);
            }
            429 | 502..=504 => std::thread::sleep(Duration::from_millis(50)),
            status => bail!("{}: {status} {}", target.url, answer.body_mut().read_to_string()?),
        }
    }
    bail!("{} did not accept a request in {RETRIES_MAX} attempts", target.url)
}
