//! The notation of series and their values in scripts and unit tests:
//! `up{job="x"} 1 2+3x4 _ _x2 stale {{count:1 sum:2}}`.
//!
//! A [`Sequence`] makes its values one by one, so that a long one takes no memory.
//!
//! Specification: Prometheus' `docs/configuration/unit_testing_rules.md`, part `<series>`.

mod histogram;
mod scanner;

use std::sync::Arc;

use lang::promql::{is_label_name, quote};
use signals::Labels;
use signals::metric::{NativeHistogram, STALE_NAN_BITS};

use crate::native_histogram::Total;
use scanner::Scanner;

pub use histogram::histogram_text;

/// Maximum number of values of a sequence.
const VALUES_MAX: usize = 10_000_000;

/// A value at one place of a sequence.
#[derive(Debug, Clone)]
pub enum Value {
    /// No sample: `_`.
    Missing,
    /// A number, or the staleness marker.
    Number(f64),
    /// A native histogram.
    Histogram {
        /// The histogram.
        histogram: Arc<NativeHistogram>,
        /// Whether its hint on counter resets is written.
        is_hinted: bool,
    },
}

/// A sequence of values, which are equally far apart in time.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    /// What is left, in reverse order.
    runs: Vec<Run>,
}

/// Values each of which is made from the one before.
#[derive(Debug, Clone)]
struct Run {
    next: Value,
    step: Step,
    left: usize,
}

#[derive(Debug, Clone)]
enum Step {
    Same,
    Number(f64),
    /// A histogram, and the factor with which it is added.
    Histogram(Arc<NativeHistogram>, f64),
}

impl Run {
    /// Moves on to the value after the next. Layouts were checked while reading.
    fn advance(&mut self) {
        match (&mut self.next, &self.step) {
            (Value::Number(value), Step::Number(step)) => *value += step,
            (Value::Histogram { histogram, .. }, Step::Histogram(step, factor)) => {
                let mut total = Total::of(histogram, 1.0);
                total.add(step, *factor);
                *histogram = Arc::new(total.finish(1.0));
            }
            _ => {}
        }
    }
}

impl Iterator for Sequence {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        while let Some(run) = self.runs.last_mut() {
            if run.left == 0 {
                self.runs.pop();
                continue;
            }
            run.left -= 1;
            let value = run.next.clone();
            if run.left > 0 {
                run.advance();
            }
            return Some(value);
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.runs.iter().map(|run| run.left).sum();
        (left, Some(left))
    }
}

impl ExactSizeIterator for Sequence {}

/// Reads a series and the sequence of its values.
///
/// # Errors
/// Prometheus' message, or that there are too many values.
pub fn series(line: &str) -> Result<(Labels, Sequence), String> {
    let (pairs, length) = lang::promql::parse_series(line).map_err(|error| error.to_string())?;
    let mut scanner = Scanner::new(line, length);
    if !scanner.is_at_end() && !scanner.is_at_space() {
        return Err(scanner.unexpected());
    }
    Ok((Labels::from_pairs(pairs), sequence(&mut scanner)?))
}

/// Reads a sequence of values.
///
/// # Errors
/// As [`series`].
pub fn values(text: &str) -> Result<Sequence, String> {
    sequence(&mut Scanner::new(text, 0))
}

fn sequence(scanner: &mut Scanner<'_>) -> Result<Sequence, String> {
    let (mut runs, mut length) = (Vec::new(), 0_usize);
    loop {
        scanner.skip_space();
        if scanner.is_at_end() {
            break;
        }
        let run = run(scanner)?;
        if !scanner.is_at_end() && !scanner.is_at_space() {
            return Err(scanner.unexpected());
        }
        length = length.saturating_add(run.left);
        if length > VALUES_MAX {
            return Err(scanner.error(&format!("more than {VALUES_MAX} values")));
        }
        runs.push(run);
    }
    runs.reverse();
    Ok(Sequence { runs })
}

/// Reads `_x2`, `1`, `1x2`, `1+2x3` and the same with histograms.
fn run(scanner: &mut Scanner<'_>) -> Result<Run, String> {
    if scanner.take('_') {
        let left = scanner.times()?.unwrap_or(1);
        return Ok(Run { next: Value::Missing, step: Step::Same, left });
    }
    let (next, step) = if scanner.take_text("{{") {
        histograms(scanner)?
    } else {
        let value = if scanner.take_word("stale") {
            f64::from_bits(STALE_NAN_BITS)
        } else {
            scanner.value()?
        };
        let step = if scanner.is_at_sign() { Step::Number(scanner.value()?) } else { Step::Same };
        (Value::Number(value), step)
    };
    let times = scanner.times()?;
    if times.is_none() && !matches!(step, Step::Same) {
        return Err(scanner.unexpected());
    }
    // The first value is not counted.
    Ok(Run { next, step, left: times.unwrap_or(0).saturating_add(1) })
}

/// Reads `…}}`, `…}}+{{…}}` or `…}}-{{…}}`.
fn histograms(scanner: &mut Scanner<'_>) -> Result<(Value, Step), String> {
    let (first, mut is_hinted) = scanner.histogram()?;
    let factor = if scanner.take_text("+{{") {
        1.0
    } else if scanner.take_text("-{{") {
        -1.0
    } else {
        return Ok((Value::Histogram { histogram: Arc::new(first), is_hinted }, Step::Same));
    };
    let (step, is_step_hinted) = scanner.histogram()?;
    is_hinted |= is_step_hinted;
    if first.schema > step.schema {
        let (from, to) = (step.schema, first.schema);
        let reason = format!("cannot merge from schema {from} to {to}");
        return Err(scanner.error(&format!("error combining histograms: {reason}")));
    }
    if first.has_custom_bounds() != step.has_custom_bounds() {
        return Err(scanner.error("error combining histograms: incompatible layouts"));
    }
    let next = Value::Histogram { histogram: Arc::new(first), is_hinted };
    Ok((next, Step::Histogram(Arc::new(step), factor)))
}

