//! Function calls: dispatch, and the simple functions.

use std::f64::consts::PI;

use lang::promql::{Call, Expr, MatchOp, Matcher, ValueType};
use signals::Labels;
use signals::metric::{NAME_LABEL, NativeHistogram};

use crate::Error;
use crate::arithmetic::{greatest, least};
use crate::dates::date_part;
use crate::evaluator::{Evaluator, Sink};
use crate::extended::check_extension;
use crate::grid::{ABSENT, Grid, Row, is_absent};
use crate::scalar::Scalar;
use crate::select::Gives;
use crate::{logarithms, native_histogram};

/// A function of one float by its name.
fn float_function(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "acos" => f64::acos,
        "acosh" => f64::acosh,
        "asin" => f64::asin,
        "asinh" => f64::asinh,
        "atan" => f64::atan,
        "atanh" => f64::atanh,
        "ceil" => f64::ceil,
        "cos" => f64::cos,
        "cosh" => f64::cosh,
        // The order of operations decides on the last digit.
        "deg" => |value| value * 180.0 / PI,
        "exp" => f64::exp,
        "floor" => f64::floor,
        "ln" => logarithms::ln,
        "log10" => logarithms::log10,
        "log2" => logarithms::log2,
        "rad" => |value| value * PI / 180.0,
        "sgn" => |value| {
            if value < 0.0 {
                -1.0
            } else if value > 0.0 {
                1.0
            } else {
                value
            }
        },
        "sin" => f64::sin,
        "sinh" => f64::sinh,
        "sqrt" => f64::sqrt,
        "tan" => f64::tan,
        "tanh" => f64::tanh,
        _ => return None,
    })
}

