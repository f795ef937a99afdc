//! Reads the parts of a sequence, with Prometheus' messages.

use signals::metric::NativeHistogram;

use super::histogram;

/// A text and how far it has been read.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn is_at_space(&self) -> bool {
        self.peek().is_some_and(char::is_whitespace)
    }

    pub(super) fn is_at_sign(&self) -> bool {
        matches!(self.peek(), Some('+' | '-'))
    }

    pub(super) fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    pub(super) fn take(&mut self, wanted: char) -> bool {
        self.take_text(wanted.encode_utf8(&mut [0; 4]))
    }

    pub(super) fn take_text(&mut self, wanted: &str) -> bool {
        let is_next = self.rest().starts_with(wanted);
        if is_next {
            self.at += wanted.len();
        }
        is_next
    }

    /// The letters and digits that come next, if a letter is first.
    fn word(&self) -> &'a str {
        if !self.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
            return "";
        }
        leading(self.rest(), |c| c.is_ascii_alphanumeric() || c == '_')
    }

    pub(super) fn take_word(&mut self, wanted: &str) -> bool {
        self.word() == wanted && self.take_text(wanted)
    }

    /// A number with or without a sign.
    pub(super) fn value(&mut self) -> Result<f64, String> {
        let start = self.at;
        let _ = self.take('+') || self.take('-');
        let word = self.word();
        if ["inf", "nan"].contains(&word.to_ascii_lowercase().as_str()) {
            self.at += word.len();
        } else if !word.is_empty() {
            let error = self.unexpected();
            return Err(format!("{error}, expected number or \"stale\""));
        } else {
            self.at += leading(self.rest(), |c| c.is_ascii_digit() || c == '.').len();
            self.exponent();
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        written.parse().map_err(|_| {
            if written.trim_start_matches(['+', '-']).is_empty() {
                return self.unexpected();
            }
            self.at = start;
            self.error(&format!("bad number syntax: {written:?}"))
        })
    }

    fn exponent(&mut self) {
        let Some(after) = self.rest().strip_prefix(['e', 'E']) else { return };
        let digits = after.strip_prefix(['+', '-']).unwrap_or(after);
        let sign = after.len() - digits.len();
        let length = leading(digits, |c| c.is_ascii_digit()).len();
        if length > 0 {
            self.at += 1 + sign + length;
        }
    }

    /// The number after `x`; one that is too large for any sequence if it has many digits.
    pub(super) fn times(&mut self) -> Result<Option<usize>, String> {
        if !self.take('x') {
            return Ok(None);
        }
        let digits = leading(self.rest(), |c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(self.unexpected());
        }
        self.at += digits.len();
        Ok(Some(digits.parse().unwrap_or(usize::MAX)))
    }

    /// A histogram after its `{{`, and whether its hint on counter resets is written.
    pub(super) fn histogram(&mut self) -> Result<(NativeHistogram, bool), String> {
        let Some((description, _)) = self.rest().split_once("}}") else {
            return Err(self.error("unexpected end of input in histogram description"));
        };
        let histogram = histogram::parse(description).map_err(|item| {
            self.error(&format!(
                "unexpected {item:?} in histogram description, expected histogram description key, \
                 e.g. buckets:[5 10 7]"
            ))
        })?;
        self.at += description.len() + "}}".len();
        Ok((histogram, description.contains("counter_reset_hint")))
    }

    /// That what comes next cannot stand here.
    pub(super) fn unexpected(&self) -> String {
        let what = match self.peek() {
            None => "end of input".to_owned(),
            Some(c) if c.is_whitespace() => "\" \"".to_owned(),
            Some(sign @ ('+' | '-')) => format!("<op:{sign}>"),
            Some(c) if c.is_ascii_digit() => {
                let number = leading(self.rest(), |c| c.is_ascii_digit() || c == '.');
                format!("number {number:?}")
            }
            Some(_) if !self.word().is_empty() => format!("identifier {:?}", self.word()),
            Some(c) => {
                return self.error(&format!("unexpected character in series sequence: '{c}'"));
            }
        };
        self.error(&format!("unexpected {what} in series values"))
    }

    pub(super) fn error(&self, reason: &str) -> String {
        let column = self.text.get(..self.at).unwrap_or_default().chars().count() + 1;
        format!("1:{column}: parse error: {reason}")
    }
}

/// The longest start of a text of which all characters are accepted.
fn leading(text: &str, is_accepted: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !is_accepted(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}
