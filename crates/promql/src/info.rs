//! `info`: adds the labels of info metrics to the series of the same instance and job.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use lang::promql::{Call, Expr, MatchOp, Subquery};
use signals::metric::NAME_LABEL;
use signals::{Labels, Matcher};

use crate::Error;
use crate::evaluator::{Evaluator, Query, Sink};
use crate::grid::{Grid, Row, is_absent, present_steps};
use crate::matching::shown;
use crate::plan::{Lookback, SelectorPlan, matchers};
use crate::select::Gives;

/// The labels by which series and info series find each other.
const IDENTIFYING: [&str; 2] = ["instance", "job"];
/// The info metric that is used unless the query selects others.
const DEFAULT_METRIC: &str = "target_info";
/// The names of info metrics, if the query only excludes some.
const ANY_METRIC: &str = ".+_info";

/// What a call joins.
struct Join {
    /// When the info series are evaluated, relative to each step.
    lookback: Lookback,
    /// Conditions on the name of an info metric.
    names: Vec<Matcher>,
    /// Conditions on its labels; if there are any, only these labels are added.
    data: Vec<Matcher>,
}

impl Join {
    fn of(query: &Query, call: &Call) -> Result<Self, Error> {
        let (mut names, mut data) = (Vec::new(), Vec::new());
        if let Some(Expr::Selector(selector)) = call.arguments.get(1) {
            let is_name = |matcher: &&lang::promql::Matcher| matcher.name == NAME_LABEL;
            let is_positive = |matcher: &lang::promql::Matcher| {
                matches!(matcher.op, MatchOp::Equal | MatchOp::Regex)
            };
            let has_name = selector.matchers.iter().any(|matcher| is_name(&matcher));
            if has_name && !selector.matchers.iter().filter(is_name).any(is_positive) {
                names.push(name_matcher(signals::MatchOp::Regex, ANY_METRIC)?);
            }
            let compiled = matchers(&selector.matchers)?;
            for matcher in compiled {
                if matcher.name == NAME_LABEL { names.push(matcher) } else { data.push(matcher) }
            }
        }
        if names.is_empty() {
            names.push(name_matcher(signals::MatchOp::Equal, DEFAULT_METRIC)?);
        }
        let reference = match call.arguments.first() {
            Some(base) => reference_time(query, base, &mut Vec::new())?,
            None => None,
        };
        let (at_ms, offset_ms) = reference.unwrap_or_default();
        let range_ms = query.lookback_ms;
        let lookback = Lookback { range_ms, offset_ms, at_ms, before_ms: 0, after_ms: 0 };
        Ok(Self { lookback, names, data })
    }

    fn is_info(&self, labels: &Labels) -> bool {
        let name = labels.metric_name();
        self.names.iter().all(|matcher| matcher.matches(name))
    }

    fn adds(&self, label: &str) -> bool {
        label != NAME_LABEL
            && (self.data.is_empty() || self.data.iter().any(|matcher| matcher.name == label))
    }

    /// Whether series without info series remain.
    fn keeps_unmatched(&self) -> bool {
        self.data.iter().all(|matcher| matcher.matches(""))
    }

    /// The labels of a series with those of its info series; `None` if the series is left out.
    fn joined(&self, base: &Labels, found: &[&Labels]) -> Result<Option<Labels>, Error> {
        if found.is_empty() && !self.keeps_unmatched() {
            return Ok(None);
        }
        let mut added: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, value) in found.iter().flat_map(|labels| labels.iter()) {
            if !self.adds(name) {
                continue;
            }
            if added.get(name).is_some_and(|other| *other != value) {
                return Err(Error::Execution(format!("conflicting label: {name}")));
            }
            if base.get(name).is_none() {
                added.insert(name, value);
            }
        }
        Ok(Some(Labels::from_pairs(base.iter().chain(added))))
    }
}

fn name_matcher(op: signals::MatchOp, name: &str) -> Result<Matcher, Error> {
    Matcher::new(NAME_LABEL.to_owned(), op, name.to_owned()).map_err(Error::Invalid)
}

