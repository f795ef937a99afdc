//! The series and time ranges that a query reads: known before any sample is decoded.

use std::collections::HashMap;
use std::fmt;

use lang::promql::{At, DurationExpr, Expr, Extension, MatchOp, ParseError, Selector, Subquery};
use signals::metric::Samples;
use signals::{Labels, Matcher};

use crate::evaluator::Query;
use crate::{Error, SeriesError, histogram_stats, info};

/// A series whose samples are decoded on demand.
pub trait SeriesRead: Send + Sync + fmt::Debug {
    /// The labels.
    fn labels(&self) -> &Labels;

    /// Upper bound of the number of samples, without decoding.
    fn samples_max(&self) -> u64;

    /// Fills the cleared `samples` with those in `start_ms <= t <= end_ms`.
    ///
    /// # Errors
    /// When the series cannot be read.
    fn read(&self, start_ms: i64, end_ms: i64, samples: &mut Samples) -> Result<(), SeriesError>;

    /// As [`Self::read`], and fills the cleared `starts` with the start time of each of these
    /// samples. A source without start times leaves `starts` empty, as this default does.
    ///
    /// # Errors
    /// When the series cannot be read.
    fn read_with_starts(
        &self,
        start_ms: i64,
        end_ms: i64,
        samples: &mut Samples,
        _starts: &mut StartTimes,
    ) -> Result<(), SeriesError> {
        self.read(start_ms, end_ms, samples)
    }
}

/// When the counters of samples started from zero, in milliseconds since 1970; 0 if unknown. Each
/// list is as long as that of the samples, or empty if none is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartTimes {
    /// Of the float samples.
    pub values: Vec<i64>,
    /// Of the native histograms.
    pub histograms: Vec<i64>,
}

impl StartTimes {
    /// Clears the times and keeps the allocations.
    pub fn clear(&mut self) {
        self.values.clear();
        self.histograms.clear();
    }
}

/// One selector of a query and the range of samples that it needs.
#[derive(Debug)]
pub struct SelectorPlan {
    /// Position of the selector in the text; its key.
    pub position: usize,
    /// The conditions.
    pub matchers: Vec<Matcher>,
    /// First millisecond needed.
    pub start_ms: i64,
    /// Last millisecond needed.
    pub end_ms: i64,
}

/// Lists the data that each selector of the query reads.
///
/// # Errors
/// [`Error::Invalid`] for durations without a value and patterns that do not compile.
pub fn plan(query: &Query) -> Result<Vec<SelectorPlan>, Error> {
    let conditions = query.prepared.conditions()?;
    let mut plans = Vec::new();
    let (start, end) = (query.start_ms, query.end_ms);
    walk((query, conditions), query.expr(), start, end, &mut plans)?;
    let stats_only = histogram_stats::selectors(query.expr());
    for plan in plans.iter_mut().filter(|plan| stats_only.contains(&plan.position)) {
        plan.start_ms = plan.start_ms.saturating_sub(1);
    }
    Ok(plans)
}

/// The compiled conditions of the selectors of an expression that is evaluated many times.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    /// By position of the selector.
    by_selector: HashMap<usize, Vec<Matcher>>,
}

