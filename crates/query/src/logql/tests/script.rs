//! Runs scripts of `load`, `clear` and `eval`, in the format that Loki describes in the README of
//! its logqltest package.

use arrow::array::RecordBatch;
use signals::Labels;
use signals::time::MILLISECOND;

use super::super::Value;
use super::super::grid::Steps;
use super::{Line, TestEngine, batch};
use crate::QueryError;
use crate::scan::test_rows::Layout;

pub(super) enum Outcome {
    Held,
    Unsupported(String),
    Wrong(String),
}

impl Outcome {
    /// What is wrong, if anything is.
    pub(super) fn fault(&self) -> Option<&str> {
        match self {
            Self::Held => None,
            Self::Unsupported(what) | Self::Wrong(what) => Some(what),
        }
    }
}

/// An evaluation that was run.
pub(super) struct Eval {
    /// Its line in the script, from 1.
    pub(super) line: usize,
    /// That line.
    pub(super) text: String,
    pub(super) outcome: Outcome,
    /// What the script would say if it expected our answer.
    pub(super) answer: Vec<String>,
}

/// Series of points; `None` is a gap.
type Expected = Vec<(Labels, Vec<Option<f64>>)>;

enum Expectation {
    Series(Expected, bool),
    Scalar(f64),
    Empty,
    Fail(Option<String>),
}

/// Runs a script.
pub(super) async fn run(text: &str) -> Vec<Eval> {
    // Lines that are only a comment do not end a block.
    let numbered = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
    let (numbers, lines): (Vec<usize>, Vec<&str>) =
        numbered.map(|(i, line)| (i + 1, without_comment(line))).unzip();
    let mut evals = Vec::new();
    let mut batches: Vec<RecordBatch> = Vec::new();
    let mut engine = None;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let block: Vec<&str> = lines[at + 1..]
            .iter()
            .take_while(|line| line.starts_with(char::is_whitespace) && !line.trim().is_empty())
            .copied()
            .collect();
        if line == "clear" {
            batches.clear();
            engine = None;
        } else if line == "load" {
            batches.extend(block.iter().map(|line| load(line.trim())));
            engine = None;
        } else if let Some(eval) = line.strip_prefix("eval ") {
            if engine.is_none() {
                // Both layouts must answer alike, so each script runs over a mixture.
                engine = Some(
                    TestEngine::new(
                        &batches,
                        if batches.len() > 1 { Layout::Mixed } else { Layout::Head },
                    )
                    .await,
                );
            }
            if let Some(engine) = &engine {
                let (outcome, answer) = evaluate(engine, eval, &block).await;
                evals.push(Eval { line: numbers[at], text: line.to_owned(), outcome, answer });
            }
        }
        at += 1 + if line.is_empty() { 0 } else { block.len() };
    }
    evals
}

/// The script with our answers in place of what it expects wherever those are `wrong`.
pub(super) fn updated(text: &str, wrong: &[&Eval]) -> String {
    let mut lines = Vec::new();
    let mut skipping = false;
    for (number, line) in (1..).zip(text.lines()) {
        skipping &= line.starts_with(char::is_whitespace) && !line.trim().is_empty();
        if !skipping {
            lines.push(line.to_owned());
        }
        if let Some(eval) = wrong.iter().find(|eval| eval.line == number) {
            lines.extend(eval.answer.iter().map(|line| format!("  {line}")));
            skipping = true;
        }
    }
    lines.join("\n") + "\n"
}

