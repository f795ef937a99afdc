//! The notation of series and their values: `up{job="x"} 1 2+3x4 _ stale {{count:1 sum:2}}`.

use std::sync::Arc;

use signals::Labels;
use signals::metric::{NativeHistogram, STALE_NAN_BITS};

use crate::histogram;

/// A value at one place of a sequence.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Missing,
    Number(f64),
    /// A histogram, and whether its hint on counter resets is given.
    Histogram(Arc<NativeHistogram>, bool),
}

/// Reads a series and the sequence of its values.
pub(crate) fn series(line: &str) -> Result<(Labels, Vec<Value>), String> {
    let (pairs, length) = lang::promql::parse_series(line).map_err(|error| error.to_string())?;
    Ok((Labels::from_pairs(pairs), values(&line[length..])?))
}

/// Reads values; `{{…}}` may hold spaces.
pub(crate) fn values(text: &str) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    for token in tokens(text) {
        expand(&token, &mut all).ok_or_else(|| format!("bad value {token:?}"))?;
    }
    Ok(all)
}

fn tokens(text: &str) -> Vec<String> {
    let (mut tokens, mut token, mut depth) = (Vec::new(), String::new(), 0);
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if c.is_whitespace() && depth == 0 {
            if !token.is_empty() {
                tokens.push(std::mem::take(&mut token));
            }
        } else {
            token.push(c);
        }
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    tokens
}

fn expand(token: &str, all: &mut Vec<Value>) -> Option<()> {
    if let Some(rest) = token.strip_prefix("{{") {
        return expand_histogram(rest, all);
    }
    let (base, times) = match token.rsplit_once('x') {
        Some((base, times)) => (base, Some(times.parse::<usize>().ok()?)),
        None => (token, None),
    };
    match base {
        "_" => all.extend(vec![Value::Missing; times.unwrap_or(1)]),
        "stale" => all.push(Value::Number(f64::from_bits(STALE_NAN_BITS))),
        base => {
            let (start, step) = start_and_step(base, times.is_some())?;
            let mut value = start;
            all.push(Value::Number(value));
            for _ in 0..times.unwrap_or(0) {
                value += step;
                all.push(Value::Number(value));
            }
        }
    }
    Some(())
}

/// `2+3` and `2-3` are start and step; an exponent's sign is neither.
fn start_and_step(base: &str, may_step: bool) -> Option<(f64, f64)> {
    if let Some(number) = number(base) {
        return Some((number, 0.0));
    }
    if !may_step {
        return None;
    }
    let mut signs = base.char_indices().skip(1).filter(|(_, c)| matches!(c, '+' | '-'));
    signs.find_map(|(at, _)| Some((number(&base[..at])?, number(&base[at..])?)))
}

/// Reads start times relative to their samples: `_x2 -1m -30s-1mx4`.
pub(crate) fn offsets(text: &str) -> Result<Vec<Option<i64>>, String> {
    let mut all = Vec::new();
    for item in text.split_whitespace() {
        let (base, times) = match item.rsplit_once('x') {
            Some((base, times)) => (base, times.parse().map_err(|_| format!("bad {item:?}"))?),
            None => (item, 0),
        };
        if base == "_" {
            all.extend(vec![None; usize::max(times, 1)]);
            continue;
        }
        let sign_at = base.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'));
        let (start, step) = base.split_at(sign_at.map_or(base.len(), |(at, _)| at));
        let step = if step.is_empty() { 0 } else { signed_duration(step)? };
        let start = signed_duration(start)?;
        all.extend((0..=times as i64).map(|n| Some(start + n * step)));
    }
    Ok(all)
}

fn signed_duration(text: &str) -> Result<i64, String> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let plain = text.trim_start_matches(['+', '-']);
    if plain == "0" {
        return Ok(0);
    }
    let milliseconds =
        lang::promql::parse_duration(plain).map_err(|_| format!("bad duration {text:?}"))?;
    Ok(sign * milliseconds)
}

pub(crate) fn number(text: &str) -> Option<f64> {
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return u64::from_str_radix(hexadecimal, 16).ok().map(|value| value as f64);
    }
    text.parse().ok()
}

fn expand_histogram(rest: &str, all: &mut Vec<Value>) -> Option<()> {
    let (first, rest) = rest.split_once("}}")?;
    let mut current = histogram::parse(first)?;
    let (sign, step, rest) = match rest.chars().next() {
        Some(sign @ ('+' | '-')) if rest[1..].starts_with("{{") => {
            let (step, rest) = rest[3..].split_once("}}")?;
            (if sign == '+' { 1.0 } else { -1.0 }, Some(histogram::parse(step)?), rest)
        }
        _ => (1.0, None, rest),
    };
    let times: Option<usize> = match rest.strip_prefix('x') {
        Some(times) => Some(times.parse().ok()?),
        None => None,
    };
    let is_hinted = first.contains("counter_reset_hint");
    // A sequence that adds begins with the first; one that only repeats has it one time more.
    all.push(Value::Histogram(Arc::new(current.clone()), is_hinted));
    for _ in 0..times.unwrap_or(0) {
        if let Some(step) = &step {
            current = histogram::add_scaled(&current, step, sign);
        }
        all.push(Value::Histogram(Arc::new(current.clone()), is_hinted));
    }
    Some(())
}
