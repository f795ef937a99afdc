//! Our answers as scripts expect them, for `UPDATE=1`. They show what has changed; whether it is
//! right, only Prometheus can say: the scripts run there as they stand.

use std::collections::BTreeMap;

use lang::promql::{is_label_name, is_metric_name, quote};
use promql::notation::histogram_text;
use promql::{Answer, Value};
use signals::Labels;

/// The lines below an eval; `range` is start, end and step.
pub(crate) fn shown(answer: &Answer, range: Option<(i64, i64, i64)>) -> Vec<String> {
    let mut lines = Vec::new();
    for (kind, notes) in [("warn", &answer.warnings), ("info", &answer.infos)] {
        lines.extend(notes.iter().map(|note| format!("expect {kind} msg:{note}")));
    }
    match &answer.value {
        Value::Text { text, .. } => lines.push(format!("expect string {}", quote(text))),
        Value::Scalar { value, .. } => lines.push(number(*value)),
        Value::Vector(samples) => lines.extend(samples.iter().map(|sample| {
            let value = sample
                .histogram
                .as_ref()
                .map_or_else(|| number(sample.value), |h| histogram_text(h));
            format!("{} {value}", series(&sample.labels))
        })),
        Value::Matrix(all) => {
            let (start, end, step) = range.unwrap_or((0, 0, 1));
            lines.extend(all.iter().map(|one| {
                let numbers = one.points.iter().map(|(at, value)| (*at, number(*value)));
                let histograms = one.histograms.iter().map(|(at, h)| (*at, histogram_text(h)));
                let points: BTreeMap<i64, String> = numbers.chain(histograms).collect();
                let at = |time: i64| points.get(&time).map_or("_", String::as_str);
                let times = (0..).map(|n| start + n * step).take_while(|time| *time <= end);
                format!("{} {}", series(&one.labels), times.map(at).collect::<Vec<_>>().join(" "))
            }));
        }
    }
    lines
}

fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

fn series(labels: &Labels) -> String {
    let name = labels.metric_name();
    let is_plain = is_metric_name(name);
    let mut pairs = Vec::new();
    if !name.is_empty() && !is_plain {
        pairs.push(quote(name));
    }
    for (key, value) in labels.iter().filter(|(key, _)| *key != "__name__") {
        let key = if is_label_name(key) { key.to_owned() } else { quote(key) };
        pairs.push(format!("{key}={}", quote(value)));
    }
    format!("{}{{{}}}", if is_plain { name } else { "" }, pairs.join(", "))
}

/// The script with other lines below the evals of these line numbers.
pub(crate) fn updated(text: &str, answers: &BTreeMap<usize, Vec<String>>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut skipping = false;
    for (number, line) in (1..).zip(text.lines()) {
        skipping &= line.starts_with(char::is_whitespace) && !line.trim().is_empty();
        let is_kept = !skipping || line.trim() == "expect ordered";
        if is_kept {
            lines.push(line.to_owned());
        }
        if let Some(answer) = answers.get(&number) {
            lines.extend(answer.iter().map(|line| format!("  {line}")));
            skipping = true;
        }
    }
    lines.join("\n") + "\n"
}
