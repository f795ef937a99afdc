//! Evaluates groups at their intervals.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use signals::Clock;
use signals::time::MILLISECOND;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::schedule::{Next, next, slot};
use crate::statistics::Statistics;
use crate::{Environment, Group, Identity, Settings};

/// The groups of a server. Dropping it stops their evaluation.
pub struct Groups {
    shared: Arc<Shared>,
    running: Mutex<BTreeMap<Identity, Arc<Running>>>,
    /// Serialises updates.
    updating: tokio::sync::Mutex<()>,
}

/// What the tasks of all groups use.
struct Shared {
    settings: Mutex<Arc<Settings>>,
    environment: Arc<dyn Environment>,
    clock: Arc<dyn Clock>,
    statistics: Statistics,
    /// Where evaluations run.
    runtime: Handle,
    /// No group is evaluated any more.
    stop: CancellationToken,
}

/// A group that is evaluated.
struct Running {
    group: Arc<Group>,
    /// Its task has ended.
    ended: CancellationToken,
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").field("groups", &self.running.lock().len()).finish_non_exhaustive()
    }
}

impl Groups {
    /// No groups yet. Their evaluations take the time of the threads of a runtime.
    #[must_use]
    pub fn new(
        settings: Settings,
        environment: Arc<dyn Environment>,
        clock: Arc<dyn Clock>,
        runtime: Handle,
    ) -> Self {
        let settings = Mutex::new(Arc::new(settings));
        let (statistics, stop) = (Statistics::default(), CancellationToken::new());
        Self {
            shared: Arc::new(Shared { settings, environment, clock, statistics, runtime, stop }),
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
    /// rules; the series of one that is gone become stale after two intervals. Nothing happens after
    /// [`Self::stop`].
    pub async fn update(&self, settings: Settings, groups: Vec<Group>) {
        let _updating = self.updating.lock().await;
        if self.shared.stop.is_cancelled() {
            return;
        }
        *self.shared.settings.lock() = Arc::new(settings);
        let groups: BTreeMap<Identity, Group> =
            groups.into_iter().map(|group| (group.identity.clone(), group)).collect();
        // The APIs see the old groups until all new ones run.
        let mut old = self.running.lock().clone();
        let (mut new, mut changed) = (BTreeMap::new(), Vec::new());
        for (identity, group) in groups {
            match old.remove(&identity) {
                Some(running) if running.group.is_same(&group) => {
                    new.insert(identity, running);
                }
                before => changed.push((group, before)),
            }
        }
        let changing = changed.iter().filter_map(|(_, before)| before.as_ref());
        for stopping in changing.chain(old.values()) {
            stopping.group.stop.cancel();
        }
        for (group, before) in changed {
            if let Some(before) = before {
                before.ended.cancelled().await;
                group.continue_from(before.group.state());
            }
            new.insert(group.identity.clone(), Running::start(group, &self.shared));
        }
        *self.running.lock() = new;
        for removed in old.into_values() {
            removed.ended.cancelled().await;
            self.shared.statistics.end(&removed.group.identity);
            self.shared.runtime.spawn(end(Arc::clone(&removed.group), Arc::clone(&self.shared)));
        }
    }

    /// Ends all evaluations, and waits for the rules that are evaluated.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        let _updating = self.updating.lock().await;
        let running = self.running.lock().clone();
        for group in running.values() {
            group.group.stop.cancel();
        }
        for group in running.values() {
            group.ended.cancelled().await;
        }
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        for running in self.running.lock().values() {
            running.group.stop.cancel();
        }
    }
}

impl Running {
    fn start(group: Group, shared: &Arc<Shared>) -> Arc<Self> {
        let rules = group.state.lock().rules.len();
        shared.statistics.begin(&group.identity, group.interval_ms, rules);
        let (group, ended) = (Arc::new(group), CancellationToken::new());
        let (task_group, task_shared) = (Arc::clone(&group), Arc::clone(shared));
        let end = ended.clone().drop_guard();
        shared.runtime.spawn(async move {
            let _end = end;
            run(&task_group, &task_shared).await;
        });
        Arc::new(Self { group, ended })
    }
}

impl Shared {
    fn now_ms(&self) -> i64 {
        self.clock.now().div_euclid(MILLISECOND)
    }
}

/// Evaluates a group at its times until it is stopped.
async fn run(group: &Group, shared: &Shared) {
    let interval_ms = group.interval_ms;
    let mut due_ms = slot(&group.identity, interval_ms, shared.now_ms()) + interval_ms;
    let mut evaluations = 0_u32;
    let must_restore = group.state.lock().rules.iter().any(|rule| !rule.alerts.is_restored);
    while !group.stop.is_cancelled() {
        let (time_ms, missed) = match next(due_ms, interval_ms, shared.now_ms()) {
            Next::Evaluate { time_ms, missed } => (time_ms, missed),
            Next::Wait { due_ms: due, wait } => {
                due_ms = due;
                tokio::select! {
                    () = group.stop.cancelled() => {}
                    () = tokio::time::sleep(wait) => {}
                }
                continue;
            }
        };
        shared.statistics.iterated(&group.identity, missed);
        let settings = Arc::clone(&shared.settings.lock());
        let (environment, clock) = (&shared.environment, shared.clock.as_ref());
        group.evaluate(time_ms, &settings, environment, clock, &shared.statistics).await;
        evaluations = evaluations.saturating_add(1);
        // The first evaluation may lack data: targets are scraped again, rules record again.
        if must_restore && evaluations == 2 {
            group.restore(shared.now_ms(), &settings, environment).await;
        }
        due_ms = time_ms.saturating_add(interval_ms);
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
    tokio::select! {
        () = shared.stop.cancelled() => {}
        () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {
            group.mark_removed_rules_stale(removed_at_ms, &shared.environment).await;
        }
    }
}
