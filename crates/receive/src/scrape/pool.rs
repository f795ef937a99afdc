//! The targets of one job.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use parking_lot::Mutex;
use signals::Labels;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::Shared;
use super::job::Job;
use super::status::{PoolStatus, TargetState, TargetStatus};
use super::target::{Discovered, Target};
use super::target_loop::{Ending, JobError, TargetLoop};
use crate::discovery::{self, TargetGroup};

/// Dropped targets that are kept for the API, unless the job has a limit of its own.
const DROPPED_MAX: usize = 1_000;

/// How long the first round of all discoveries may take before targets that none found end.
const COMPLETE_WITHIN: Duration = Duration::from_secs(5);

/// A running job.
pub(super) struct Pool {
    job: watch::Sender<Arc<Job>>,
    targets: Arc<Mutex<Targets>>,
    /// Waits for what discovery finds; a job without changes of its discovery keeps it.
    _sync: AbortOnDropHandle<()>,
}

/// The targets of a job.
#[derive(Default)]
struct Targets {
    running: HashMap<Identity, Running, RandomState>,
    dropped: Vec<Labels>,
    dropped_count: usize,
    job_error: JobError,
}

/// What makes a target the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Identity {
    labels: Labels,
    url: String,
    interval_ms: u128,
    timeout_ms: u128,
}

/// A target with its loop.
struct Running {
    target: Arc<Target>,
    state: TargetState,
    ending: watch::Sender<Ending>,
    shared: Arc<Shared>,
}

impl Pool {
    /// Starts a job.
    pub(super) fn start(job: Arc<Job>) -> Self {
        let targets = Arc::new(Mutex::new(Targets::default()));
        let (sender, receiver) = watch::channel(Arc::clone(&job));
        let sync = sync(job, receiver, Arc::clone(&targets));
        Self { job: sender, targets, _sync: AbortOnDropHandle::new(tokio::spawn(sync)) }
    }

    /// The same targets with other settings.
    pub(super) fn updated(self, job: Arc<Job>) -> Self {
        if self.job.borrow().config == job.config {
            return self;
        }
        let Self { job: sender, targets, _sync } = self;
        let receiver = sender.subscribe();
        sender.send_replace(Arc::clone(&job));
        // Dropping the old task ends its discoveries; the targets stay until the new ones are known.
        let sync = sync(job, receiver, Arc::clone(&targets));
        Self { job: sender, targets, _sync: AbortOnDropHandle::new(tokio::spawn(sync)) }
    }

    pub(super) fn job_name(&self) -> String {
        self.job.borrow().config.job_name.clone()
    }

    pub(super) fn status(&self) -> PoolStatus {
        let targets = self.targets.lock();
        let mut status = PoolStatus {
            job: self.job_name(),
            targets: targets
                .running
                .values()
                .map(|running| TargetStatus::new(&running.target, &running.state))
                .collect(),
            dropped: targets.dropped.clone(),
            dropped_count: targets.dropped_count,
        };
        status.targets.sort_by(|a, b| a.url.cmp(&b.url));
        status
    }

