//! Translates metric names, units and label names from OpenTelemetry to Prometheus.
//!
//! Follows Prometheus' own translator and runs its test cases.

use super::Translation;

/// Translation strategy for names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// Letters, digits, `_` and `:` only, with unit and type suffixes. Prometheus' default.
    #[default]
    UnderscoreEscapingWithSuffixes,
    /// Letters, digits, `_` and `:` only.
    UnderscoreEscapingWithoutSuffixes,
    /// Any UTF-8, with unit and type suffixes.
    NoUtf8EscapingWithSuffixes,
    /// Unchanged.
    NoTranslation,
}

impl Strategy {
    fn is_utf8_allowed(self) -> bool {
        matches!(self, Self::NoUtf8EscapingWithSuffixes | Self::NoTranslation)
    }

    fn has_suffixes(self) -> bool {
        matches!(self, Self::UnderscoreEscapingWithSuffixes | Self::NoUtf8EscapingWithSuffixes)
    }
}

/// The aspects of a metric's type that affect its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    MonotonicSum,
    Gauge,
    Other,
}

/// The name is empty or consists only of underscores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InvalidName;

fn is_metric_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

fn has_more_than_underscores(name: &str) -> bool {
    name.chars().any(|c| c != '_')
}

/// The name of a metric family, with a prefix from `namespace` unless that is empty.
pub(super) fn metric(
    strategy: Strategy,
    namespace: &str,
    name: &str,
    unit: &str,
    shape: Shape,
) -> Result<String, InvalidName> {
    let translated = match (strategy.is_utf8_allowed(), strategy.has_suffixes()) {
        (false, true) => escaped_with_suffixes(namespace, name, unit, shape),
        (false, false) => escaped(namespace, name),
        (true, has_suffixes) => {
            let mut whole = name.to_owned();
            if !namespace.is_empty() {
                whole = format!("{namespace}_{name}");
            }
            if has_suffixes { with_suffixes(whole, unit, shape) } else { whole }
        }
    };
    if translated.is_empty() || (translated != name && !has_more_than_underscores(&translated)) {
        return Err(InvalidName);
    }
    Ok(translated)
}

fn join_valid(text: &str) -> String {
    let parts = text.split(|c| !is_metric_char(c)).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("_")
}

fn escaped(namespace: &str, name: &str) -> String {
    let name = join_valid(name);
    if !namespace.is_empty() {
        return format!("{}_{name}", join_valid(namespace));
    }
    underscore_before_digit(name)
}

fn underscore_before_digit(name: String) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn escaped_with_suffixes(namespace: &str, name: &str, unit: &str, shape: Shape) -> String {
    let (main, per) = unit_parts(unit);
    let (main, per) = (clean_unit(&main), clean_unit(&per));
    let mut tokens: Vec<&str> =
        name.split(|c| !is_metric_char(c) || c == '_').filter(|token| !token.is_empty()).collect();
    let has_main = tokens.contains(&main.as_str());
    let has_per = tokens.contains(&per.as_str());
    // The part after the slash had no valid characters.
    let per = if per == "per_" { "" } else { per.trim_end_matches('_') };
    let main = if per.is_empty() { &main[..] } else { main.trim_end_matches('_') };
    if !main.is_empty() && !has_main {
        tokens.push(main);
    }
    if !per.is_empty() && !has_per {
        tokens.push(per);
    }
    if shape == Shape::MonotonicSum {
        tokens.retain(|token| *token != "total");
        tokens.push("total");
    }
    if unit == "1" && shape == Shape::Gauge {
        tokens.retain(|token| *token != "ratio");
        tokens.push("ratio");
    }
    if !namespace.is_empty() {
        tokens.insert(0, namespace);
    }
    underscore_before_digit(tokens.join("_"))
}

fn with_suffixes(mut name: String, unit: &str, shape: Shape) -> String {
    let (is_total, is_ratio) = (shape == Shape::MonotonicSum, unit == "1" && shape == Shape::Gauge);
    let (main, per) = unit_parts(unit);
    for (is_wanted, suffix) in [(is_ratio, "ratio"), (is_total, "total"), (true, &per)] {
        if is_wanted {
            trim_suffix(&mut name, suffix);
        }
    }
    if !main.is_empty() && !name.ends_with(&main) {
        push_suffix(&mut name, &main);
    }
    for (is_wanted, suffix) in [(true, per.as_str()), (is_total, "total"), (is_ratio, "ratio")] {
        if is_wanted && !suffix.is_empty() {
            push_suffix(&mut name, suffix);
        }
    }
    name
}

