//! Reads and runs a script: `load`, `clear` and `eval` with what is expected.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use promql::memory::Memory;
use promql::notation::{self, Value};
use promql::{Answer, Error, Prepared, Settings, Value as Result_};
use signals::Labels;
use signals::metric::{NativeHistogram, Samples, is_stale};

use crate::classic::{self, Classic};
use crate::{histogram, start_times, update};

/// How an eval ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    /// The answer, or that there is one, is not what is expected.
    Wrong(String, Vec<String>),
    /// We say that we cannot.
    Unsupported(String),
    /// The answer is right, warnings or infos differ.
    Annotations(String, Vec<String>),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Wrong(why, _) => write!(f, "WRONG {why}"),
            Self::Unsupported(what) => write!(f, "unsupported {what}"),
            Self::Annotations(why, _) => write!(f, "notes {why}"),
        }
    }
}

/// Runs all evals of a script; each has its line number.
pub(crate) fn run_script(text: &str, settings: &Settings) -> Vec<(usize, Outcome)> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .map(|line| if line.starts_with('#') { "" } else { line })
        .collect();
    let mut memory = Memory::new(usize::MAX);
    let mut outcomes = Vec::new();
    // Why the data is not all there, until it is cleared.
    let mut incomplete: Option<String> = None;
    let mut at = 0;
    while at < lines.len() {
        let (line, number) = (lines[at], at + 1);
        if line.is_empty() || line == "clear" {
            if line == "clear" {
                memory.clear();
                incomplete = None;
            }
            at = number;
            continue;
        }
        let is_end = |next: &usize| {
            let line = lines[*next];
            line.is_empty()
                || line == "clear"
                || line.starts_with("eval ")
                || line.starts_with("load ")
        };
        let body_end = (number..lines.len()).find(is_end).unwrap_or(lines.len());
        let body = &lines[number..body_end];
        at = body_end;
        if let Some(step) = line.strip_prefix("load_with_nhcb ") {
            if let Err(why) = load(&mut memory, step, body, true) {
                incomplete = Some(why);
            }
        } else if let Some(step) = line.strip_prefix("load ") {
            if let Err(why) = load(&mut memory, step, body, false) {
                incomplete = Some(why);
            }
        } else if line.starts_with("eval") {
            let outcome = match &incomplete {
                Some(why) => Outcome::Unsupported(why.clone()),
                None => eval(&memory, settings, line, body),
            };
            outcomes.push((number, outcome));
        } else {
            panic!("line {number} is no command: {line}");
        }
    }
    outcomes
}

fn duration(text: &str) -> i64 {
    let (text, sign) = text.strip_prefix('-').map_or((text, 1), |text| (text, -1));
    let plain = text.parse::<f64>().map(|seconds| (seconds * 1000.0) as i64);
    sign * plain.unwrap_or_else(|_| lang::promql::parse_duration(text).unwrap())
}

pub(crate) fn load(
    memory: &mut Memory,
    step: &str,
    body: &[&str],
    with_native: bool,
) -> Result<(), String> {
    let step_ms = duration(step.trim());
    let mut classics: BTreeMap<Labels, Classic> = BTreeMap::new();
    // The start times for the next series.
    let mut offsets: Vec<Option<i64>> = Vec::new();
    for line in body {
        if let Some(sequence) = start_sequence(line) {
            offsets = start_times::offsets(sequence)?;
            continue;
        }
        let (labels, values) = notation::series(line)?;
        let mut samples = Samples::default();
        let mut starts = BTreeMap::new();
        for (at, value) in values.enumerate() {
            let time_ms = at as i64 * step_ms;
            if let Some(Some(offset)) = offsets.get(at) {
                starts.insert(time_ms, time_ms + offset);
            }
            match value {
                Value::Missing => {}
                Value::Number(number) => {
                    samples.timestamps.push(time_ms);
                    samples.values.push(number);
                }
                Value::Histogram { histogram, .. } => samples.histograms.push((time_ms, histogram)),
            }
        }
        offsets.clear();
        if with_native {
            classic::collect(&mut classics, &labels, &samples);
        }
        memory.insert(&labels, samples, starts).unwrap();
    }
    for (labels, classic) in classics {
        let histograms =
            classic.times.into_iter().map(|(time_ms, at)| (time_ms, Arc::new(at.native())));
        let samples = Samples { histograms: histograms.collect(), ..Samples::default() };
        memory.insert(&labels, samples, BTreeMap::new()).unwrap();
    }
    Ok(())
}

