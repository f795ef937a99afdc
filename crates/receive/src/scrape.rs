//! Scraping: the targets of jobs are found, fetched at their intervals and stored.
//!
//! A [`Scraper`] runs the jobs of `scrape_configs`: for each, service discovery finds targets, and
//! each target has a loop of its own. A new configuration replaces the old one; targets that are in
//! both go on without a gap. Source: Prometheus' document "Configuration" and its scrape manager.

#[cfg(test)]
mod corpora;
mod failure_log;
mod histogram_limits;
mod job;
mod metadata;
mod page;
mod pool;
mod report;
mod schedule;
mod series_cache;
mod series_labels;
mod status;
mod target;
mod target_loop;

use std::collections::HashMap;
use std::sync::Arc;

use adopt::prometheus::ScrapeConfig;
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use signals::{Clock, Labels, MemoryBudget};
use store::Store;
use tokio::sync::Semaphore;

use self::pool::Pool;
pub use self::status::{Health, LastScrape, PoolStatus, TargetStatus};
use crate::Statistics;
use http_client::HostAddresses;

/// What the scraper needs.
#[derive(Clone)]
pub struct ScrapeSettings {
    /// Addresses of host names; other names are asked of the system.
    pub addresses: HostAddresses,
    /// Memory of pages while they are fetched and read.
    pub page_memory: MemoryBudget,
    /// Memory of the texts of series, by which they are recognised. When it is used up, known
    /// series go on and new ones are refused.
    pub series_memory: MemoryBudget,
    /// Bytes of a page, unless the job has a limit of its own.
    pub page_bytes_max: usize,
    /// Series of one target; new ones beyond it are refused.
    pub series_per_target_max: usize,
    /// Pages read at the same time on blocking threads.
    pub readers_max: usize,
}

/// Runs all jobs.
pub struct Scraper {
    shared: Arc<Shared>,
    pools: Mutex<Vec<Pool>>,
}

/// What all loops use.
struct Shared {
    store: Store,
    clock: Arc<dyn Clock>,
    statistics: Arc<Statistics>,
    addresses: Arc<HostAddresses>,
    page_memory: MemoryBudget,
    series_memory: MemoryBudget,
    page_bytes_max: usize,
    series_per_target_max: usize,
    readers: Semaphore,
    /// How many loops scrape a target with these labels.
    scraped: Mutex<HashMap<Labels, usize, RandomState>>,
}

impl Scraper {
    /// A scraper without jobs.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        statistics: Arc<Statistics>,
        settings: ScrapeSettings,
    ) -> Self {
        let shared = Shared {
            store,
            clock,
            statistics,
            addresses: Arc::new(settings.addresses),
            page_memory: settings.page_memory,
            series_memory: settings.series_memory,
            page_bytes_max: settings.page_bytes_max,
            series_per_target_max: settings.series_per_target_max,
            readers: Semaphore::new(settings.readers_max.max(1)),
            scraped: Mutex::default(),
        };
        Self { shared: Arc::new(shared), pools: Mutex::default() }
    }

    /// Replaces all jobs. What did not change goes on.
    ///
    /// # Errors
    /// What is wrong with a job, with its name; all jobs stay as they were.
    pub fn apply(&self, configs: Vec<ScrapeConfig>) -> Result<(), String> {
        let mut pools = self.pools.lock();
        let mut jobs = Vec::new();
        for config in configs {
            let name = config.job_name.clone();
            let job = job::Job::new(config, &self.shared);
            jobs.push(Arc::new(job.map_err(|error| format!("job {name:?}: {error}"))?));
        }
        let mut old: HashMap<String, Pool> =
            pools.drain(..).map(|pool| (pool.job_name(), pool)).collect();
        for job in jobs {
            let pool = match old.remove(&job.config.job_name) {
                Some(pool) => pool.updated(job),
                None => Pool::start(job),
            };
            pools.push(pool);
        }
        // The pools that are left are dropped, and their targets end.
        Ok(())
    }

    /// The state of all jobs and targets.
    #[must_use]
    pub fn status(&self) -> Vec<PoolStatus> {
        self.pools.lock().iter().map(Pool::status).collect()
    }

    /// Ends all jobs without stale markers: the next process goes on.
    pub fn close(&self) {
        for pool in self.pools.lock().drain(..) {
            pool.shut_down();
        }
    }
}

impl Shared {
    /// Whether a loop scrapes a target with these labels.
    fn is_scraped(&self, labels: &Labels) -> bool {
        self.scraped.lock().contains_key(labels)
    }

    fn begin(&self, labels: &Labels) {
        *self.scraped.lock().entry(labels.clone()).or_default() += 1;
    }

    fn end(&self, labels: &Labels) {
        let mut scraped = self.scraped.lock();
        if let Some(count) = scraped.get_mut(labels) {
            *count -= 1;
            if *count == 0 {
                scraped.remove(labels);
            }
        }
    }
}