/// Our answer as a script expects it.
fn shown(answer: &Result<Value, QueryError>, steps: Steps, is_ordered: bool) -> Vec<String> {
    let number = |value: f64| match value {
        f64::INFINITY => "Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    };
    let series = |labels: &Labels, points: Vec<String>| {
        let pairs: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
        format!("{{{}}} {}", pairs.join(", "), points.join(" "))
    };
    let mut lines: Vec<String> = match answer {
        Err(error) => return vec![format!("expect fail msg: {error}")],
        Ok(Value::Scalar { value, .. }) => return vec![number(*value)],
        Ok(Value::Vector(samples)) => samples
            .iter()
            .map(|sample| series(&sample.labels, vec![number(sample.value)]))
            .collect(),
        Ok(Value::Matrix(all)) => all
            .iter()
            .map(|one| {
                let at = |step: usize| {
                    let time_ms = steps.time(step).div_euclid(MILLISECOND);
                    one.points
                        .iter()
                        .find(|point| point.0 == time_ms)
                        .map_or("_".to_owned(), |point| number(point.1))
                };
                series(&one.labels, (0..steps.count).map(at).collect())
            })
            .collect(),
        Ok(Value::Streams(_)) => Vec::new(),
    };
    if lines.is_empty() {
        lines.push("expect empty".to_owned());
    } else if is_ordered {
        lines.insert(0, "expect ordered".to_owned());
    }
    lines
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return line[..at].trim_end(),
            (None, '"' | '`') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    line.trim_end()
}

fn ns(text: &str) -> i64 {
    if text == "0" { 0 } else { lang::logql::parse_duration(text).unwrap() }
}

fn load(line: &str) -> RecordBatch {
    let selector_end = line.find('}').unwrap() + 1;
    let (selector, rest) = line.split_at(selector_end);
    let rest = rest.trim_start();
    let quote = rest.chars().next().unwrap();
    let (text, rest) = rest[1..].split_once(quote).unwrap();
    let rest = rest.trim_start().strip_prefix('@').unwrap().trim_start();
    let (start, options) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (mut step, mut count) = (0, 1);
    let mut metadata = Vec::new();
    for option in options.split('[').skip(1) {
        let option = option.trim().trim_end_matches(']');
        if let Some(repeat) = option.strip_prefix("repeat every ") {
            let words: Vec<&str> = repeat.split_whitespace().collect();
            (step, count) = (ns(words[0]), words[2].parse().unwrap());
        } else if let Some(pairs) = option.strip_prefix("metadata ") {
            let mut parts = pairs.split('"');
            while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                if name.trim().is_empty() {
                    // The name itself is quoted.
                    let quoted = parts.next().is_some_and(|equals| equals.trim() == "=");
                    assert!(quoted);
                    metadata.push((value.to_owned(), parts.next().unwrap().to_owned()));
                } else {
                    metadata.push((name.trim().trim_end_matches('=').to_owned(), value.to_owned()));
                }
            }
        }
    }
    let texts: Vec<String> =
        (0..count).map(|i: usize| text.replace("{{.i}}", &i.to_string())).collect();
    let lines: Vec<Line<'_>> = texts
        .iter()
        .enumerate()
        .map(|(i, text)| Line {
            stream: selector,
            timestamp: ns(start) + step * i as i64,
            text,
            metadata: &metadata,
        })
        .collect();
    batch(&lines)
}

async fn evaluate(engine: &TestEngine, eval: &str, block: &[&str]) -> (Outcome, Vec<String>) {
    let (steps, query, is_instant) = if let Some(rest) = eval.strip_prefix("instant at ") {
        let (time, query) = rest.split_once(' ').unwrap();
        (Steps { start: ns(time), step_ns: 1, count: 1 }, query, true)
    } else {
        let rest = eval.strip_prefix("range from ").unwrap();
        let words: Vec<&str> = rest.splitn(6, ' ').collect();
        let (start, end, step) = (ns(words[0]), ns(words[2]), ns(words[4]));
        (
            Steps { start, step_ns: step, count: ((end - start) / step + 1) as usize },
            words[5],
            false,
        )
    };
    let expectation = expectation(block, steps, is_instant);
    let answer = engine.metric(query, steps, is_instant).await;
    let is_ordered = matches!(expectation, Expectation::Series(_, true));
    let shown = shown(&answer, steps, is_ordered);
    if let Err(QueryError::Unsupported(what)) = &answer {
        return (Outcome::Unsupported(format!("{what}: {query}")), shown);
    }
    let outcome = match compare(&expectation, answer, steps) {
        Ok(()) => Outcome::Held,
        Err(difference) => Outcome::Wrong(format!("{query}\n    {difference}")),
    };
    (outcome, shown)
}

