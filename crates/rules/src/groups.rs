//! Evaluates groups at their intervals.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use signals::Clock;
use signals::time::MILLISECOND;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::schedule::slot;
use crate::statistics::Statistics;
use crate::{Environment, Group, Identity, Settings};

/// The groups of a server. Dropping it stops their evaluation.
pub struct Groups {
    shared: Arc<Shared>,
    running: Mutex<BTreeMap<Identity, Running>>,
    /// Serialises updates.
    updating: tokio::sync::Mutex<()>,
}

/// What the tasks of all groups use.
struct Shared {
    settings: Mutex<Arc<Settings>>,
    environment: Arc<dyn Environment>,
    clock: Arc<dyn Clock>,
    statistics: Statistics,
}

/// A group that is evaluated.
struct Running {
    group: Arc<Group>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").field("groups", &self.running.lock().len()).finish_non_exhaustive()
    }
}

impl Groups {
    /// No groups yet.
    #[must_use]
    pub fn new(
        settings: Settings,
        environment: Arc<dyn Environment>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let settings = Mutex::new(Arc::new(settings));
        let statistics = Statistics::default();
        Self {
            shared: Arc::new(Shared { settings, environment, clock, statistics }),
            running: Mutex::default(),
            updating: tokio::sync::Mutex::default(),
        }
    }

    /// Counts of evaluations, as own metrics.
    #[must_use]
    pub fn statistics(&self) -> &Statistics {
        &self.shared.statistics
    }

    /// All groups, by file and name.
    #[must_use]
    pub fn groups(&self) -> Vec<Arc<Group>> {
        self.running.lock().values().map(|running| Arc::clone(&running.group)).collect()
    }

    /// Replaces all groups. One that is the same goes on; one that changed keeps the states of its
    /// rules; the series of one that is gone become stale after two intervals.
    pub async fn update(&self, settings: Settings, groups: Vec<Group>) {
        let _updating = self.updating.lock().await;
        *self.shared.settings.lock() = Arc::new(settings);
        let mut old = std::mem::take(&mut *self.running.lock());
        let mut new = BTreeMap::new();
        for group in groups {
            let before = old.remove(&group.identity);
            let running = match before {
                Some(running) if running.group.is_same(&group) => running,
                before => {
                    if let Some(before) = before {
                        before.stop().await;
                        group.continue_from(before.group.state());
                    }
                    Running::start(Arc::new(group), &self.shared)
                }
            };
            new.insert(running.group.identity.clone(), running);
        }
        *self.running.lock() = new;
        for running in old.into_values() {
            running.stop().await;
            self.shared.statistics.end(&running.group.identity);
            tokio::spawn(end(running.group, Arc::clone(&self.shared)));
        }
    }

    /// Ends all evaluations, and waits for those that run.
    pub async fn stop(&self) {
        let _updating = self.updating.lock().await;
        let running = std::mem::take(&mut *self.running.lock());
        for group in running.values() {
            group.stop.cancel();
        }
        for group in running.into_values() {
            group.stop().await;
        }
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for running in self.running.lock().values() {
            running.stop.cancel();
        }
    }
}

impl Running {
    fn start(group: Arc<Group>, shared: &Arc<Shared>) -> Self {
        let stop = CancellationToken::new();
        let rules = group.state.lock().rules.len();
        shared.statistics.begin(&group.identity, group.interval_ms, rules);
        let task = tokio::spawn(run(Arc::clone(&group), Arc::clone(shared), stop.clone()));
        Self { group, stop, task }
    }

    /// Waits for an evaluation that runs.
    async fn stop(&self) -> &Self {
        self.stop.cancel();
        while !self.task.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self
    }
}

impl Shared {
    fn now_ms(&self) -> i64 {
        self.clock.now().div_euclid(MILLISECOND)
    }
}

/// Evaluates a group at its times until it is stopped.
async fn run(group: Arc<Group>, shared: Arc<Shared>, stop: CancellationToken) {
    let interval_ms = group.interval_ms;
    let mut due_ms = slot(&group.identity, interval_ms, shared.now_ms()) + interval_ms;
    let mut evaluations = 0_u32;
    let must_restore = group.state.lock().rules.iter().any(|rule| !rule.alerts.is_restored);
    loop {
        let wait_ms = (due_ms - shared.now_ms()).clamp(0, interval_ms);
        let wait = Duration::from_millis(wait_ms.unsigned_abs());
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        // A clock that was set elsewhere, or a slow evaluation: its times are not made up for.
        let late = (shared.now_ms() - due_ms).div_euclid(interval_ms);
        due_ms += late * interval_ms;
        shared.statistics.iterated(&group.identity, u64::try_from(late).unwrap_or(0));
        let settings = Arc::clone(&shared.settings.lock());
        let (environment, clock) = (&shared.environment, shared.clock.as_ref());
        group.evaluate(due_ms, &settings, environment, clock, &shared.statistics).await;
        evaluations = evaluations.saturating_add(1);
        // The first evaluation may lack data: targets are scraped again, rules record again.
        if must_restore && evaluations == 2 {
            group.restore(shared.now_ms(), &settings, environment).await;
        }
        due_ms += interval_ms;
    }
}

/// After a group was removed, marks its series as stale. Another group may have taken them over.
async fn end(group: Arc<Group>, shared: Arc<Shared>) {
    let removed_at_ms = shared.now_ms();
    {
        let mut state = group.state.lock();
        let series: Vec<_> =
            state.rules.iter_mut().flat_map(|rule| std::mem::take(&mut rule.series)).collect();
        state.stale.extend(series);
    }
    let wait_ms = group.interval_ms.saturating_mul(2).unsigned_abs();
    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    group.mark_removed_rules_stale(removed_at_ms, &shared.environment).await;
}