    /// Ends the job without stale markers.
    pub(super) fn shut_down(self) {
        for (_, running) in self.targets.lock().running.drain() {
            running.ending.send_replace(Ending::Shutdown);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.end(&self.target.labels);
        self.ending.send_if_modified(|ending| {
            let is_removed = *ending == Ending::Running;
            if is_removed {
                *ending = Ending::Removed;
            }
            is_removed
        });
    }
}

/// Follows the discoveries of a job.
async fn sync(job: Arc<Job>, jobs: watch::Receiver<Arc<Job>>, targets: Arc<Mutex<Targets>>) {
    let (mut updates, count) = match discovery::start(
        &job.config.job_name,
        &job.config.discovery,
        &job.shared().addresses,
    ) {
        Ok(started) => started,
        Err(error) => {
            tracing::error!(job = job.config.job_name, error, "service discovery cannot start");
            return;
        }
    };
    let mut groups: HashMap<usize, Vec<TargetGroup>> = HashMap::new();
    let replace = |groups: &HashMap<usize, Vec<TargetGroup>>| {
        let found = groups.values().flatten().flat_map(TargetGroup::targets);
        targets.lock().replace(found, &job, &jobs);
    };
    // Targets of an earlier configuration stay until each discovery had time to find them again.
    let mut complete_at = Some(Instant::now() + COMPLETE_WITHIN);
    loop {
        let update = match complete_at {
            None => updates.recv().await,
            Some(at) => match tokio::time::timeout_at(at, updates.recv()).await {
                Ok(update) => update,
                Err(_elapsed) => {
                    complete_at = None;
                    replace(&groups);
                    continue;
                }
            },
        };
        let is_last = update.is_none();
        groups.extend(update.map(|update| (update.discovery, update.groups)));
        while let Ok(update) = updates.try_recv() {
            groups.insert(update.discovery, update.groups);
        }
        if is_last || groups.len() >= count {
            complete_at = None;
        }
        if complete_at.is_none() {
            replace(&groups);
        }
        if is_last {
            return;
        }
    }
}

impl Targets {
    /// Starts loops of new targets and ends those of targets that are gone.
    fn replace(
        &mut self,
        found: impl Iterator<Item = Labels>,
        job: &Arc<Job>,
        jobs: &watch::Receiver<Arc<Job>>,
    ) {
        let config = &job.config;
        let size = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        let dropped_max = config.limits.keep_dropped_targets.map_or(DROPPED_MAX, size);
        self.dropped.clear();
        self.dropped_count = 0;
        let mut wanted: HashMap<Identity, Target, RandomState> = HashMap::default();
        for labels in found {
            match Target::discover(&labels, config) {
                Ok(Discovered::Scraped(target)) => {
                    wanted.entry(Identity::of(&target)).or_insert(target);
                }
                Ok(Discovered::Dropped(discovered)) => {
                    self.dropped_count += 1;
                    if self.dropped.len() < dropped_max {
                        self.dropped.push(discovered);
                    }
                }
                Err(error) => {
                    let address = labels.get("__address__").unwrap_or_default();
                    let error = format!("{address:?}: {error}");
                    tracing::warn!(job = config.job_name, error, "a target cannot be scraped");
                }
            }
        }
        let limit = config.limits.target_limit.map_or(usize::MAX, size);
        let mut job_error = String::new();
        if wanted.len() > limit {
            job_error = format!(
                "target_limit exceeded (number of targets: {}, limit: {limit})",
                wanted.len()
            );
            tracing::error!(job = config.job_name, error = job_error, "no target is scraped");
        }
        *self.job_error.lock() = job_error;
        self.running.retain(|identity, _| wanted.contains_key(identity));
        for (identity, target) in wanted {
            let job_error = &self.job_error;
            self.running
                .entry(identity)
                .or_insert_with(|| Running::start(target, job, jobs, job_error));
        }
    }
}

impl Running {
    fn start(
        target: Target,
        job: &Arc<Job>,
        jobs: &watch::Receiver<Arc<Job>>,
        job_error: &JobError,
    ) -> Self {
        let (target, state) = (Arc::new(target), TargetState::default());
        let shared = Arc::clone(job.shared());
        shared.begin(&target.labels);
        let (ending, ends) = watch::channel(Ending::Running);
        let scraping = TargetLoop::new(
            Arc::clone(&target),
            Arc::clone(job),
            Arc::clone(&shared),
            state.clone(),
            Arc::clone(job_error),
        );
        tokio::spawn(scraping.run(jobs.clone(), ends));
        Self { target, state, ending, shared }
    }
}

impl Identity {
    fn of(target: &Target) -> Self {
        Self {
            labels: target.labels.clone(),
            url: target.url.to_string(),
            interval_ms: target.interval.as_millis(),
            timeout_ms: target.timeout.as_millis(),
        }
    }
}