/// The start times after `name{labels}@st`.
fn start_sequence(line: &str) -> Option<&str> {
    let (series, sequence) = line.split_once("@st")?;
    let is_end = sequence.starts_with(char::is_whitespace) && !series.contains(char::is_whitespace);
    is_end.then_some(sequence)
}

/// What an eval expects besides values.
#[derive(Default)]
struct Expectations<'a> {
    fails: bool,
    fail: Vec<Match<'a>>,
    is_ordered: bool,
    text: Option<String>,
    range: Option<(i64, i64)>,
    /// Warnings, infos: messages wanted, any wanted, none wanted.
    notes: [NoteRule<'a>; 2],
    values: Vec<&'a str>,
}

#[derive(Default)]
struct NoteRule<'a> {
    any: bool,
    none: bool,
    wanted: Vec<Match<'a>>,
}

enum Match<'a> {
    Exact(&'a str),
    Regex(regex::Regex),
}

impl Match<'_> {
    fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Exact(want) => text == *want || text.ends_with(&format!("parse error: {want}")),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

fn expectations<'a>(line: &str, body: &[&'a str]) -> Expectations<'a> {
    let mut all = Expectations {
        fails: line.starts_with("eval_fail"),
        is_ordered: line.starts_with("eval_ordered"),
        ..Expectations::default()
    };
    all.notes[0].any = line.starts_with("eval_warn");
    all.notes[1].any = line.starts_with("eval_info");
    for line in body {
        let Some(rest) = line.strip_prefix("expect ") else {
            match line.strip_prefix("expected_fail_message ") {
                Some(message) => all.fail.push(Match::Exact(message)),
                None => all.values.push(line),
            }
            continue;
        };
        let (kind, detail) = rest.split_once(' ').unwrap_or((rest, ""));
        let wanted =
            detail.strip_prefix("msg:").map(|text| Match::Exact(text.trim())).or_else(|| {
                Some(Match::Regex(
                    regex::Regex::new(detail.strip_prefix("regex:")?.trim()).unwrap(),
                ))
            });
        match kind {
            "fail" => {
                all.fails = true;
                all.fail.extend(wanted);
            }
            "warn" | "info" => {
                let rule = &mut all.notes[usize::from(kind == "info")];
                rule.any = true;
                rule.wanted.extend(wanted);
            }
            "no_warn" => all.notes[0].none = true,
            "no_info" => all.notes[1].none = true,
            "ordered" => all.is_ordered = true,
            "string" => all.text = lang::promql::unquote(detail),
            "range" => {
                let words: Vec<&str> = detail.split_whitespace().collect();
                all.range = Some((duration(words[2]), duration(words[6])));
            }
            other => panic!("unknown expectation {other}"),
        }
    }
    all
}

/// Answers a query; `range` is end and step.
pub(crate) fn answer(
    memory: &Memory,
    settings: &Settings,
    text: &str,
    start_ms: i64,
    range: Option<(i64, i64)>,
) -> Result<Answer, Error> {
    let prepared = Prepared::parse(text)?;
    let query = match range {
        None => prepared.at(start_ms, 300_000),
        Some((end_ms, step_ms)) => prepared.in_range([start_ms, end_ms, step_ms], 300_000),
    };
    memory.answer(&query, settings)
}