impl Evaluator<'_> {
    #[expect(clippy::too_many_lines, reason = "one arm for each function")]
    pub(crate) fn call(&self, call: &Call, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        let name = call.function.name;
        let arguments = call.arguments.as_slice();
        if let Some(function) = float_function(name) {
            return self.each_float(arguments, grid, sink, &|_, value| function(value));
        }
        if let Some(part) = date_part(name) {
            return self.date(arguments, part, grid, sink);
        }
        match (name, arguments) {
            ("absent", [vector]) => self.absent(vector, grid, sink),
            ("absent_over_time", [matrix]) => self.absent_over_time(matrix, grid, sink),
            ("vector", [scalar]) => {
                let scalar = self.scalar(scalar, grid)?;
                let mut row = Row::empty(Labels::empty(), grid.steps);
                for (step, value) in row.values.iter_mut().enumerate() {
                    *value = scalar.at(step);
                }
                sink(row)
            }
            ("timestamp", [vector]) => self.timestamp(vector, grid, sink),
            ("start_timestamp", [vector]) => self.start_timestamp(vector, grid, sink),
            ("info", _) => self.join_info(call, grid, sink),
            ("clamp", [_, lower, upper]) => {
                let (lower, upper) = (self.scalar(lower, grid)?, self.scalar(upper, grid)?);
                self.clamp(arguments, &lower, &upper, grid, sink)
            }
            ("clamp_min", [_, lower]) => {
                let lower = self.scalar(lower, grid)?;
                self.clamp(arguments, &lower, &Scalar::Constant(f64::INFINITY), grid, sink)
            }
            ("clamp_max", [_, upper]) => {
                let upper = self.scalar(upper, grid)?;
                self.clamp(arguments, &Scalar::Constant(f64::NEG_INFINITY), &upper, grid, sink)
            }
            ("round", [_, nearest @ ..]) => {
                let nearest = match nearest {
                    [nearest] => self.scalar(nearest, grid)?,
                    _ => Scalar::Constant(1.0),
                };
                self.each_float(arguments, grid, sink, &|step, value| {
                    // Prometheus divides by the inverse, which differs in the last digit.
                    let inverse = 1.0 / nearest.at(step);
                    (value * inverse + 0.5).floor() / inverse
                })
            }
            ("sort", _) => self.sort_by_value(call, false, grid, sink),
            ("sort_desc", _) => self.sort_by_value(call, true, grid, sink),
            ("sort_by_label", _) => self.sort_by_label(call, false, grid, sink),
            ("sort_by_label_desc", _) => self.sort_by_label(call, true, grid, sink),
            ("label_replace", _) => self.label_replace(call, grid, sink),
            ("label_join", _) => self.label_join(call, grid, sink),
            ("histogram_quantile", [q, vector]) => self.histogram_quantile(q, vector, grid, sink),
            ("histogram_quantiles", _) => self.histogram_quantiles(arguments, grid, sink),
            ("histogram_fraction", [lower, upper, vector]) => {
                self.histogram_fraction(lower, upper, vector, grid, sink)
            }
            ("histogram_stdvar", [vector]) => {
                self.of_histograms(vector, grid, sink, &native_histogram::variance)
            }
            ("histogram_stddev", [vector]) => {
                self.of_histograms(vector, grid, sink, &|histogram| {
                    native_histogram::variance(histogram).sqrt()
                })
            }
            ("histogram_count", [vector]) => {
                self.of_histograms(vector, grid, sink, &|histogram| histogram.count)
            }
            ("histogram_sum", [vector]) => {
                self.of_histograms(vector, grid, sink, &|histogram| histogram.sum)
            }
            ("histogram_avg", [vector]) => {
                self.of_histograms(vector, grid, sink, &|histogram| histogram.sum / histogram.count)
            }
            _ => {
                let is_matrix = |argument: &Expr| argument.value_type() == ValueType::Matrix;
                match arguments.iter().position(is_matrix) {
                    Some(at) => self.range_call(call, at, grid, sink),
                    None => Err(Error::Unsupported(format!("function {name}"))),
                }
            }
        }
    }

    /// A function of each float value; histograms are ignored.
    fn each_float(
        &self,
        arguments: &[Expr],
        grid: &Grid,
        sink: &mut Sink,
        function: &dyn Fn(usize, f64) -> f64,
    ) -> Result<(), Error> {
        let Some(vector) = arguments.first() else {
            return Err(Error::Internal("function without its vector".into()));
        };
        self.map_rows(vector, grid, sink, &mut |row| {
            row.histograms.clear();
            for (step, value) in row.values.iter_mut().enumerate() {
                if !is_absent(*value) {
                    *value = function(step, *value);
                }
            }
            Ok(())
        })
    }

    /// A number for each histogram; float values are ignored. As in Prometheus, only the metric's
    /// name is dropped, and not its type and unit.
    fn of_histograms(
        &self,
        vector: &Expr,
        grid: &Grid,
        sink: &mut Sink,
        function: &dyn Fn(&NativeHistogram) -> f64,
    ) -> Result<(), Error> {
        let is_distinct = self.stays_distinct(vector);
        let mut merge = self.merge();
        self.rows(vector, grid, &mut |mut row| {
            row.values.fill(ABSENT);
            for (step, histogram) in std::mem::take(&mut row.histograms) {
                if let Some(value) = row.values.get_mut(step as usize) {
                    *value = function(&histogram);
                }
            }
            if self.settings.delays_name_removal {
                row.drops_name = true;
            } else {
                row.labels = row.labels.without(|name| name == NAME_LABEL);
            }
            merge.push(row, is_distinct, sink)
        })?;
        merge.finish(sink)
    }

    fn clamp(
        &self,
        arguments: &[Expr],
        lower: &Scalar,
        upper: &Scalar,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        let Some(vector) = arguments.first() else {
            return Err(Error::Internal("clamp without its vector".into()));
        };
        self.map_rows(vector, grid, sink, &mut |row| {
            row.histograms.clear();
            for (step, value) in row.values.iter_mut().enumerate() {
                let (lower, upper) = (lower.at(step), upper.at(step));
                if lower > upper {
                    *value = ABSENT;
                } else if !is_absent(*value) {
                    *value = greatest(lower, least(upper, *value));
                }
            }
            Ok(())
        })
    }

    fn date(
        &self,
        arguments: &[Expr],
        part: fn(i64) -> i64,
        grid: &Grid,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        if arguments.is_empty() {
            let mut row = Row::empty(Labels::empty(), grid.steps);
            for (step, value) in row.values.iter_mut().enumerate() {
                *value = part(grid.time(step).div_euclid(1000)) as f64;
            }
            return sink(row);
        }
        self.each_float(arguments, grid, sink, &|_, value| {
            if value.is_finite() { part(value as i64) as f64 } else { f64::NAN }
        })
    }

    fn timestamp(&self, vector: &Expr, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        let is_distinct = self.stays_distinct(vector);
        let mut merge = self.merge();
        if let Expr::Selector(selector) = vector.bare() {
            self.instant_with(selector, grid, Gives::Times, &mut |mut row| {
                self.drop_name(&mut row);
                merge.push(row, is_distinct, sink)
            })?;
        } else {
            self.rows(vector, grid, &mut |mut row| {
                let times = (0..grid.steps).map(|step| {
                    if row.is_present(step) { grid.time(step) as f64 / 1000.0 } else { ABSENT }
                });
                row.values = times.collect();
                row.histograms.clear();
                self.drop_name(&mut row);
                merge.push(row, is_distinct, sink)
            })?;
        }
        merge.finish(sink)
    }

    /// Only samples that are read have a start time.
    fn start_timestamp(&self, vector: &Expr, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        let (Expr::Selector(selector), true) = (vector.bare(), self.settings.uses_start_times)
        else {
            return self.rows(vector, grid, &mut |_| Ok(()));
        };
        let is_distinct = self.stays_distinct(vector);
        let mut merge = self.merge();
        self.instant_with(selector, grid, Gives::StartTimes, &mut |mut row| {
            self.drop_name(&mut row);
            merge.push(row, is_distinct, sink)
        })?;
        merge.finish(sink)
    }

    fn absent(&self, vector: &Expr, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        let mut row = Row::empty(absent_labels(vector), grid.steps);
        row.values.fill(1.0);
        self.rows(vector, grid, &mut |present| {
            hide_present(&mut row, &present);
            Ok(())
        })?;
        if row.has_any() { sink(row) } else { Ok(()) }
    }

    fn absent_over_time(&self, matrix: &Expr, grid: &Grid, sink: &mut Sink) -> Result<(), Error> {
        let mut row = Row::empty(absent_labels(matrix), grid.steps);
        row.values.fill(1.0);
        check_extension(matrix.bare(), "absent_over_time")?;
        self.windows(matrix, grid, false, &mut |series| {
            series.each(|step, window| {
                let is_empty = window.values.is_empty() && window.histograms.is_empty();
                if let (false, Some(value)) = (is_empty, row.values.get_mut(step)) {
                    *value = ABSENT;
                }
            });
            Ok(())
        })?;
        if row.has_any() { sink(row) } else { Ok(()) }
    }
}