fn expectation(block: &[&str], steps: Steps, is_instant: bool) -> Expectation {
    let mut is_ordered = false;
    let mut series = Vec::new();
    for line in block.iter().map(|line| line.trim()) {
        if line.starts_with("skip values-comparison") {
            continue;
        }
        if let Some(expect) = line.strip_prefix("expect ") {
            match expect {
                "empty" => return Expectation::Empty,
                "ordered" => is_ordered = true,
                fail => {
                    let message = fail.strip_prefix("fail").unwrap().trim();
                    let part = message.strip_prefix("msg:").or(message.strip_prefix("regex:"));
                    return Expectation::Fail(part.map(|part| part.trim().to_owned()));
                }
            }
        } else if line.starts_with('{') {
            let (labels, points) = line.split_at(line.rfind('}').unwrap() + 1);
            series.push((selector_labels(labels), points_of(points)));
        } else if is_instant {
            return Expectation::Scalar(point(line).unwrap());
        } else {
            series.push((Labels::empty(), points_of(line)));
        }
    }
    for (_, points) in &series {
        assert_eq!(points.len(), steps.count, "points of {block:?}");
    }
    Expectation::Series(series, is_ordered)
}

fn selector_labels(text: &str) -> Labels {
    let matchers = lang::logql::parse_selector(text).unwrap();
    Labels::from_pairs(matchers.into_iter().map(|matcher| (matcher.name, matcher.value)))
}

fn point(text: &str) -> Option<f64> {
    match text {
        "_" => None,
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        text => Some(text.parse().unwrap()),
    }
}

fn points_of(text: &str) -> Vec<Option<f64>> {
    let mut points = Vec::new();
    for word in text.split_whitespace() {
        match word.rsplit_once('x') {
            None => points.push(point(word)),
            Some((progression, count)) => {
                let count: usize = count.parse().unwrap();
                let split = progression
                    .char_indices()
                    .skip(1)
                    .find(|(_, c)| matches!(c, '+' | '-'))
                    .map(|(at, _)| at);
                let (base, step) = split.map_or((progression, "0"), |at| progression.split_at(at));
                let (base, step): (f64, f64) = (base.parse().unwrap(), step.parse().unwrap());
                points.extend((0..=count).map(|i| Some(base + step * i as f64)));
            }
        }
    }
    points
}

fn compare(
    expectation: &Expectation,
    answer: Result<Value, QueryError>,
    steps: Steps,
) -> Result<(), String> {
    let value = match (expectation, answer) {
        (Expectation::Fail(part), Err(error)) => {
            let message = error.to_string();
            let holds = part.as_ref().is_none_or(|part| message.contains(part.as_str()));
            return if holds {
                Ok(())
            } else {
                Err(format!("should fail with {part:?} but fails with {message}"))
            };
        }
        (Expectation::Fail(part), Ok(value)) => {
            return Err(format!("should fail with {part:?} but gives {value:?}"));
        }
        (_, Err(error)) => return Err(format!("fails: {error}")),
        (_, Ok(value)) => value,
    };
    if let (Expectation::Scalar(expected), Value::Scalar { value, .. }) = (expectation, &value) {
        return if is_same(Some(*expected), Some(*value)) {
            Ok(())
        } else {
            Err(format!("gives {value}, not {expected}"))
        };
    }
    let mut ours: Expected = match value {
        Value::Vector(samples) => {
            samples.into_iter().map(|sample| (sample.labels, vec![Some(sample.value)])).collect()
        }
        Value::Matrix(series) => series
            .into_iter()
            .map(|series| {
                let at = |step: usize| {
                    let time_ms = steps.time(step).div_euclid(MILLISECOND);
                    series.points.iter().find(|point| point.0 == time_ms).map(|point| point.1)
                };
                (series.labels.clone(), (0..steps.count).map(at).collect())
            })
            .collect(),
        other => return Err(format!("gives {other:?}")),
    };
    let empty = Vec::new();
    let (expected, is_ordered) = match expectation {
        Expectation::Series(series, is_ordered) => (series, *is_ordered),
        Expectation::Empty => (&empty, false),
        _ => return Err(format!("gives {ours:?}")),
    };
    let mut theirs = expected.clone();
    if !is_ordered {
        ours.sort_by(|a, b| a.0.cmp(&b.0));
        theirs.sort_by(|a, b| a.0.cmp(&b.0));
    }
    let holds = ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|(a, b)| {
            a.0 == b.0
                && a.1.len() == b.1.len()
                && a.1.iter().zip(&b.1).all(|(a, b)| is_same(*a, *b))
        });
    if holds { Ok(()) } else { Err(format!("gives   {ours:?}\n    expects {theirs:?}")) }
}

fn is_same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
        }
        (a, b) => a.is_none() && b.is_none(),
    }
}