fn push_suffix(name: &mut String, suffix: &str) {
    name.push('_');
    name.push_str(suffix);
}

fn trim_suffix(name: &mut String, suffix: &str) {
    let rest = name.strip_suffix(suffix).filter(|_| !suffix.is_empty());
    let is_separator = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric();
    if let Some(rest) =
        rest.and_then(|rest| rest.strip_suffix(is_separator)).filter(|rest| !rest.is_empty())
    {
        name.truncate(rest.len());
    }
}

/// The unit for metadata.
pub(crate) fn unit(unit: &str) -> String {
    let (main, per) = unit_parts(unit);
    let (main, per) = (clean_unit(&main), clean_unit(&per));
    let whole = match (main.is_empty(), per.is_empty()) {
        (_, true) => main,
        (true, false) => per,
        (false, false) => format!("{main}_{per}"),
    };
    whole.trim_end_matches('_').to_owned()
}

/// The unit before the slash, and the unit after it with the prefix `per_`.
fn unit_parts(unit: &str) -> (String, String) {
    let is_annotation = |unit: &str| unit.contains(['{', '}']);
    let (main, per) = unit.split_once('/').unwrap_or((unit, ""));
    let (main, per) = (main.trim(), per.trim());
    let main = if is_annotation(main) { "" } else { main_unit(main) };
    if per.is_empty() || is_annotation(per) {
        return (main.to_owned(), String::new());
    }
    (main.to_owned(), format!("per_{}", per_unit(per)))
}

fn main_unit(unit: &str) -> &str {
    match unit {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tibibytes",
        "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "1" => "",
        "%" => "percent",
        other => other,
    }
}

fn per_unit(unit: &str) -> &str {
    match unit {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        other => other,
    }
}

/// Replaces invalid characters with underscores, collapses runs, and strips leading ones.
fn clean_unit(unit: &str) -> String {
    let mut clean = String::with_capacity(unit.len());
    for c in unit.chars() {
        let c = if is_metric_char(c) { c } else { '_' };
        if c != '_' || !(clean.is_empty() || clean.ends_with('_')) {
            clean.push(c);
        }
    }
    clean
}

/// Translation rules for label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LabelRules {
    pub(super) is_utf8_allowed: bool,
    /// Keeps runs of underscores.
    pub(super) preserves_underscores: bool,
    /// Prefixes a single leading underscore with `key`.
    pub(super) prefixes_underscore: bool,
}

impl LabelRules {
    pub(super) fn new(translation: &Translation) -> Self {
        Self {
            is_utf8_allowed: translation.strategy.is_utf8_allowed(),
            preserves_underscores: !translation.collapses_underscores,
            prefixes_underscore: !translation.keeps_leading_underscores,
        }
    }

    /// The name of a label.
    pub(super) fn label(self, name: &str) -> Result<String, InvalidName> {
        if self.is_utf8_allowed {
            let is_name = has_more_than_underscores(name);
            return if is_name { Ok(name.to_owned()) } else { Err(InvalidName) };
        }
        let clean = self.clean(name);
        let clean = if clean.starts_with(|c: char| c.is_ascii_digit()) {
            format!("key_{clean}")
        } else if self.prefixes_underscore && clean.starts_with('_') && !clean.starts_with("__") {
            format!("key{clean}")
        } else {
            clean
        };
        if has_more_than_underscores(&clean) { Ok(clean) } else { Err(InvalidName) }
    }

    fn clean(self, name: &str) -> String {
        let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let replaced = |text: &str| -> String {
            text.chars().map(|c| if is_valid(c) { c } else { '_' }).collect()
        };
        if self.preserves_underscores {
            return replaced(name);
        }
        let collapsed = |text: &str| {
            let mut text = replaced(text);
            while text.contains("__") {
                text = text.replace("__", "_");
            }
            text
        };
        // Keep the `__` prefix and suffix of names reserved by Prometheus.
        match name.strip_prefix("__").and_then(|rest| rest.strip_suffix("__")) {
            Some(inner) if !inner.is_empty() => {
                format!("__{}__", collapsed(inner).trim_matches('_'))
            }
            _ => collapsed(name),
        }
    }
}

#[cfg(test)]
mod tests;