fn eval(memory: &Memory, settings: &Settings, line: &str, body: &[&str]) -> Outcome {
    let expectations = expectations(line, body);
    let (_, rest) = line.split_once(' ').unwrap();
    let (query, start_ms, range) = if let Some(rest) = rest.strip_prefix("instant at ") {
        let (time, query) = rest.split_once(char::is_whitespace).unwrap();
        (query.trim(), duration(time), None)
    } else {
        let words: Vec<&str> = rest.split_whitespace().take(7).collect();
        let step = rest.find(" step ").unwrap() + 6;
        let query = rest[step..].trim_start().split_once(char::is_whitespace).unwrap().1;
        (query.trim(), duration(words[2]), Some((duration(words[4]), duration(words[6]))))
    };
    let answer = answer(memory, settings, query, start_ms, range);
    let shown = match &answer {
        Ok(answer) => update::shown(answer, range.map(|(end, step)| (start_ms, end, step))),
        Err(error) => vec![format!("expect fail msg:{error}")],
    };
    match answer {
        Err(Error::Unsupported(what)) => Outcome::Unsupported(what),
        Err(error) if expectations.fails => {
            let error = error.to_string();
            if expectations.fail.iter().all(|want| want.is_match(&error)) {
                Outcome::Passed
            } else {
                Outcome::Annotations(format!("{query}: other error: {error}"), shown)
            }
        }
        Err(error) => Outcome::Wrong(format!("{query}: failed: {error}"), shown),
        Ok(_) if expectations.fails => Outcome::Wrong(format!("{query}: should fail"), shown),
        Ok(answer) => match check(&answer, &expectations, start_ms, range) {
            Err(why) => Outcome::Wrong(format!("{query}: {why}"), shown),
            Ok(()) => check_notes(&answer, &expectations).map_or_else(
                |why| Outcome::Annotations(format!("{query}: {why}"), shown),
                |()| Outcome::Passed,
            ),
        },
    }
}

fn check_notes(answer: &Answer, expectations: &Expectations) -> Result<(), String> {
    for (rule, notes) in expectations.notes.iter().zip([&answer.warnings, &answer.infos]) {
        if rule.none && !notes.is_empty() {
            return Err(format!("wants none, got {notes:?}"));
        }
        if rule.any && notes.is_empty() {
            return Err("wants a warning or info, got none".into());
        }
        for want in &rule.wanted {
            if !notes.iter().any(|note| want.is_match(note)) {
                let shown = match want {
                    Match::Exact(text) => (*text).to_owned(),
                    Match::Regex(regex) => regex.to_string(),
                };
                return Err(format!("wants {shown}, got {notes:?}"));
            }
        }
    }
    Ok(())
}

fn number(text: &str) -> Option<f64> {
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return u64::from_str_radix(hexadecimal, 16).ok().map(|value| value as f64);
    }
    text.parse().ok()
}

/// A value that was answered.
#[derive(Debug, Clone)]
enum Got {
    Number(f64),
    Histogram(Arc<NativeHistogram>),
}