/// The time of `@` and the offset of the first selector and the subqueries around it, up to the
/// first of them with `@`.
fn reference_time<'e>(
    query: &Query,
    expr: &'e Expr,
    around: &mut Vec<&'e Subquery>,
) -> Result<Option<(Option<i64>, i64)>, Error> {
    let mut first_of = |all: &[&'e Expr]| {
        for expr in all {
            let found = reference_time(query, expr, around)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    };
    match expr {
        Expr::Number(_) | Expr::Text(_) => Ok(None),
        Expr::Selector(selector) => {
            let mut at_ms = query.at_ms(selector.at);
            let mut offset_ms = query.optional_ms(selector.offset.as_ref())?;
            for subquery in around.iter().rev() {
                if at_ms.is_some() {
                    break;
                }
                let offset = query.optional_ms(subquery.offset.as_ref())?;
                offset_ms = offset_ms.saturating_add(offset);
                at_ms = query.at_ms(subquery.at);
            }
            Ok(Some((at_ms, offset_ms)))
        }
        Expr::Subquery(subquery) => {
            around.push(subquery);
            let found = reference_time(query, &subquery.expr, around);
            around.pop();
            found
        }
        Expr::Call(call) => first_of(&call.arguments.iter().collect::<Vec<_>>()),
        Expr::Aggregate(aggregate) => {
            let all: Vec<&Expr> =
                [&aggregate.expr].into_iter().chain(&aggregate.parameter).collect();
            first_of(&all)
        }
        Expr::Binary(binary) => first_of(&[&binary.left, &binary.right]),
        Expr::Unary(unary) => first_of(&[&unary.expr]),
        Expr::Paren(paren) => first_of(&[&paren.expr]),
    }
}

/// The info series that a call reads; their instances and jobs are only known when it is evaluated.
pub(crate) fn plan(
    query: &Query,
    call: &Call,
    start_ms: i64,
    end_ms: i64,
) -> Result<SelectorPlan, Error> {
    let Join { lookback, names, data } = Join::of(query, call)?;
    let (start, end) = lookback.bounds(start_ms, end_ms);
    Ok(SelectorPlan {
        position: call.span.start,
        matchers: names.into_iter().chain(data).collect(),
        start_ms: start.saturating_add(1),
        end_ms: end,
    })
}

/// The identifying labels of a series.
fn identity(labels: &Labels) -> Labels {
    labels.without(|name| !IDENTIFYING.contains(&name))
}

/// Marks a step at which a group has no info series.
const NONE: u32 = u32::MAX;

/// The info series of each metric and identity: the index of the newest at each step.
type Newest = HashMap<(String, Labels), Vec<u32>>;

impl Evaluator<'_> {
    pub(crate) fn join_info(&self, call: &Call, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        let Some(argument) = call.arguments.first() else {
            return Err(Error::Internal("info without its vector".into()));
        };
        let join = Join::of(self.query, call)?;
        let base = self.collect(argument, grid)?;
        let infos = self.info_rows(&join, call.span.start, &base, grid)?;
        let newest = self.newest(&base, &infos, grid)?;
        let metrics: BTreeSet<&str> = infos.iter().map(|row| row.labels.metric_name()).collect();
        let mut merge = self.merge();
        for row in base {
            self.check()?;
            if join.is_info(&row.labels) {
                merge.add(row)?;
                continue;
            }
            let identity = identity(&row.labels);
            let found: Vec<&Vec<u32>> = metrics
                .iter()
                .filter_map(|metric| newest.get(&((*metric).to_owned(), identity.clone())))
                .collect();
            for row in self.joined_rows(&join, &row, &found, &infos)? {
                merge.add(row)?;
            }
        }
        merge.finish(sink)
    }

    /// Rows of the info series that have an instance and job of the base, with the times of their
    /// samples as values.
    fn info_rows(
        &self,
        join: &Join,
        position: usize,
        base: &[Row],
        grid: &Grid,
    ) -> Result<Vec<Row>, Error> {
        let joined: Vec<&Row> = base.iter().filter(|row| !join.is_info(&row.labels)).collect();
        let values = IDENTIFYING.map(|label| {
            joined.iter().filter_map(|row| row.labels.get(label)).collect::<HashSet<_>>()
        });
        let mut rows = Vec::new();
        if values.iter().all(HashSet::is_empty) {
            return Ok(rows);
        }
        let is_wanted = |labels: &Labels| {
            IDENTIFYING.iter().zip(&values).all(|(label, values)| {
                values.is_empty() || values.contains(labels.get(label).unwrap_or_default())
            })
        };
        let gives = Gives::Milliseconds;
        self.instant_series(position, join.lookback, &is_wanted, grid, gives, &mut |row| {
            if !row.histograms.is_empty() {
                return Err(Error::Execution(format!(
                    "this should be an info metric, with float samples: {}",
                    shown(&row.labels)
                )));
            }
            self.keep(row, &mut rows)
        })?;
        Ok(rows)
    }

    /// Finds the newest info series of each group; equally new ones are an error.
    fn newest(&self, base: &[Row], infos: &[Row], grid: &Grid) -> Result<Newest, Error> {
        let mut newest = Newest::new();
        let has_base = LazyCell::new(|| present_steps(base, grid.steps));
        // The first conflict: its step and the two rows.
        let mut conflict: Option<(usize, &Row, &Row)> = None;
        for (at, row) in (0_u32..).zip(infos) {
            self.check()?;
            let key = (row.labels.metric_name().to_owned(), identity(&row.labels));
            if !newest.contains_key(&key) {
                self.hold(grid.steps * size_of::<u32>() + key.1.as_bytes().len())?;
            }
            let steps = newest.entry(key).or_insert_with(|| vec![NONE; grid.steps]);
            for (step, (place, time)) in steps.iter_mut().zip(&row.values).enumerate() {
                if is_absent(*time) {
                    continue;
                }
                let held = infos.get(*place as usize);
                let held_time = held.and_then(|held| held.values.get(step));
                match held.zip(held_time) {
                    Some((_, held_time)) if held_time > time => {}
                    Some((held, held_time)) if held_time == time => {
                        if conflict.is_none_or(|(first, ..)| step < first)
                            && has_base.get(step).copied().unwrap_or(false)
                        {
                            conflict = Some((step, held, row));
                        }
                    }
                    _ => *place = at,
                }
            }
        }
        let Some((step, held, new)) = conflict else { return Ok(newest) };
        let time = |row: &Row| row.values.get(step).copied().unwrap_or_default() as i64;
        Err(Error::Execution(format!(
            "found duplicate series for info metric: existing {} @ {}, new {} @ {}",
            shown(&held.labels),
            time(held),
            shown(&new.labels),
            time(new),
        )))
    }

    /// The row once for each combination of info series that it has over time.
    fn joined_rows(
        &self,
        join: &Join,
        row: &Row,
        found: &[&Vec<u32>],
        infos: &[Row],
    ) -> Result<Vec<Row>, Error> {
        let mut places: HashMap<Vec<u32>, Option<usize>> = HashMap::new();
        let mut rows: Vec<Row> = Vec::new();
        for step in (0..row.values.len()).filter(|step| row.is_present(*step)) {
            let key: Vec<u32> = found
                .iter()
                .filter_map(|steps| steps.get(step).copied())
                .filter(|at| *at != NONE)
                .collect();
            let place = if let Some(place) = places.get(&key) {
                *place
            } else {
                let labels: Vec<&Labels> =
                    key.iter().filter_map(|at| Some(&infos.get(*at as usize)?.labels)).collect();
                let mut place = None;
                if let Some(labels) = join.joined(&row.labels, &labels)? {
                    let mut new = Row::empty(labels, row.values.len());
                    new.drops_name = row.drops_name;
                    place = Some(rows.len());
                    self.keep(new, &mut rows)?;
                }
                places.insert(key, place);
                place
            };
            if let Some(into) = place.and_then(|place| rows.get_mut(place)) {
                into.copy_step(row, step);
            }
        }
        Ok(rows)
    }
}
