//! The simulated accelerator of the scripted model: batch slots, speeds and one GPU.
//!
//! The load follows from the requests in progress; memory and temperature are derived from it, so
//! that the page has a device to show. The device is named `0`, like the first one of a machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use glasshouse_sdk::Telemetry;
use glasshouse_sdk::metrics::{Definition, Histogram};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::clock;

/// Context window of a model, in tokens.
pub(super) const CONTEXT_TOKENS_MAX: u64 = 128_000;
/// Batch size of each model.
const BATCH_MAX: usize = 12;
/// Maximum waiting requests of each model; further ones are rejected.
const WAITING_MAX: u64 = 64;
/// Interval between reports of the device.
const DEVICE_INTERVAL: Duration = Duration::from_secs(2);
const DEVICE: &str = "0";
const DEVICE_MEMORY_BYTES: u64 = 80 * 1024 * 1024 * 1024;
const WEIGHTS_BYTES: u64 = 38 * 1024 * 1024 * 1024;
const REQUEST_BYTES: u64 = 1536 * 1024 * 1024;
/// Bucket bounds in seconds of `gen_ai.server.request.duration` (GenAI conventions).
const SECONDS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/// An available model.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) name: &'static str,
    /// The versioned name in responses.
    dated: &'static str,
    /// Output tokens per second.
    speed: f64,
    /// Time to the first token, without prompt processing.
    latency: Duration,
}

/// A capable model and a fast one.
pub(super) const MODELS: [Model; 2] = [
    Model {
        name: "gpt-4o",
        dated: "gpt-4o-2024-08-06",
        speed: 75.0,
        latency: Duration::from_millis(260),
    },
    Model {
        name: "gpt-4o-mini",
        dated: "gpt-4o-mini-2024-07-18",
        speed: 150.0,
        latency: Duration::from_millis(140),
    },
];

/// The versioned name of a model.
pub(super) fn dated(name: &str) -> &str {
    MODELS.iter().find(|model| model.name == name).map_or(name, |model| model.dated)
}

/// The engine. Clones share state.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    telemetry: Telemetry,
    batches: [Arc<Semaphore>; MODELS.len()],
    waiting: AtomicU64,
    duration: Histogram<2>,
    first_token: Histogram<2>,
}

impl Engine {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        // The SDK instruments clients of models; server metrics are the program's own.
        let of_server = |name, description| {
            let labels = ["gen_ai.request.model", "gen_ai.operation.name"];
            telemetry.histogram(Definition { name, unit: "s", description, labels }, SECONDS)
        };
        let shared = Shared {
            telemetry: telemetry.clone(),
            batches: std::array::from_fn(|_| Arc::new(Semaphore::new(BATCH_MAX))),
            waiting: AtomicU64::new(0),
            duration: of_server(
                "gen_ai.server.request.duration",
                "Time of a request in the model server",
            ),
            first_token: of_server("gen_ai.server.time_to_first_token", "Time to the first token"),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Waits for a batch slot of a model; `None` if too many requests are waiting.
    pub(super) async fn slot(&self, name: &str) -> Option<Slot> {
        let index = MODELS.iter().position(|model| model.name == name).unwrap_or(0);
        let (model, batch) = (MODELS.get(index)?, self.shared.batches.get(index)?);
        let begin = clock::now();
        let waiting = Waiting::begin(&self.shared);
        if waiting.ahead >= WAITING_MAX {
            return None;
        }
        let permit = Arc::clone(batch).acquire_owned().await.ok()?;
        drop(waiting);
        let queue = self.shared.telemetry.queue();
        queue.wait(super::NAME, begin.elapsed());
        let together = BATCH_MAX.saturating_sub(batch.available_permits()) as u64;
        self.shared.telemetry.llm().batch_size(model.name, together);
        Some(Slot { shared: Arc::clone(&self.shared), model, together, _permit: permit })
    }

    /// Reports device metrics until the service stops.
    pub(super) async fn watch_device(self, stop: CancellationToken) {
        let mut temperature = 34.0;
        loop {
            let busy: usize = self
                .shared
                .batches
                .iter()
                .map(|batch| BATCH_MAX.saturating_sub(batch.available_permits()))
                .sum();
            let load = busy as f64 / (BATCH_MAX * MODELS.len()) as f64;
            // A batch uses most of the device long before it is full.
            let percent = 100.0 * (1.0 - (-4.0 * load).exp()) / (1.0 - (-4.0_f64).exp());
            temperature += (34.0 + 0.45 * percent - temperature) * 0.2;
            let used = WEIGHTS_BYTES + REQUEST_BYTES * busy as u64;
            let gpu = self.shared.telemetry.gpu();
            gpu.utilization(DEVICE, percent);
            gpu.memory(DEVICE, used, DEVICE_MEMORY_BYTES);
            gpu.temperature(DEVICE, temperature);
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(DEVICE_INTERVAL) => {}
            }
        }
    }
}

/// Counts a waiting request until dropped, including on a client disconnect.
struct Waiting<'a> {
    shared: &'a Shared,
    ahead: u64,
}

impl<'a> Waiting<'a> {
    fn begin(shared: &'a Shared) -> Self {
        let ahead = shared.waiting.fetch_add(1, Ordering::Relaxed);
        shared.telemetry.queue().depth(super::NAME, ahead + 1);
        Self { shared, ahead }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let before = self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        self.shared.telemetry.queue().depth(super::NAME, before.saturating_sub(1));
    }
}

/// A batch slot, held until the answer is complete.
#[derive(Debug)]
pub(super) struct Slot {
    shared: Arc<Shared>,
    model: &'static Model,
    together: u64,
    _permit: OwnedSemaphorePermit,
}

impl Slot {
    /// Duration of processing a prompt.
    pub(super) fn prefill(&self, tokens: u64) -> Duration {
        self.model.latency + Duration::from_micros(60 * tokens.min(CONTEXT_TOKENS_MAX))
    }

    /// Duration of generating this many tokens.
    pub(super) fn decode(&self, tokens: u64) -> Duration {
        // A fuller batch is slower.
        let speed = self.model.speed / (1.0 + 0.04 * self.together as f64);
        Duration::from_secs_f64(tokens.min(CONTEXT_TOKENS_MAX) as f64 / speed)
    }

    /// Records the time to the first token.
    pub(super) fn first_token(&self, waited: Duration) {
        self.shared.first_token.record([self.model.name, "chat"], waited.as_secs_f64());
    }

    /// Records a complete answer.
    pub(super) fn finished(&self, took: Duration) {
        self.shared.duration.record([self.model.name, "chat"], took.as_secs_f64());
        glasshouse_sdk::log::inference(self.model.name, took, self.together);
    }
}
