//! Limits on the days that the rows of a request may belong to. Each day has its own part and
//! manifest, so rows spread over thousands of days would become thousands of files.
//! Days around now are always accepted. Other days have two limits for each signal: on days between
//! two flushes, which each flush resets, and on days in the store.
//! flushes, which a flush makes room in, and on those that the store holds at all.

use std::collections::BTreeSet;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use parking_lot::Mutex;
use signals::time::day_of;
use signals::{Signal, Timestamp};

use crate::StoreError;
use crate::part::order;
use crate::state::ROW_SIGNALS;

/// Days this close to now are always accepted.
const CURRENT_DAYS: i32 = 7;
/// Limit on other days between two flushes.
pub(crate) const HEAD_DAYS_MAX: usize = 64;
/// Limit on other days in parts; raised to twice the retention of the signal if that is more.
pub(crate) const STORED_DAYS_MAX: usize = 400;

/// Days accepted since the last cut, except those around now.
#[derive(Debug, Default)]
pub(crate) struct HeadDays {
    since_cut: Mutex<[BTreeSet<i32>; ROW_SIGNALS.len()]>,
}

/// The admitted rows of a batch.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) rows: RecordBatch,
    /// Number of rows refused because they span too many days.
    pub(crate) refused: usize,
}

impl HeadDays {
    /// Resets the limit on days, after a cut.
    pub(crate) fn clear(&self) {
        *self.since_cut.lock() = Default::default();
    }

    /// Admits the rows of a batch. `stored` returns the days of the signal that have parts; their
    /// limit is `stored_max`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when a flush has to make room first.
    pub(crate) fn admit(
        &self,
        signal: Signal,
        rows: RecordBatch,
        now: Timestamp,
        stored: impl FnOnce() -> BTreeSet<i32>,
        stored_max: usize,
    ) -> Result<Admitted, StoreError> {
        let times = order::times(signal, &rows)?;
        let today = day_of(now);
        let is_current = |day: i32| day.abs_diff(today) <= CURRENT_DAYS.unsigned_abs();
        let Some((min, max)) = order::bounds(&times) else {
            return Ok(Admitted { rows, refused: 0 });
        };
        if is_current(day_of(min)) && is_current(day_of(max)) {
            return Ok(Admitted { rows, refused: 0 });
        }
        let days: BTreeSet<i32> = times.values().iter().map(|time| day_of(*time)).collect();
        let mut since_cut = self.since_cut.lock();
        let place = ROW_SIGNALS.iter().position(|of| *of == signal);
        let Some(head) = place.and_then(|place| since_cut.get_mut(place)) else {
            return Ok(Admitted { rows, refused: 0 });
        };
        let mut new: Vec<i32> =
            days.into_iter().filter(|day| !is_current(*day) && !head.contains(day)).collect();
        // Of too many days, the newest are kept.
        new.reverse();
        if new.is_empty() {
            return Ok(Admitted { rows, refused: 0 });
        }
        let stored = stored();
        let mut held = stored.union(head).filter(|day| !is_current(**day)).count();
        new.retain(|day| {
            let is_held = stored.contains(day);
            held += usize::from(!is_held);
            is_held || held <= stored_max
        });
        if head.len() + new.len() > HEAD_DAYS_MAX && !head.is_empty() {
            return Err(StoreError::Unavailable(format!(
                "unflushed {} span {HEAD_DAYS_MAX} days already: retry after the next flush",
                signal.name()
            )));
        }
        new.truncate(HEAD_DAYS_MAX);
        head.extend(new);
        let keep: BooleanArray = times
            .values()
            .iter()
            .map(|time| day_of(*time))
            .map(|day| Some(is_current(day) || head.contains(&day)))
            .collect();
        drop(since_cut);
        let refused = keep.false_count();
        let rows = if refused == 0 { rows } else { filter_record_batch(&rows, &keep)? };
        Ok(Admitted { rows, refused })
    }
}
