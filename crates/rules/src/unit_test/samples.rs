//! Checks of the results of queries.

use adopt::rules::unit_test::{ExpectedSample, ExprTest};
use promql::notation::{self, Value, histogram_text, labels_text};
use promql::{Sample, compare_labels, quote};
use signals::Labels;

use super::text;

/// A sample in a comparison.
#[derive(Debug)]
struct Compared {
    labels: Labels,
    value: f64,
    /// The histogram in its notation; empty if it is a number.
    histogram: String,
}

/// Checks the result of a query. Returns what failed.
pub(super) fn check(
    test: &ExprTest,
    result: Result<Vec<Sample>, String>,
    is_fuzzy: bool,
) -> Option<String> {
    let at = text::duration(test.eval_time);
    let failed =
        |error: &str| Some(format!("    expr: {}, time: {at}, err: {error}", quote(&test.expr)));
    let mut found: Vec<Compared> = match result {
        Ok(samples) => samples.into_iter().map(Compared::of_sample).collect(),
        Err(error) => return failed(&error),
    };
    let mut expected = Vec::new();
    for sample in &test.exp_samples {
        match Compared::of_expected(sample) {
            Ok(sample) => expected.push(sample),
            Err(error) => {
                return failed(&format!("labels {}: {error}", quote(&sample.labels)));
            }
        }
    }
    for samples in [&mut found, &mut expected] {
        samples.sort_by(|a, b| compare_labels(&a.labels, &b.labels));
    }
    let is_same = found.len() == expected.len()
        && expected.iter().zip(&found).all(|(expected, found)| expected.is_same(found, is_fuzzy));
    (!is_same).then(|| {
        let (expr, expected, found) = (quote(&test.expr), list(&expected), list(&found));
        format!("    expr: {expr}, time: {at},\n        exp: {expected}\n        got: {found}")
    })
}

impl Compared {
    fn of_sample(sample: Sample) -> Self {
        match &sample.histogram {
            Some(histogram) => {
                Self { labels: sample.labels, value: 0.0, histogram: histogram_text(histogram) }
            }
            None => Self { labels: sample.labels, value: sample.value, histogram: String::new() },
        }
    }

    fn of_expected(sample: &ExpectedSample) -> Result<Self, String> {
        let text = sample.labels.trim();
        let labels = if text.is_empty() {
            Labels::empty()
        } else {
            let (labels, values) = notation::series(text)?;
            if values.len() > 0 {
                return Err("values after the labels".to_owned());
            }
            labels
        };
        let histogram = if sample.histogram.is_empty() {
            String::new()
        } else {
            expected_histogram(&sample.histogram)?
        };
        Ok(Self { labels, value: sample.value, histogram })
    }

    /// Numbers are the same if they are equal: NaN never is.
    fn is_same(&self, other: &Self, is_fuzzy: bool) -> bool {
        let (a, b) = (self.value, other.value);
        let is_near = a == b || is_fuzzy && (a.next_down() == b || a.next_up() == b);
        self.labels == other.labels && is_near && self.histogram == other.histogram
    }
}

fn expected_histogram(text: &str) -> Result<String, String> {
    let mut values = notation::values(text)?;
    match (values.len(), values.next()) {
        (1, Some(Value::Histogram { histogram, .. })) => Ok(histogram_text(&histogram)),
        (1, Some(Value::Number(value))) => Err(format!("expected histogram, got {value}")),
        (1, _) => Err("expected histogram, got _".to_owned()),
        (count, _) => Err(format!("expected 1 value, got {count}")),
    }
}

fn list(samples: &[Compared]) -> String {
    if samples.is_empty() {
        return "nil".to_owned();
    }
    let item = |sample: &Compared| {
        let labels = labels_text(sample.labels.iter());
        if sample.histogram.is_empty() {
            format!("{labels} {}", text::scientific(sample.value))
        } else {
            format!("{labels} {}", sample.histogram)
        }
    };
    samples.iter().map(item).collect::<Vec<_>>().join(", ")
}