fn hide_present(row: &mut Row, present: &Row) {
    for (step, value) in row.values.iter_mut().enumerate() {
        if present.is_present(step) {
            *value = ABSENT;
        }
    }
}

/// Labels for the result of `absent`: those of equality matchers. A later matcher of the same label
/// removes it, where those that only exclude series come last, as Prometheus' storage sorts them.
fn absent_labels(expr: &Expr) -> Labels {
    let Expr::Selector(selector) = expr.bare() else { return Labels::empty() };
    let mut labels = Labels::empty();
    let must_be_set = |name: &str| {
        selector.matchers.iter().any(|matcher| matcher.name == name && !matcher.matches_empty)
    };
    let mut matchers: Vec<&Matcher> =
        selector.matchers.iter().filter(|matcher| matcher.name != NAME_LABEL).collect();
    matchers.sort_by_key(|matcher| {
        let is_negative = matches!(matcher.op, MatchOp::NotEqual | MatchOp::NotRegex);
        !must_be_set(&matcher.name) || (is_negative && matcher.matches_empty)
    });
    let mut seen = Vec::new();
    for matcher in matchers {
        if matcher.op == MatchOp::Equal && !seen.contains(&&matcher.name) {
            labels = labels.with(&matcher.name, &matcher.value);
            seen.push(&matcher.name);
        } else {
            labels = labels.with(&matcher.name, "");
        }
    }
    labels
}
