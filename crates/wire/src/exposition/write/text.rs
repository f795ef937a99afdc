//! Prometheus text 0.0.4.

use std::fmt::Write as _;

use signals::metric::NativeHistogram;

use super::super::float;
use super::cumulative;

/// A page in the text format, family by family.
#[derive(Debug, Default)]
pub struct TextWriter {
    text: String,
    allows_utf8: bool,
}

impl TextWriter {
    /// An empty page. Names that the format did not have before UTF-8 are written in quotes, or
    /// with underscores.
    #[must_use]
    pub fn new(allows_utf8: bool) -> Self {
        Self { text: String::new(), allows_utf8 }
    }

    /// Begins a family; its samples follow.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        if !help.is_empty() {
            self.text.push_str("# HELP ");
            self.name(name, true);
            let help = help.replace('\\', "\\\\").replace('\n', "\\n");
            let _infallible = writeln!(self.text, " {help}");
        }
        self.text.push_str("# TYPE ");
        self.name(name, true);
        let _infallible = writeln!(self.text, " {kind}");
    }

    /// A sample of the family.
    pub fn sample<'a>(
        &mut self,
        name: &str,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        value: f64,
        timestamp_ms: Option<i64>,
    ) {
        let is_quoted = self.is_quoted(name, true);
        let mut separator = '{';
        if is_quoted {
            self.text.push('{');
            separator = ',';
        }
        self.name(name, true);
        for (label, value) in labels {
            self.text.push(separator);
            separator = ',';
            self.name(label, false);
            let _infallible = write!(self.text, "=\"{}\"", escaped(value));
        }
        if separator == ',' {
            self.text.push('}');
        }
        let _infallible = write!(self.text, " {}", float::general(value));
        if let Some(timestamp_ms) = timestamp_ms {
            let _infallible = write!(self.text, " {timestamp_ms}");
        }
        self.text.push('\n');
    }

    /// A histogram with custom buckets, as a classic one. The format has no others.
    pub fn classic_histogram(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        histogram: &NativeHistogram,
        timestamp_ms: i64,
    ) {
        let [bucket, sum, count] =
            ["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}"));
        let end = (f64::INFINITY, histogram.count);
        let timestamp_ms = Some(timestamp_ms);
        for (bound, observations) in cumulative(histogram).chain([end]) {
            let bound = float::general(bound);
            let labels = labels.iter().copied().chain([("le", bound.as_str())]);
            self.sample(&bucket, labels, observations, timestamp_ms);
        }
        self.sample(&sum, labels.iter().copied(), histogram.sum, timestamp_ms);
        self.sample(&count, labels.iter().copied(), histogram.count, timestamp_ms);
    }

    /// The page.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    fn is_quoted(&self, name: &str, is_metric: bool) -> bool {
        self.allows_utf8 && !is_plain(name, is_metric)
    }

    fn name(&mut self, name: &str, is_metric: bool) {
        if self.is_quoted(name, is_metric) {
            let _infallible = write!(self.text, "\"{}\"", escaped(name));
        } else {
            self.text.extend(underscored(name, is_metric));
        }
    }
}

/// Whether a name needs no quotes. Names of metrics may have colons.
fn is_plain(name: &str, is_metric: bool) -> bool {
    underscored(name, is_metric).eq(name.chars())
}

/// The name with an underscore for each character that the text format did not have before UTF-8.
pub(super) fn underscored(name: &str, is_metric: bool) -> impl Iterator<Item = char> {
    name.char_indices().map(move |(at, char)| {
        let is_digit = char.is_ascii_digit() && at > 0;
        let is_plain = is_digit || char.is_ascii_alphabetic() || (is_metric && char == ':');
        if is_plain { char } else { '_' }
    })
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
