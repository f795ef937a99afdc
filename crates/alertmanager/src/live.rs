//! An Alertmanager in a server.
//!
//! One task waits for what is due and starts a task for each notification; another one saves
//! changes. Both share the state machine with the requests of the API.

mod clock;
mod deliver;
mod save;
mod timer;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::Notify;
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Registry;
use signals::{Clock, Timestamp};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::alertmanager::{Alertmanager, Configuration, Receipt};
use crate::api::{ApiError, PostableAlert, PostableSilence};
use crate::journal::{self, Damage, Journal};
use crate::limits::Limits;
use crate::metrics::Counts;
use crate::notification_log::IntegrationKey;
use crate::silences::SilenceError;
use crate::time::between;

use clock::SteadyClock;
use save::Saved;
use timer::{Timer, TokioTimer, within};

/// The integrations that send.
pub type Notifiers = HashMap<IntegrationKey, Arc<dyn Notify>>;

/// Notifications of one integration that are tried to send at the same time. Further ones wait, so
/// that a receiver that hangs holds up no other one.
const TRIES_MAX: usize = 64;

/// What a server starts with.
pub struct Setup {
    /// The configuration.
    pub configuration: Configuration,
    /// The integrations of the configuration. One that is missing fails.
    pub notifiers: Notifiers,
    /// Bounds and intervals.
    pub limits: Limits,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// An existing folder for silences and the notification log; `None` keeps them in memory only.
    pub folder: Option<PathBuf>,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setup").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// A running Alertmanager. Clones share it.
#[derive(Debug, Clone)]
pub struct Live {
    shared: Arc<Shared>,
    /// Tells the driver to stop within a time.
    stop: watch::Sender<Option<Duration>>,
    /// Tells the task that saves to stop.
    stop_saving: watch::Sender<bool>,
    tasks: Arc<Mutex<Option<Tasks>>>,
}

#[derive(Debug)]
struct Tasks {
    driver: JoinHandle<()>,
    saver: Option<JoinHandle<()>>,
}

/// What the tasks and the requests share.
struct Shared {
    state: Mutex<State>,
    /// Something may be due earlier than before.
    wake: tokio::sync::Notify,
    /// Something is to be saved.
    changed: tokio::sync::Notify,
    /// What is saved; `None` if nothing is.
    saved: Option<watch::Sender<Saved>>,
    clock: Arc<dyn Clock>,
    timer: Arc<dyn Timer>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

struct State {
    alertmanager: Alertmanager,
    notifiers: HashMap<IntegrationKey, Notifier>,
    clock: SteadyClock,
    /// How often something changed that is to be saved.
    changes: u64,
}

/// An integration, and the right to use it.
#[derive(Clone)]
struct Notifier {
    notify: Arc<dyn Notify>,
    tries: Arc<Semaphore>,
}

impl State {
    /// The time. If the clock has jumped, the state machine knows it before.
    fn now(&mut self, clock: &dyn Clock) -> Timestamp {
        if let Some(by) = self.clock.jump(clock) {
            let seconds = by / signals::time::SECOND;
            tracing::warn!(seconds, "the clock has jumped; waits keep their length");
            self.alertmanager.clock_jumped(by, self.clock.now());
        }
        self.clock.now()
    }

    fn set_notifiers(&mut self, notifiers: Notifiers) {
        let mut previous = std::mem::take(&mut self.notifiers);
        let with_tries = |(key, notify)| {
            let tries = previous
                .remove(&key)
                .map_or_else(|| Arc::new(Semaphore::new(TRIES_MAX)), |notifier| notifier.tries);
            (key, Notifier { notify, tries })
        };
        self.notifiers = notifiers.into_iter().map(with_tries).collect();
    }
}

impl Live {
    /// Reads the folder and starts the tasks, in the runtime of the caller. Returns also what of the
    /// folder could not be read, which is logged.
    ///
    /// # Errors
    /// Any error of the file system. Damage is none.
    pub fn start(setup: Setup) -> io::Result<(Self, Damage)> {
        Self::start_with(setup, Arc::new(TokioTimer))
    }

    fn start_with(setup: Setup, timer: Arc<dyn Timer>) -> io::Result<(Self, Damage)> {
        let Setup { configuration, notifiers, limits, clock, folder } = setup;
        let steady = SteadyClock::new(&*clock);
        let mut alertmanager = Alertmanager::new(configuration, limits, steady.now());
        let (mut damage, mut journal) = (Damage::default(), None);
        if let Some(folder) = folder {
            damage = journal::read(&folder, |record| alertmanager.restore(record, steady.now()))?;
            for what in &damage.named {
                tracing::error!(what, "a record is damaged and left out");
            }
            alertmanager.metrics().damaged(damage.records);
            alertmanager.save_changes();
            journal = Some(Journal::start(&folder, &alertmanager.snapshot().bytes)?);
        }
        let saved = journal.is_some().then(|| watch::Sender::new(Saved::default()));
        let mut state =
            State { alertmanager, notifiers: HashMap::new(), clock: steady, changes: 0 };
        state.set_notifiers(notifiers);
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            wake: tokio::sync::Notify::new(),
            changed: tokio::sync::Notify::new(),
            saved,
            clock,
            timer,
        });
        let (stop, stop_saving) = (watch::Sender::new(None), watch::Sender::new(false));
        let driver = tokio::spawn(drive(Arc::clone(&shared), stop.subscribe()));
        let saver = journal.map(|journal| {
            tokio::spawn(save::run(Arc::clone(&shared), journal, stop_saving.subscribe()))
        });
        let tasks = Arc::new(Mutex::new(Some(Tasks { driver, saver })));
        Ok((Self { shared, stop, stop_saving, tasks }, damage))
    }

