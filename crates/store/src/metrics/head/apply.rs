//! Applies admitted and logged items to the series. Refuses nothing.

use std::sync::atomic::Ordering;

use super::admit::{Admitted, Work};
use super::series::Pushed;
use super::shard::Shard;
use super::{Counts, Head};

/// Below this many samples, starting threads costs more than it saves.
const PARALLEL_SAMPLES_MIN: usize = 16_384;

impl Head {
    /// Applies batches in order; they are visible to every reader when this returns.
    ///
    /// Each worker takes a share of the shards and goes through all batches, so that the samples
    /// of one series are applied in the order of the log.
    pub(crate) fn apply(&self, batches: &[&Admitted], workers: usize) {
        for batch in batches.iter().filter(|batch| !batch.metadata.is_empty()) {
            self.inner.families.update(&batch.metadata, self.inner.limits.families_max);
        }
        let samples: usize = batches.iter().map(|batch| batch.samples()).sum();
        let workers = if samples < PARALLEL_SAMPLES_MIN { 1 } else { workers.max(1) };
        let mut counts = Counts::default();
        if workers == 1 {
            counts = self.apply_share(batches, 0, 1);
        } else {
            std::thread::scope(|scope| {
                let others: Vec<_> = (1..workers)
                    .map(|worker| scope.spawn(move || self.apply_share(batches, worker, workers)))
                    .collect();
                counts = self.apply_share(batches, 0, workers);
                for other in others {
                    match other.join() {
                        Ok(more) => counts.add(&more),
                        Err(panic) => std::panic::resume_unwind(panic),
                    }
                }
            });
        }
        for batch in batches {
            counts.add(&batch.counts);
        }
        self.inner.counts.lock().add(&counts);
    }

    fn apply_share(&self, batches: &[&Admitted], worker: usize, workers: usize) -> Counts {
        let mut counts = Counts::default();
        for (number, shard) in self.inner.shards.iter().enumerate().skip(worker).step_by(workers) {
            let mut work = batches
                .iter()
                .filter_map(|batch| batch.shards.get(number))
                .filter(|work| !work.is_empty())
                .peekable();
            if work.peek().is_none() {
                continue;
            }
            let mut shard = shard.write();
            for work in work {
                self.apply_work(&mut shard, work, &mut counts);
            }
        }
        counts
    }

    fn apply_work(&self, shard: &mut Shard, work: &Work, counts: &mut Counts) {
        for (slot, start_ms) in &work.start_times {
            shard.set_start(*slot, *start_ms);
        }
        for point in &work.points {
            counts.count(shard.push(point.slot, point.timestamp_ms, point.value));
        }
        for point in &work.histograms {
            counts.count(shard.push_histogram(point.slot, point.timestamp_ms, &point.histogram));
        }
        for (slot, exemplar) in &work.exemplars {
            let limits = &self.inner.limits;
            let has_room = self.inner.exemplars.load(Ordering::Relaxed) < limits.exemplars_max;
            let of_one_max = limits.exemplars_per_series_max;
            if let Some(more) = shard.push_exemplar(*slot, exemplar, of_one_max, has_room) {
                self.inner.exemplars.fetch_add(more, Ordering::Relaxed);
                counts.exemplars += 1;
            }
        }
    }
}

impl Counts {
    fn count(&mut self, pushed: Pushed) {
        match pushed {
            Pushed::InOrder => self.samples += 1,
            Pushed::Late => {
                self.samples += 1;
                self.late_samples += 1;
            }
            Pushed::Duplicate => self.duplicate_samples += 1,
        }
    }
}
