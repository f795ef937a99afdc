//! Checks of the parameters of aggregations, over all steps at once.

use lang::promql::{Expr, Span};

use crate::Error;
use crate::evaluator::Evaluator;
use crate::grid::Grid;
use crate::scalar::Scalar;
use crate::text::general;

/// The values of a parameter.
pub(crate) struct Range {
    pub(crate) least: f64,
    /// NaN if any value is.
    pub(crate) greatest: f64,
    has_nan: bool,
}

impl Range {
    pub(crate) fn of(parameter: &Scalar, grid: &Grid) -> Self {
        let mut range = Self { least: f64::MAX, greatest: -f64::MAX, has_nan: false };
        for step in 0..grid.steps {
            let value = parameter.at(step);
            range.least = range.least.min(value);
            range.greatest = range.greatest.max(value);
            range.has_nan |= value.is_nan();
        }
        if range.has_nan {
            (range.least, range.greatest) = (f64::NAN, f64::NAN);
        }
        range
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.least == 0.0 && self.greatest == 0.0
    }
}

/// The integers of 64 bits that a number of series must be within.
const COUNTS: (f64, f64) = (-9_223_372_036_854_775_808.0, 9_223_372_036_854_774_784.0);

/// Checks the number of series of `topk`, `bottomk` and `limitk`.
pub(crate) fn check_count(range: &Range) -> Result<(), Error> {
    let message = if range.has_nan {
        "Parameter value is NaN".to_owned()
    } else if range.least <= COUNTS.0 {
        format!("Scalar value {} underflows int64", general(range.least))
    } else if range.greatest >= COUNTS.1 {
        format!("Scalar value {} overflows int64", general(range.greatest))
    } else {
        return Ok(());
    };
    Err(Error::Execution(message))
}

impl Evaluator<'_> {
    /// Checks the parameter of `limit_ratio`.
    pub(crate) fn check_ratio(&self, range: &Range, span: Span) -> Result<(), Error> {
        if range.has_nan {
            return Err(Error::Execution("Ratio value is NaN".into()));
        }
        for (is_outside, value, limit) in
            [(range.greatest > 1.0, range.greatest, 1), (range.least < -1.0, range.least, -1)]
        {
            if is_outside {
                let value = general(value);
                self.warn(
                    span,
                    &format!(
                        "ratio value should be between -1 and 1, got {value}, capping to {limit}"
                    ),
                );
            }
        }
        Ok(())
    }

    /// Annotates quantiles that are not between 0 and 1.
    pub(crate) fn note_quantile_range(&self, range: &Range, span: Span) {
        if range.has_nan {
            self.note_quantile(f64::NAN, span);
        }
        if range.greatest > 1.0 {
            self.note_quantile(range.greatest, span);
        }
        if range.least < 0.0 {
            self.note_quantile(range.least, span);
        }
    }

    /// Annotates the quantiles of all steps that are not between 0 and 1.
    pub(crate) fn note_quantiles(&self, quantiles: &Scalar, q: &Expr, grid: &Grid) {
        let steps = if matches!(quantiles, Scalar::Constant(_)) { 1 } else { grid.steps };
        for step in 0..steps {
            self.note_quantile(quantiles.at(step), q.bare().span());
        }
    }

    /// Annotates a quantile that is not between 0 and 1.
    pub(crate) fn note_quantile(&self, q: f64, span: Span) {
        if !(0.0..=1.0).contains(&q) {
            let shown = general(q);
            self.warn(span, &format!("quantile value should be between 0 and 1, got {shown}"));
        }
    }
}