impl Conditions {
    /// Compiles the conditions of an expression.
    ///
    /// # Errors
    /// As [`matchers`].
    pub(crate) fn new(expr: &Expr) -> Result<Self, Error> {
        let selectors = expr.selectors().into_iter();
        let compiled = selectors
            .map(|selector| Ok((selector.span.start, matchers(&selector.matchers)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Self { by_selector: compiled })
    }

    /// The conditions of each selector, in no order.
    pub fn selectors(&self) -> impl Iterator<Item = &[Matcher]> {
        self.by_selector.values().map(Vec::as_slice)
    }

    fn of(&self, selector: &Selector) -> Result<Vec<Matcher>, Error> {
        match self.by_selector.get(&selector.span.start) {
            Some(compiled) => Ok(compiled.clone()),
            None => matchers(&selector.matchers),
        }
    }
}

/// The matchers of a selector, compiled.
///
/// # Errors
/// [`Error::Invalid`] for patterns that do not compile.
pub fn matchers(matchers: &[lang::promql::Matcher]) -> Result<Vec<Matcher>, Error> {
    let convert = |matcher: &lang::promql::Matcher| {
        let op = match matcher.op {
            MatchOp::Equal => signals::MatchOp::Equal,
            MatchOp::NotEqual => signals::MatchOp::NotEqual,
            MatchOp::Regex => signals::MatchOp::Regex,
            MatchOp::NotRegex => signals::MatchOp::NotRegex,
        };
        Matcher::new(matcher.name.clone(), op, matcher.value.clone()).map_err(Error::Invalid)
    };
    matchers.iter().map(convert).collect()
}

fn walk(
    (query, conditions): (&Query, &Conditions),
    expr: &Expr,
    start_ms: i64,
    end_ms: i64,
    plans: &mut Vec<SelectorPlan>,
) -> Result<(), Error> {
    match expr {
        Expr::Number(_) | Expr::Text(_) => Ok(()),
        Expr::Selector(selector) => {
            let lookback = Lookback::of_selector(query, selector)?;
            let (start, end) = lookback.bounds(start_ms, end_ms);
            plans.push(SelectorPlan {
                position: selector.span.start,
                matchers: conditions.of(selector)?,
                start_ms: start.saturating_add(1),
                end_ms: end,
            });
            Ok(())
        }
        Expr::Subquery(subquery) => {
            let lookback = Lookback::of_subquery(query, subquery)?;
            let (start, end) = lookback.bounds(start_ms, end_ms);
            walk((query, conditions), &subquery.expr, start, end, plans)
        }
        Expr::Call(call) if call.function.name == "info" => {
            // The second argument selects info series and is not evaluated.
            if let Some(base) = call.arguments.first() {
                walk((query, conditions), base, start_ms, end_ms, plans)?;
            }
            plans.push(info::plan(query, call, start_ms, end_ms)?);
            Ok(())
        }
        Expr::Call(call) => call
            .arguments
            .iter()
            .try_for_each(|argument| walk((query, conditions), argument, start_ms, end_ms, plans)),
        Expr::Aggregate(aggregate) => {
            if let Some(parameter) = &aggregate.parameter {
                walk((query, conditions), parameter, start_ms, end_ms, plans)?;
            }
            walk((query, conditions), &aggregate.expr, start_ms, end_ms, plans)
        }
        Expr::Binary(binary) => {
            walk((query, conditions), &binary.left, start_ms, end_ms, plans)?;
            walk((query, conditions), &binary.right, start_ms, end_ms, plans)
        }
        Expr::Unary(unary) => walk((query, conditions), &unary.expr, start_ms, end_ms, plans),
        Expr::Paren(paren) => walk((query, conditions), &paren.expr, start_ms, end_ms, plans),
    }
}

/// The range of a selector or subquery, relative to the evaluation time.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit is part of each name")]
pub(crate) struct Lookback {
    /// Width of the window `(t - range, t]`; the lookback of instant selectors.
    pub(crate) range_ms: i64,
    pub(crate) offset_ms: i64,
    /// The time of `@`, which replaces the evaluation time.
    pub(crate) at_ms: Option<i64>,
    /// How far `anchored` and `smoothed` windows also see samples before their start.
    pub(crate) before_ms: i64,
    /// How far `smoothed` windows also see samples after their end.
    pub(crate) after_ms: i64,
}

impl Lookback {
    pub(crate) fn of_selector(query: &Query, selector: &Selector) -> Result<Self, Error> {
        let (is_range, extension) = (selector.range.is_some(), selector.extension);
        let margin_ms = |is_seen| if is_seen { query.lookback_ms } else { 0 };
        Ok(Self {
            range_ms: match &selector.range {
                Some(range) => query.positive_ms(range)?,
                None => query.lookback_ms,
            },
            offset_ms: query.optional_ms(selector.offset.as_ref())?,
            at_ms: query.at_ms(selector.at),
            before_ms: margin_ms(is_range && extension.is_some()),
            after_ms: margin_ms(extension == Some(Extension::Smoothed)),
        })
    }

    pub(crate) fn of_subquery(query: &Query, subquery: &Subquery) -> Result<Self, Error> {
        Ok(Self {
            range_ms: query.positive_ms(&subquery.range)?,
            offset_ms: query.optional_ms(subquery.offset.as_ref())?,
            at_ms: query.at_ms(subquery.at),
            before_ms: 0,
            after_ms: 0,
        })
    }

    /// Exclusive start and inclusive end of the samples seen at steps in `start..=end`.
    pub(crate) fn bounds(&self, start_ms: i64, end_ms: i64) -> (i64, i64) {
        let first = self.window_end(start_ms).saturating_sub(self.range_ms);
        let last = self.window_end(end_ms).saturating_add(self.after_ms);
        (first.saturating_sub(self.before_ms), last)
    }

    /// End of the window of the step at `time_ms`.
    pub(crate) fn window_end(&self, time_ms: i64) -> i64 {
        self.at_ms.unwrap_or(time_ms).saturating_sub(self.offset_ms)
    }
}

impl Query {
    /// Milliseconds of a duration in this query.
    pub(crate) fn milliseconds(&self, duration: &DurationExpr) -> Result<i64, Error> {
        let step_s = self.step_ms as f64 / 1000.0;
        let range_s = self.end_ms.saturating_sub(self.start_ms) as f64 / 1000.0;
        let invalid = |error: ParseError| Error::Invalid(error.to_string());
        duration.milliseconds(step_s, range_s, self.text()).map_err(invalid)
    }

    pub(crate) fn optional_ms(&self, duration: Option<&DurationExpr>) -> Result<i64, Error> {
        duration.map_or(Ok(0), |duration| self.milliseconds(duration))
    }

    /// As [`Self::milliseconds`], for a range or step.
    pub(crate) fn positive_ms(&self, duration: &DurationExpr) -> Result<i64, Error> {
        let milliseconds = self.milliseconds(duration)?;
        if milliseconds <= 0 {
            let (line, column) = duration.span().line_and_column(self.text());
            let message = format!("{line}:{column}: parse error: duration must be greater than 0");
            return Err(Error::Invalid(message));
        }
        Ok(milliseconds)
    }

    pub(crate) fn at_ms(&self, at: Option<At>) -> Option<i64> {
        at.map(|at| match at {
            At::Time(time_ms) => time_ms,
            At::Start => self.start_ms,
            At::End => self.end_ms,
        })
    }
}
