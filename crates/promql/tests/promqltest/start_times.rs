//! The start times of samples in scripts: `_x2 -1m -30s-1mx4`.

/// Reads start times relative to their samples.
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