    /// As [`Alertmanager::receive`].
    pub fn receive(&self, alerts: Vec<PostableAlert>) -> Receipt {
        let receipt = self.shared.change(|alertmanager, now| alertmanager.receive(alerts, now));
        self.shared.wake.notify_one();
        receipt
    }

    /// As [`Alertmanager::set_silence`]. Returns when the silence is on disk.
    ///
    /// # Errors
    /// As that, and [`ApiError::Internal`] if the silence is in effect but could not be saved.
    pub async fn set_silence(&self, silence: PostableSilence) -> Result<String, ApiError> {
        let new_id = uuid::Uuid::new_v4().to_string();
        let (id, change) = self
            .shared
            .saving(|alertmanager, now| alertmanager.set_silence(silence, new_id, now))?;
        self.shared.saved(change).await?;
        Ok(id)
    }

    /// As [`Alertmanager::expire_silence`]. Returns when the end is on disk.
    ///
    /// # Errors
    /// [`ApiError::NotFound`], and [`ApiError::Internal`] if the end could not be saved.
    pub async fn expire_silence(&self, id: &str) -> Result<(), ApiError> {
        let ((), change) = self.shared.saving(|alertmanager, now| {
            alertmanager.expire_silence(id, now).map_err(|error| match error {
                SilenceError::NotFound => ApiError::NotFound,
                SilenceError::Invalid(reason) => ApiError::BadRequest(reason),
            })
        })?;
        self.shared.saved(change).await
    }

    /// As [`Alertmanager::reload`], with the integrations of the configuration.
    pub fn reload(&self, configuration: Configuration, notifiers: Notifiers) {
        let mut state = self.shared.state.lock();
        let now = state.now(&*self.shared.clock);
        state.set_notifiers(notifiers);
        state.alertmanager.reload(configuration, now);
        drop(state);
        self.shared.wake.notify_one();
    }

    /// Reads the state, for queries of the API. Everything else waits meanwhile.
    pub fn read<T>(&self, read: impl FnOnce(&Alertmanager, Timestamp) -> T) -> T {
        self.shared.change(|alertmanager, now| read(alertmanager, now))
    }

    /// Registers the metrics with the process's own.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.shared.state.lock().alertmanager.metrics().register(registry);
        registry.register_collector(Box::new(SharedCounts(Arc::clone(&self.shared))));
    }

    /// Stops: starts no notification any more, waits up to `grace` for those that are being sent, and
    /// saves. What is not sent then is sent after the next start, when senders send again.
    pub async fn stop(&self, grace: Duration) {
        let Some(Tasks { driver, saver }) = self.tasks.lock().take() else { return };
        self.stop.send_replace(Some(grace));
        let driven = driver.await;
        self.stop_saving.send_replace(true);
        let saved = match saver {
            Some(saver) => saver.await,
            None => Ok(()),
        };
        for error in [driven, saved].into_iter().filter_map(Result::err) {
            tracing::error!(%error, "a task has failed");
        }
    }
}

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut Alertmanager, Timestamp) -> T) -> T {
        let mut state = self.state.lock();
        let now = state.now(&*self.clock);
        change(&mut state.alertmanager, now)
    }

    /// Makes a change that is to be saved. Returns also its number.
    fn saving<T, E>(
        &self,
        change: impl FnOnce(&mut Alertmanager, Timestamp) -> Result<T, E>,
    ) -> Result<(T, u64), E> {
        let mut state = self.state.lock();
        let now = state.now(&*self.clock);
        let result = change(&mut state.alertmanager, now)?;
        state.changes += 1;
        let number = state.changes;
        drop(state);
        self.changed.notify_one();
        Ok((result, number))
    }

    /// Waits until a change is on disk.
    async fn saved(&self, change: u64) -> Result<(), ApiError> {
        let Some(saved) = &self.saved else { return Ok(()) };
        let mut saved = saved.subscribe();
        let error = match saved.wait_for(|saved| saved.changes >= change).await {
            Ok(saved) => saved.error.clone(),
            Err(_) => Some("the server stops".to_owned()),
        };
        error.map_or(Ok(()), |error| {
            let effect = "the change is in effect, but is not saved and ends with the process";
            Err(ApiError::Internal(format!("{effect}: {error}")))
        })
    }
}

/// Waits for what is due, and sends.
async fn drive(shared: Arc<Shared>, mut stop: watch::Receiver<Option<Duration>>) {
    let mut deliveries = JoinSet::new();
    loop {
        let wait = {
            let mut state = shared.state.lock();
            let now = state.now(&*shared.clock);
            for dispatch in state.alertmanager.advance(now) {
                let notifier = state.notifiers.get(&dispatch.integration).cloned();
                deliveries.spawn(deliver::deliver(Arc::clone(&shared), dispatch, notifier));
            }
            // A flush may log without sending.
            state.changes += 1;
            between(now, state.alertmanager.next_wakeup())
        };
        shared.changed.notify_one();
        tokio::select! {
            () = shared.timer.sleep(wait) => {}
            () = shared.wake.notified() => {}
            Some(_) = deliveries.join_next(), if !deliveries.is_empty() => {}
            _ = stop.changed() => break,
        }
    }
    let grace = stop.borrow().unwrap_or_default();
    let finished = async { while deliveries.join_next().await.is_some() {} };
    if within(&*shared.timer, grace, finished).await.is_none() {
        tracing::warn!("notifications that are being sent are given up");
    }
}

/// Numbers that are counted when the metrics are read.
#[derive(Debug)]
struct SharedCounts(Arc<Shared>);

impl Collector for SharedCounts {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let counts = self.0.change(|alertmanager, now| Counts::of(alertmanager, now));
        counts.encode(encoder)
    }
}

#[cfg(test)]
mod tests;
