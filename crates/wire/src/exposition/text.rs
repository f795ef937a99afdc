//! The parser of both text formats.
//!
//! Accepts and refuses what Prometheus accepts and refuses, with its messages. Sources: Prometheus'
//! documents "Exposition formats" and "Escaping schemes", OpenMetrics 1.0.

mod metadata;

use std::borrow::Cow;

use signals::metric::MetricKind;

use super::created::Created;
use super::lexer::{Dialect, Lexer, State, Token, is_name_start};
use super::quote::quoted;
use super::{CreatedLines, Entry, PageLimits, TextExemplar, TextSample, fast, float};
use crate::WireError;

/// Reads the entries of a page in a text format.
///
/// After an error, the page has no more entries; a scraper discards those before it, too.
#[derive(Debug, Clone)]
pub struct TextParser<'a> {
    lexer: Lexer<'a>,
    limits: PageLimits,
    /// Offset of the current entry.
    entry: usize,
    entries: usize,
    /// The type in the last `# TYPE`, which decides how `le` and `quantile` are formatted.
    kind: MetricKind,
    /// Length of the metric name in the last line of metadata.
    family: usize,
    is_finished: bool,
    /// Where `_created` lines are start times.
    created: Option<Created>,
    /// Whether the fast path is off, for comparison.
    #[cfg(test)]
    is_exact: bool,
}

/// A reason to refuse the page.
type Refused = String;

impl<'a> TextParser<'a> {
    /// A page of Prometheus text, 0.0.4 or 1.0.0.
    #[must_use]
    pub fn prometheus(page: &'a [u8], limits: PageLimits) -> Self {
        Self::new(Lexer::new(page, Dialect::Prometheus), limits, None)
    }

    /// A page of OpenMetrics text, 0.0.1 or 1.0.0.
    #[must_use]
    pub fn open_metrics(page: &'a [u8], limits: PageLimits, created: CreatedLines) -> Self {
        let created = (created == CreatedLines::AreStartTimes).then(|| Created::new(page));
        Self::new(Lexer::new(page, Dialect::OpenMetrics), limits, created)
    }

    fn new(lexer: Lexer<'a>, limits: PageLimits, created: Option<Created>) -> Self {
        Self {
            lexer,
            limits,
            entry: 0,
            entries: 0,
            kind: MetricKind::Unknown,
            family: 0,
            is_finished: false,
            created,
            #[cfg(test)]
            is_exact: false,
        }
    }

    /// The parser without its fast path.
    #[cfg(test)]
    pub(super) fn only_exact(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// The next entry; `None` at the end of the page.
    ///
    /// # Errors
    /// [`WireError::Text`] if the page is malformed or exceeds a limit.
    pub fn read(&mut self) -> Result<Option<Entry<'a>>, WireError> {
        self.read_expecting(&[])
    }

