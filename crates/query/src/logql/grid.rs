//! Values of series at the steps of a query.

use signals::{Labels, Timestamp};

/// The times at which a query is evaluated: `count` of them, `step_ns` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) start: Timestamp,
    pub(super) step_ns: i64,
    pub(super) count: usize,
}

impl Steps {
    pub(super) fn time(&self, step: usize) -> Timestamp {
        self.start.saturating_add(self.step_ns.saturating_mul(step as i64))
    }

    pub(super) fn last(&self) -> Timestamp {
        self.time(self.count.saturating_sub(1))
    }

    /// The steps whose window `(time - offset - range, time - offset]` contains an instant: the
    /// first and one past the last.
    pub(super) fn covering(
        &self,
        timestamp: Timestamp,
        range_ns: i64,
        offset_ns: i64,
    ) -> (usize, usize) {
        let from = i128::from(timestamp) + i128::from(offset_ns) - i128::from(self.start);
        let step = i128::from(self.step_ns.max(1));
        let ceiling = |ns: i128| ns.div_euclid(step) + i128::from(ns.rem_euclid(step) != 0);
        let clamp = |step: i128| step.clamp(0, self.count as i128) as usize;
        (clamp(ceiling(from)), clamp(ceiling(from + i128::from(range_ns))))
    }
}

/// A series with its value at each step; `None` where it has none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) labels: Labels,
    pub(super) values: Vec<Option<f64>>,
}

/// The result of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Grid {
    /// The same number at each step.
    Scalar(f64),
    /// Series.
    Rows(Rows),
}

/// Series, and whether their order is significant.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    pub(super) is_ordered: bool,
}

impl Rows {
    /// Rows in any order, without those that have no value at all.
    pub(super) fn unordered(mut rows: Vec<Row>) -> Self {
        rows.retain(|row| row.values.iter().any(Option::is_some));
        Self { rows, is_ordered: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_exclude_their_start_and_include_their_end() {
        let steps = Steps { start: 60, step_ns: 30, count: 3 };
        assert_eq!(steps.covering(60, 30, 0), (0, 1));
        assert_eq!(steps.covering(61, 30, 0), (1, 2));
        assert_eq!(steps.covering(30, 30, 0), (0, 0));
        assert_eq!(steps.covering(31, 30, 0), (0, 1));
        assert_eq!(steps.covering(50, 60, 0), (0, 2));
        assert_eq!(steps.covering(0, 30, 60), (0, 1));
        assert_eq!(steps.covering(i64::MAX, 30, i64::MAX), (3, 3));
        assert_eq!(steps.covering(i64::MIN, i64::MAX, 0), (0, 0));
    }
}
