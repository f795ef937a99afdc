//! Start timestamps from the `_created` lines of OpenMetrics text.
//!
//! Follows Prometheus with start timestamps on: a sample of a counter, histogram or summary gets
//! the time of the first `_created` line between it and the next line of metadata, if that line has
//! the name of the family and the same labels, apart from `le` or `quantile`. Samples after the
//! line get it as long as no other series comes between. A `_created` line before all samples of
//! its series has no effect.

use signals::metric::MetricKind;

use super::text::TextParser;
use super::{Entry, TextSample};

const SUFFIX: &[u8] = b"_created";

/// What is known about `_created` lines.
#[derive(Debug, Clone)]
pub(super) struct Created {
    /// Whether the page has any.
    is_used: bool,
    /// The last series that has a start time, and that time.
    current: Option<(Vec<u8>, i64)>,
    ahead: Ahead,
}

/// The first `_created` line after the parser's position.
#[derive(Debug, Clone)]
enum Ahead {
    /// None before this offset; behind it nothing is known.
    NoneBefore(usize),
    /// A line that ends at this offset, with its series and time.
    At(usize, Vec<u8>, i64),
}

impl Created {
    pub(super) fn new(page: &[u8]) -> Self {
        let is_used = memchr::memmem::find(page, SUFFIX).is_some();
        Self { is_used, current: None, ahead: Ahead::NoneBefore(0) }
    }

    /// Adds the start time to a sample; `None` if the sample is one itself.
    pub(super) fn apply<'a>(
        &mut self,
        parser: &TextParser<'a>,
        sample: TextSample<'a>,
    ) -> Option<TextSample<'a>> {
        let has_start = matches!(
            sample.kind,
            MetricKind::Counter | MetricKind::Histogram | MetricKind::Summary
        );
        if !self.is_used || !has_start {
            self.current = None;
            return Some(sample);
        }
        if name(&sample).ends_with(SUFFIX) {
            return None;
        }
        if self.ahead.end() <= parser.position() {
            self.ahead = look_ahead(parser);
        }
        if self.current.is_none() && matches!(self.ahead, Ahead::NoneBefore(_)) {
            return Some(sample);
        }
        let (name, labels) = split(&sample);
        let name = name.get(..parser.family()).unwrap_or(name);
        let start_ms = self.start_time(key(name, &labels, sample.kind));
        Some(TextSample { start_ms, ..sample })
    }

    /// The start time of a series.
    fn start_time(&mut self, key: Vec<u8>) -> Option<i64> {
        if let Some((series, start)) = &self.current
            && *series == key
            && *start > 0
        {
            return Some(*start);
        }
        self.current = None;
        if let Ahead::At(_, series, start) = &self.ahead
            && *series == key
        {
            let start = *start;
            self.current = Some((key, start));
            return (start != 0).then_some(start);
        }
        None
    }
}

impl Ahead {
    /// The offset up to which it is valid.
    fn end(&self) -> usize {
        match self {
            Self::NoneBefore(end) | Self::At(end, ..) => *end,
        }
    }
}

/// Reads on to the next `_created` line or to the end of the family.
fn look_ahead(parser: &TextParser<'_>) -> Ahead {
    let mut ahead = parser.ahead();
    loop {
        let Ok(Some(Entry::Sample(sample))) = ahead.read() else {
            return Ahead::NoneBefore(ahead.position());
        };
        let (name, labels) = split(&sample);
        if let Some(name) = name.strip_suffix(SUFFIX) {
            let series = key(name, &labels, sample.kind);
            return Ahead::At(ahead.position(), series, (sample.value * 1000.0) as i64);
        }
    }
}

/// The name of a series that the parser has accepted, still escaped.
fn name<'a>(sample: &TextSample<'a>) -> &'a [u8] {
    let series = sample.series;
    let end = series.iter().position(|byte| matches!(byte, b'{' | b' ' | b'\t'));
    match end {
        Some(0) => split(sample).0,
        Some(end) => series.get(..end).unwrap_or_default(),
        None => series,
    }
}

type RawLabels<'a> = Vec<(&'a [u8], &'a [u8])>;

/// The name and the labels of a series that the parser has accepted, still escaped.
fn split<'a>(sample: &TextSample<'a>) -> (&'a [u8], RawLabels<'a>) {
    let mut labels = Vec::new();
    let limits = super::PageLimits::default();
    let series = TextParser::prometheus(sample.series, limits);
    let name = series.split(|name, value| labels.push((name, value)));
    (name.ok().flatten().unwrap_or_default(), labels)
}

/// The bytes that identify the series of a start time. Labels keep the order of the line.
fn key(name: &[u8], labels: &RawLabels<'_>, kind: MetricKind) -> Vec<u8> {
    let bound: &[u8] = match kind {
        MetricKind::Histogram => b"le",
        MetricKind::Summary => b"quantile",
        _ => b"",
    };
    let kept = labels.iter().filter(|(name, _)| *name != bound);
    let mut key = name.to_vec();
    for (name, value) in kept {
        // A raw value cannot contain a quote that is not escaped, so texts cannot run together.
        for part in [b"\"", *name, b"\"", *value] {
            key.extend_from_slice(part);
        }
    }
    key
}