    /// Like [`Self::read`], but faster if the next entry is a sample of the series `expected`.
    ///
    /// Targets list their series in a stable order, so the series of the previous scrape at the
    /// same place is a good guess: it is compared as a whole instead of being parsed, and
    /// [`TextSample::is_expected`] spares the caller the lookup. `expected` must be empty or a
    /// [`TextSample::series`] of a page in the same format; otherwise the sample may have a series
    /// that [`super::series_labels`] refuses.
    ///
    /// # Errors
    /// [`WireError::Text`] if the page is malformed or exceeds a limit.
    #[inline]
    pub fn read_expecting(&mut self, expected: &[u8]) -> Result<Option<Entry<'a>>, WireError> {
        if self.is_finished {
            return Ok(None);
        }
        loop {
            let entry = match self.fast(expected) {
                Some(sample) => Ok(Some(Entry::Sample(sample))),
                None => match self.fast_metadata() {
                    Some(entry) => return Ok(Some(entry)),
                    None => self.exact().and_then(|entry| self.counted(entry)),
                },
            };
            match entry {
                Ok(Some(Entry::Sample(sample))) if self.created.is_some() => {
                    if let Some(sample) = self.with_start_time(sample) {
                        return Ok(Some(Entry::Sample(sample)));
                    }
                }
                Ok(Some(entry)) => return Ok(Some(entry)),
                Ok(None) => {
                    self.is_finished = true;
                    return Ok(None);
                }
                Err(reason) => {
                    self.is_finished = true;
                    return Err(WireError::Text { line: self.line(), reason });
                }
            }
        }
    }

    /// Offset of the next entry.
    pub(super) fn position(&self) -> usize {
        self.lexer.at
    }

    /// Length of the metric name in the last line of metadata.
    pub(super) fn family(&self) -> usize {
        self.family
    }

    /// A parser of the rest of the page, in which `_created` lines are samples.
    pub(super) fn ahead(&self) -> Self {
        Self { lexer: self.lexer.clone(), created: None, ..*self }
    }

    /// The number of the line on which the current entry starts.
    fn line(&self) -> usize {
        let before = self.lexer.slice(0, self.entry);
        memchr::memchr_iter(b'\n', before).count() + 1
    }

    fn counted(&mut self, entry: Option<Entry<'a>>) -> Result<Option<Entry<'a>>, Refused> {
        let PageLimits { entry_bytes_max, entries_max, .. } = self.limits;
        if self.lexer.at - self.entry > entry_bytes_max {
            return Err(format!("line is longer than {entry_bytes_max} bytes"));
        }
        self.entries += usize::from(entry.is_some());
        if self.entries > entries_max {
            return Err(format!("page has more than {entries_max} entries"));
        }
        Ok(entry)
    }

    /// Adds the start time; `None` if the sample is one itself.
    fn with_start_time(&mut self, sample: TextSample<'a>) -> Option<TextSample<'a>> {
        let mut created = self.created.take()?;
        let sample = created.apply(self, sample);
        self.created = Some(created);
        sample
    }

    #[inline]
    fn fast(&mut self, expected: &[u8]) -> Option<TextSample<'a>> {
        #[cfg(test)]
        if self.is_exact {
            return None;
        }
        let start = self.lexer.at;
        let rest = self.lexer.page().get(start..)?;
        if !is_name_start(*rest.first()?) && expected.is_empty() {
            return None;
        }
        let found = fast::sample(rest, self.lexer.dialect(), expected)?;
        self.advance(found.length)?;
        Some(TextSample {
            series: rest.get(..found.series)?,
            is_expected: found.is_expected,
            kind: self.kind,
            value: found.value,
            timestamp_ms: found.timestamp_ms,
            start_ms: None,
            exemplar: None,
        })
    }

    /// Moves past an entry of the fast path; `None` if the exact path has to report a limit.
    #[inline]
    fn advance(&mut self, length: usize) -> Option<()> {
        let PageLimits { entry_bytes_max, entries_max, .. } = self.limits;
        if length > entry_bytes_max || self.entries >= entries_max {
            return None;
        }
        self.entries += 1;
        self.entry = self.lexer.at;
        self.lexer.at += length;
        Some(())
    }

    /// The exact path: an entry, token by token.
    fn exact(&mut self) -> Result<Option<Entry<'a>>, Refused> {
        loop {
            self.lexer.state = State::Line;
            self.entry = self.lexer.at;
            match self.lexer.token() {
                Token::EndWord => {
                    let is_end = self.lexer.token() == Token::End;
                    return if is_end {
                        Ok(None)
                    } else {
                        Err("unexpected data after # EOF".into())
                    };
                }
                Token::End if self.lexer.dialect() == Dialect::Prometheus => return Ok(None),
                Token::End => return Err(NO_END.into()),
                Token::Linebreak => {}
                Token::Comment => {
                    let token = self.lexer.token();
                    if token != Token::Linebreak {
                        return Err(self.unexpected("linebreak expected after comment", token));
                    }
                }
                word @ (Token::Help | Token::Type | Token::Unit) => {
                    return self.metadata(word).map(Some);
                }
                Token::BraceOpen => {
                    let name = self.labels(None, |_, _| {})?;
                    let end = self.lexer.at;
                    let token = self.lexer.token();
                    return self.sample(name, end, token).map(Some);
                }
                Token::MetricName => {
                    let name = Some(self.lexer.text());
                    let mut end = self.lexer.at;
                    let mut token = self.lexer.token();
                    if token == Token::BraceOpen {
                        self.labels(name, |_, _| {})?;
                        end = self.lexer.at;
                        token = self.lexer.token();
                    }
                    return self.sample(name, end, token).map(Some);
                }
                token => return Err(self.unexpected("expected a valid start token", token)),
            }
        }
    }

    /// A message with the token, and the entry up to it.
    fn unexpected(&self, expected: &str, token: Token) -> Refused {
        let end = (self.lexer.at + 1).min(self.lexer.end());
        let (got, entry) = (self.shown(self.lexer.start, end), self.shown(self.entry, end));
        format!("{expected}, got {got} (\"{}\") while parsing: {entry}", token.name())
    }

    /// A message with the entry up to the cursor.
    fn wrong(&self, reason: &str) -> Refused {
        format!("{reason} while parsing: {}", self.shown(self.entry, self.lexer.at))
    }

    /// Bytes of the page, and the line break added at its end, in quotes.
    fn shown(&self, start: usize, end: usize) -> String {
        let mut bytes = Cow::Borrowed(self.lexer.slice(start, end));
        if end > self.lexer.page().len() {
            bytes.to_mut().push(b'\n');
        }
        quoted(&bytes)
    }

    /// Splits a page that is one series, or the labels of an exemplar. Returns the metric name and
    /// passes each label, both still escaped.
    pub(super) fn split(
        mut self,
        each: impl FnMut(&'a [u8], &'a [u8]),
    ) -> Result<Option<&'a [u8]>, Refused> {
        let mut token = self.lexer.token();
        let mut name = None;
        let mut end = self.lexer.at;
        if token == Token::MetricName {
            name = Some(self.lexer.text());
            token = self.lexer.token();
        }
        if token == Token::BraceOpen {
            name = self.labels(name, each)?;
            end = self.lexer.at;
        }
        if end == 0 || end < self.lexer.page().len() {
            return Err(format!("expected a series, got {}", quoted(self.lexer.page())));
        }
        Ok(name)
    }

    /// The labels after an opening brace. Returns the metric name, which may be one of them.
    fn labels(
        &mut self,
        name: Option<&'a [u8]>,
        mut each: impl FnMut(&'a [u8], &'a [u8]),
    ) -> Result<Option<&'a [u8]>, Refused> {
        let mut name = name;
        let mut token = self.lexer.token();
        loop {
            let is_quoted = match token {
                Token::BraceClose => return Ok(name),
                Token::LabelName => false,
                Token::Quoted => true,
                _ => return Err(self.unexpected("expected label name", token)),
            };
            let text = self.lexer.text();
            let is_exemplar = self.lexer.state == State::Exemplar;
            token = self.lexer.token();
            if is_quoted && matches!(token, Token::Comma | Token::BraceClose) {
                if is_exemplar {
                    return Err(self.unexpected("expected label name", token));
                }
                if name.is_some() {
                    return Err(self.wrong("metric name already set"));
                }
                name = Some(inside(text));
                if token == Token::Comma {
                    token = self.lexer.token();
                }
                continue;
            }
            if token != Token::Equal {
                return Err(self.unexpected("expected equal", token));
            }
            token = self.lexer.token();
            if token != Token::LabelValue {
                return Err(self.unexpected("expected label value", token));
            }
            let value = self.lexer.text();
            if std::str::from_utf8(value).is_err() {
                return Err(format!("invalid UTF-8 label value: {}", quoted(value)));
            }
            each(if is_quoted { inside(text) } else { text }, inside(value));
            token = self.lexer.token();
            if token == Token::Comma {
                token = self.lexer.token();
            } else if token != Token::BraceClose && self.lexer.dialect() == Dialect::OpenMetrics {
                return Err(self.unexpected("expected comma or brace close", token));
            }
        }
    }

    /// The rest of a sample's line after its series, which ends at `end`.
    fn sample(
        &mut self,
        name: Option<&[u8]>,
        end: usize,
        token: Token,
    ) -> Result<Entry<'a>, Refused> {
        if name.is_none() {
            return Err(self.wrong("metric name not set"));
        }
        let value = self.value(token, "metric")?;
        let (mut timestamp_ms, mut exemplar) = (None, None);
        let mut next = self.lexer.token();
        let mut expected = "expected timestamp or new record";
        if next == Token::Timestamp {
            timestamp_ms = Some(self.timestamp("timestamp")?);
            next = self.lexer.token();
            expected = "expected next entry after timestamp";
        }
        match next {
            Token::Linebreak => {}
            Token::Comment => exemplar = Some(self.exemplar()?),
            Token::End if timestamp_ms.is_none() => return Err(NO_END.into()),
            _ => return Err(self.unexpected(expected, next)),
        }
        Ok(Entry::Sample(TextSample {
            series: self.lexer.slice(self.entry, end),
            is_expected: false,
            kind: self.kind,
            value,
            timestamp_ms,
            start_ms: None,
            exemplar,
        }))
    }

    fn value(&self, token: Token, after: &str) -> Result<f64, Refused> {
        if token != Token::Value {
            return Err(self.unexpected(&format!("expected value after {after}"), token));
        }
        float::parse(self.number()).map_err(|reason| self.wrong(&reason))
    }

    /// The current token without the space before it.
    fn number(&self) -> &'a [u8] {
        let text = self.lexer.text();
        text.strip_prefix(b" ").unwrap_or(text)
    }

    /// Milliseconds in Prometheus text; in OpenMetrics seconds, whose fractions of a millisecond
    /// are cut off.
    fn timestamp(&self, what: &str) -> Result<i64, Refused> {
        let number = self.number();
        if self.lexer.dialect() == Dialect::Prometheus {
            let text = std::str::from_utf8(number).unwrap_or_default();
            return text.parse().map_err(|_| {
                let text = quoted(number);
                self.wrong(&format!("strconv.ParseInt: parsing {text}: value out of range"))
            });
        }
        let seconds = float::parse(number).map_err(|reason| self.wrong(&reason))?;
        if seconds.is_finite() {
            return Ok((seconds * 1000.0) as i64);
        }
        let shown = match seconds {
            f64::INFINITY => "+Inf",
            f64::NEG_INFINITY => "-Inf",
            _ => "NaN",
        };
        Err(format!("invalid {what} {shown}"))
    }

    /// An exemplar after its opening brace.
    fn exemplar(&mut self) -> Result<TextExemplar<'a>, Refused> {
        let start = self.lexer.at;
        self.labels(None, |_, _| {})?;
        let labels = self.lexer.slice(start - 1, self.lexer.at);
        let token = self.lexer.token();
        let value = self.value(token, "exemplar labels")?;
        let mut timestamp_ms = None;
        match self.lexer.token() {
            Token::Linebreak => {}
            Token::End => return Err(NO_END.into()),
            Token::Timestamp => {
                timestamp_ms = Some(self.timestamp("exemplar timestamp")?);
                let token = self.lexer.token();
                if token != Token::Linebreak {
                    let expected = "expected next entry after exemplar timestamp";
                    return Err(self.unexpected(expected, token));
                }
            }
            token => return Err(self.unexpected("expected timestamp or comment", token)),
        }
        Ok(TextExemplar { labels, value, timestamp_ms })
    }
}

/// A string without its quotes.
fn inside(string: &[u8]) -> &[u8] {
    string.get(1..string.len().saturating_sub(1)).unwrap_or_default()
}

const NO_END: &str = "data does not end with # EOF";