fn is_near(a: f64, b: f64) -> bool {
    if a.is_nan() || b.is_nan() {
        return is_stale(a) == is_stale(b) && a.is_nan() && b.is_nan();
    }
    if a == b {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < 1e-6 * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < 1e-6
}

fn is_same(want: &Value, got: &Got) -> bool {
    match (want, got) {
        (Value::Number(want), Got::Number(got)) => is_near(*want, *got),
        (Value::Histogram { histogram: want, is_hinted }, Got::Histogram(got)) => {
            histogram::is_same(want, got, is_near)
                && (!is_hinted || want.reset_hint == got.reset_hint)
        }
        _ => false,
    }
}

fn check(
    answer: &Answer,
    expectations: &Expectations,
    start_ms: i64,
    range: Option<(i64, i64)>,
) -> Result<(), String> {
    let mut wanted: Vec<(Labels, Vec<Value>)> = Vec::new();
    let mut scalar = None;
    for line in &expectations.values {
        if let Some(number) = number(line) {
            scalar = Some(number);
        } else {
            let (labels, values) = notation::series(line)?;
            wanted.push((labels, values.collect()));
        }
    }
    match &answer.value {
        Result_::Text { text, .. } => {
            if expectations.text.as_ref() != Some(text) {
                return Err(format!("got text {text:?}, want {:?}", expectations.text));
            }
            Ok(())
        }
        Result_::Scalar { value, .. } => match scalar {
            Some(want) if is_near(want, *value) => Ok(()),
            want => Err(format!("got scalar {value}, want {want:?}")),
        },
        Result_::Vector(samples) => {
            let got: Vec<(Labels, Got)> = samples
                .iter()
                .map(|sample| {
                    let got =
                        sample.histogram.clone().map_or(Got::Number(sample.value), Got::Histogram);
                    (sample.labels.clone(), got)
                })
                .collect();
            check_vector(&wanted, &got, expectations.is_ordered)
        }
        Result_::Matrix(series) => {
            let (start_ms, step_ms) = match (range, expectations.range) {
                (Some((_, step_ms)), _) => (start_ms, step_ms),
                (None, Some((start_ms, step_ms))) => (start_ms, step_ms),
                (None, None) => (start_ms, 1),
            };
            if let Some(want) = scalar {
                wanted.push((Labels::empty(), vec![Value::Number(want)]));
            }
            let got: Vec<(Labels, BTreeMap<i64, Got>)> = series
                .iter()
                .map(|series| {
                    let numbers =
                        series.points.iter().map(|(at, value)| (*at, Got::Number(*value)));
                    let histograms = series
                        .histograms
                        .iter()
                        .map(|(at, h)| (*at, Got::Histogram(Arc::clone(h))));
                    (series.labels.clone(), numbers.chain(histograms).collect())
                })
                .collect();
            check_matrix(&wanted, &got, start_ms, step_ms)
        }
    }
}

fn check_vector(
    wanted: &[(Labels, Vec<Value>)],
    got: &[(Labels, Got)],
    is_ordered: bool,
) -> Result<(), String> {
    if wanted.len() != got.len() {
        return Err(format!("want {wanted:?}, got {got:?}"));
    }
    for (at, (labels, values)) in wanted.iter().enumerate() {
        let found = if is_ordered {
            got.get(at).filter(|(other, _)| other == labels)
        } else {
            got.iter().find(|(other, _)| other == labels)
        };
        match (found, values.as_slice()) {
            (Some((_, got)), [want, ..]) if is_same(want, got) => {}
            _ => return Err(format!("want {labels:?} {values:?}, got {got:?}")),
        }
    }
    Ok(())
}

fn check_matrix(
    wanted: &[(Labels, Vec<Value>)],
    got: &[(Labels, BTreeMap<i64, Got>)],
    start_ms: i64,
    step_ms: i64,
) -> Result<(), String> {
    let wanted: Vec<(&Labels, BTreeMap<i64, &Value>)> = wanted
        .iter()
        .map(|(labels, values)| {
            let timed = values
                .iter()
                .enumerate()
                .map(|(at, value)| (start_ms + at as i64 * step_ms, value));
            (labels, timed.filter(|(_, value)| !matches!(value, Value::Missing)).collect())
        })
        .collect();
    if wanted.len() != got.len() {
        return Err(format!("want {wanted:?}, got {got:?}"));
    }
    for (labels, values) in &wanted {
        let Some((_, points)) = got.iter().find(|(other, _)| other == *labels) else {
            return Err(format!("want {labels:?}, got {got:?}"));
        };
        let is_all_same = values.len() == points.len()
            && values.iter().all(|(at, want)| points.get(at).is_some_and(|got| is_same(want, got)));
        if !is_all_same {
            return Err(format!("want {labels:?} {values:?}, got {points:?}"));
        }
    }
    Ok(())
}