/// Writes names and values in braces: `{a="b", c="d"}`, the metric name as any other.
pub fn labels_text<'l>(labels: impl Iterator<Item = (&'l str, &'l str)>) -> String {
    let pair = |(name, value): (&str, &str)| {
        let name = if is_label_name(name) { name.to_owned() } else { quote(name) };
        format!("{name}={}", quote(value))
    };
    format!("{{{}}}", labels.map(pair).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use signals::metric::is_stale;

    fn shown(text: &str) -> String {
        let shown = |value: Value| match value {
            Value::Missing => "_".to_owned(),
            Value::Number(value) if is_stale(value) => "stale".to_owned(),
            Value::Number(value) => value.to_string(),
            Value::Histogram { histogram, .. } => histogram_text(&histogram),
        };
        match series(text) {
            Ok((_, values)) => values.map(shown).collect::<Vec<_>>().join(" "),
            Err(error) => error,
        }
    }

    #[test]
    fn sequences_are_written_short() {
        for (text, values) in [
            ("a", ""),
            ("a 1 -2 +3 1.5e-3 Inf -inf NaN", "1 -2 3 0.0015 inf -inf NaN"),
            ("a 1x2", "1 1 1"),
            ("a 0x3", "0 0 0 0"),
            ("a 1+2x2 5-1x1", "1 3 5 5 4"),
            ("a 1e1+1e1x1", "10 20"),
            ("a _ _x2 stale _x0", "_ _ _ stale"),
            ("a{b=\"c d\"}  7\t8\n9", "7 8 9"),
            ("a {{}}", "{{}}"),
            (
                "a {{schema:1 sum:3 count:22 buckets:[5 10 7] offset:1}}x1",
                "{{schema:1 count:22 sum:3 offset:1 buckets:[5 10 7]}} \
                 {{schema:1 count:22 sum:3 offset:1 buckets:[5 10 7]}}",
            ),
            (
                "a {{sum:3 count:2 buckets:[2]}}+{{sum:1.5 count:1 buckets:[1 0 1]}}x2",
                "{{count:2 sum:3 buckets:[2]}} {{count:3 sum:4.5 buckets:[3 0 1]}} \
                 {{count:4 sum:6 buckets:[4 0 2]}}",
            ),
            ("a {{count:2}}-{{count:1}}x1", "{{count:2}} {{count:1}}"),
            (
                "a {{z_bucket:1 z_bucket_w:0.1 n_buckets:[1 2] n_offset:-5 counter_reset_hint:gauge}}",
                "{{z_bucket:1 z_bucket_w:0.1 counter_reset_hint:gauge n_offset:-5 n_buckets:[1 2]}}",
            ),
            (
                "a {{schema:-53 custom_values:[1 2.5] buckets:[1 1]}}",
                "{{schema:-53 custom_values:[1 2.5] buckets:[1 1]}}",
            ),
        ] {
            assert_eq!(shown(text), values, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named_as_in_prometheus() {
        for (text, error) in [
            (
                "a b",
                "1:3: parse error: unexpected identifier \"b\" in series values, expected number or \"stale\"",
            ),
            (
                "a stalex3",
                "1:3: parse error: unexpected identifier \"stalex3\" in series values, expected number or \"stale\"",
            ),
            ("a 2-1", "1:6: parse error: unexpected end of input in series values"),
            ("a 2-1 3", "1:6: parse error: unexpected \" \" in series values"),
            ("a 1x", "1:5: parse error: unexpected end of input in series values"),
            ("a 1x-3", "1:5: parse error: unexpected <op:-> in series values"),
            ("a 1_2", "1:4: parse error: unexpected character in series sequence: '_'"),
            ("a 1 # c", "1:5: parse error: unexpected character in series sequence: '#'"),
            ("a 0x1Fx2", "1:6: parse error: unexpected identifier \"Fx2\" in series values"),
            (
                "a {{foo:1}}",
                "1:5: parse error: unexpected \"foo:1\" in histogram description, expected histogram description key, e.g. buckets:[5 10 7]",
            ),
            ("a{b=\"c\" 1x2", "1:9: parse error: unexpected character inside braces: '1'"),
            ("a {{sum:1", "1:5: parse error: unexpected end of input in histogram description"),
            (
                "a {{schema:1}}+{{schema:0}}x3",
                "1:28: parse error: error combining histograms: cannot merge from schema 0 to 1",
            ),
            ("a 1x999999999999", "1:17: parse error: more than 10000000 values"),
            ("a 1x99999999999999999999999", "1:28: parse error: more than 10000000 values"),
            ("a 1x9000000 1x9000000", "1:22: parse error: more than 10000000 values"),
            ("a ä", "1:3: parse error: unexpected character in series sequence: 'ä'"),
        ] {
            assert_eq!(shown(text), error, "{text}");
        }
    }

    #[test]
    fn what_is_nearly_a_sequence_never_panics() {
        let text =
            "a{b=\"é\"} 1+-2x3 _x stale+1x2 {{schema:1 buckets:[1 é] offset:-99999999999}}-{{}}x2";
        for (start, _) in text.char_indices() {
            for (end, _) in text.char_indices().filter(|(end, _)| *end >= start) {
                let part = text.get(start..end).unwrap_or_default();
                let count = values(part).map(|values| values.take(100).count());
                assert!(count.is_err() || count.is_ok_and(|count| count <= 100));
                let _ = series(part);
            }
        }
    }
}
