//! Simulated visitors, who use the agent like people with browsers, over plain HTTP.
//!
//! Not a load generator. Visitors start tasks, follow their events, disconnect, cancel, report Web
//! Vitals and mistype URLs. This module does not use the SDK.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::StreamExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::clock;

/// Maximum number of concurrent visits.
const VISITS_MAX: usize = 24;
/// Mean time between two visits.
const PAUSE_MEAN_MS: u64 = 900;
/// Maximum duration of a visit.
const VISIT_MAX: Duration = Duration::from_secs(90);
/// Tasks submitted by visitors.
const TASKS: [&str; 12] = [
    "Summarise the incident of last night and propose three follow-ups",
    "Find out why checkout latency doubled after release 4.12",
    "Write a migration that splits the customers table",
    "Compare the three cheapest GPU offers for a 70B model",
    "Draft release notes from the merged changes of this week",
    "Explain the failing test in payments and fix it",
    "Plan a load test for the search service",
    "Translate the onboarding guide into French",
    "What is the weather in Oslo today?",
    "How much is 17 % of 2,340 plus 12?",
    "Read a file that is not there",
    "What time is it?",
];

/// The visitors and their thread.
pub(crate) struct Traffic {
    ended: Receiver<()>,
}

impl Traffic {
    /// Simulates visitors of an agent until `stop`.
    pub(crate) fn start(agent: SocketAddr, stop: &CancellationToken) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = Client::builder().no_proxy().user_agent("alex-web/4.12").build()?;
        let visitors = Visitors { client, base: format!("http://{agent}") };
        let (end, ended) = sync_channel(1);
        let stop = stop.clone();
        std::thread::Builder::new()
            .name("visitors".to_owned())
            .spawn(move || {
                runtime.block_on(visitors.come(&stop));
                drop(runtime);
                drop(end);
            })
            .context("cannot start the visitors")?;
        Ok(Self { ended })
    }

    /// Waits for the visitors to end; returns whether they did in time.
    pub(crate) fn join(self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(clock::now());
        !matches!(self.ended.recv_timeout(left), Err(RecvTimeoutError::Timeout))
    }
}

impl fmt::Debug for Traffic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Traffic").finish_non_exhaustive()
    }
}

/// What a visitor does besides waiting for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Patient,
    /// Closes the page after this many milliseconds.
    Leaves(u64),
    /// Cancels after this many milliseconds.
    Cancels(u64),
}

#[derive(Clone)]
struct Visitors {
    client: Client,
    base: String,
}

impl Visitors {
    async fn come(self, stop: &CancellationToken) {
        let visitors = Arc::new(self);
        let places = Arc::new(Semaphore::new(VISITS_MAX));
        let mut random = StdRng::seed_from_u64(7);
        let mut sessions: Vec<String> = Vec::new();
        loop {
            let pause = random.random_range(PAUSE_MEAN_MS / 3..PAUSE_MEAN_MS * 5 / 3);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            }
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            // Most people submit one task; some return to their session.
            if sessions.len() < 8 || random.random_bool(0.6) {
                sessions.push(format!("session-{:04x}", random.random_range(0..0x1_0000)));
                if sessions.len() > 40 {
                    sessions.remove(0);
                }
            }
            let session = sessions.choose(&mut random).cloned().unwrap_or_default();
            let (visitors, seed) = (Arc::clone(&visitors), random.random());
            tokio::spawn(async move {
                let visit = visitors.visit(StdRng::seed_from_u64(seed), session);
                // Errors are visible in the service's telemetry; a visitor just leaves.
                let _gone = tokio::time::timeout(VISIT_MAX, visit).await;
                drop(place);
            });
        }
    }

    async fn visit(&self, mut random: StdRng, session: String) -> reqwest::Result<()> {
        self.read(self.get("/").await?).await?;
        self.vitals(&mut random, "/").await?;
        if random.random_bool(0.05) {
            let typo = ["/api/task", "/wp-login.php", "/api/tasks/4711/logs"].choose(&mut random);
            self.read(self.get(typo.copied().unwrap_or("/")).await?).await?;
        }
        let task = TASKS.choose(&mut random).copied().unwrap_or_default();
        let asked = json!({ "task": task, "session_id": session });
        let started = self.client.post(format!("{}/api/tasks", self.base)).json(&asked);
        let started: Value = started.send().await?.json().await?;
        let Some(id) = started.get("task_id").and_then(Value::as_str) else { return Ok(()) };
        let mood = match random.random_range(0..100) {
            0..8 => Mood::Leaves(random.random_range(300..4000)),
            8..13 => Mood::Cancels(random.random_range(300..3000)),
            _ => Mood::Patient,
        };
        self.follow(id, mood).await?;
        self.vitals(&mut random, "/tasks/:id").await?;
        self.read(self.get(&format!("/api/sessions/{session}/tasks")).await?).await
    }

    /// Reads the event stream of a task.
    async fn follow(&self, id: &str, mood: Mood) -> reqwest::Result<()> {
        let events = self.get(&format!("/api/tasks/{id}/events")).await?;
        match mood {
            Mood::Patient => self.read(events).await,
            Mood::Leaves(after_ms) => {
                // Dropping the response closes the connection, like closing a browser tab.
                let _left =
                    tokio::time::timeout(Duration::from_millis(after_ms), self.read(events)).await;
                Ok(())
            }
            Mood::Cancels(after_ms) => {
                let cancel = async {
                    tokio::time::sleep(Duration::from_millis(after_ms)).await;
                    let url = format!("{}/api/tasks/{id}/cancel", self.base);
                    self.read(self.client.post(url).send().await?).await
                };
                let (read, cancelled) = tokio::join!(self.read(events), cancel);
                read.and(cancelled)
            }
        }
    }

    async fn get(&self, path: &str) -> reqwest::Result<Response> {
        self.client.get(format!("{}{path}", self.base)).send().await
    }

    /// Reads and discards a body.
    async fn read(&self, response: Response) -> reqwest::Result<()> {
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            piece?;
        }
        Ok(())
    }

    /// The beacons of one page view, as `navigator.sendBeacon` sends them.
    async fn vitals(&self, random: &mut StdRng, page: &str) -> reqwest::Result<()> {
        // Log-normal, like real page timings: a median and a tail.
        let mut around = |median: f64| {
            let tail: f64 = (0..4).map(|_| random.random_range(-0.5..0.5)).sum();
            median * tail.exp()
        };
        let vitals = [
            ("TTFB", around(60.0)),
            ("FCP", around(420.0)),
            ("LCP", around(900.0)),
            ("INP", around(90.0)),
            ("CLS", around(0.03)),
        ];
        let beacons: Vec<Value> = vitals
            .iter()
            .map(|(name, value)| {
                json!({
                    "name": name,
                    "value": value,
                    "delta": value,
                    "label": "web-vital",
                    "page": page,
                    "navigationType": "navigate",
                    "timestamp": clock::since_1970().as_millis() as u64,
                })
            })
            .collect();
        let beacon = self
            .client
            .post(format!("{}/api/metrics/web-vitals", self.base))
            .header("content-type", "text/plain;charset=UTF-8")
            .body(Value::Array(beacons).to_string());
        self.read(beacon.send().await?).await
    }
}
