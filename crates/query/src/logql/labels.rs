//! The labels of one line during a pipeline.

use std::borrow::Cow;
use std::cell::Cell;

use crate::running;

/// The source of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// The stream.
    Stream,
    /// Sent with the line.
    Metadata,
    /// Extracted from the line by a stage.
    Parsed,
}

#[derive(Debug, Clone)]
pub(super) struct Label<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
    pub(super) source: Source,
}

/// Label of an error, and of its reason.
pub(super) const ERROR: &str = "__error__";
pub(super) const ERROR_DETAILS: &str = "__error_details__";
/// Error of a line with too many labels.
const TOO_MANY: &str = "TooManyLabelsErr";
/// Maximum labels of one line; adding a label searches all others.
const LABELS_MAX: usize = 2_048;
/// Maximum bytes that the templates of a query produce for one line.
const MADE_BYTES_MAX: usize = 16 << 20;
/// Suffix of a label when another source has the same name.
const LOSER_SUFFIX: &str = "_extracted";

/// The labels of a line. On a conflict the stream has precedence over metadata sent with the line,
/// and metadata over labels extracted from it; the loser gets the suffix `_extracted`, as in Loki.
#[derive(Debug, Clone, Default)]
pub(super) struct LineLabels<'a> {
    list: Vec<Label<'a>>,
    error: Option<(&'static str, String)>,
    /// Bytes that templates produced for this line.
    made_bytes: Cell<usize>,
}

impl<'a> LineLabels<'a> {
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.error = None;
        self.made_bytes.set(0);
    }

    /// Counts bytes that a template produced, for the line and for the query.
    ///
    /// # Errors
    /// The reason why no more may be produced.
    pub(super) fn made(&self, bytes: usize) -> Result<(), String> {
        let made = self.made_bytes.get().saturating_add(bytes);
        self.made_bytes.set(made);
        if made > MADE_BYTES_MAX {
            return Err("the templates make too much text of one line".to_owned());
        }
        running::made(bytes).map_err(|error| error.to_string())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Label<'a>> {
        self.list.iter()
    }

    /// The first error, which later ones do not replace.
    pub(super) fn set_error(&mut self, error: &'static str, details: impl Into<String>) {
        if self.error.is_none() {
            self.error = Some((error, details.into()));
        }
    }

    pub(super) fn error(&self) -> Option<(&'static str, &str)> {
        self.error.as_ref().map(|(error, details)| (*error, details.as_str()))
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|label| label.name == name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        match (name, &self.error) {
            (ERROR, Some((error, _))) => Some(error),
            (ERROR_DETAILS, Some((_, details))) => Some(details),
            (ERROR | ERROR_DETAILS, None) => None,
            _ => {
                self.list.iter().find(|label| label.name == name).map(|label| label.value.as_ref())
            }
        }
    }

    /// Adds a label of the stream; its names are distinct.
    pub(super) fn add_stream(&mut self, name: &'a str, value: &'a str) {
        self.list.push(Label {
            name: Cow::Borrowed(name),
            value: Cow::Borrowed(value),
            source: Source::Stream,
        });
    }

    /// Adds a label that was sent with the line or extracted from it.
    pub(super) fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>, source: Source) {
        if self.list.len() >= LABELS_MAX {
            self.set_error(TOO_MANY, format!("the line has more than {LABELS_MAX} labels"));
            return;
        }
        let Some(place) = self.place(&name) else {
            self.list.push(Label { name, value, source });
            return;
        };
        let Some(present) = self.list.get(place) else { return };
        // The first value of a name from one source is kept.
        if present.source >= source || present.value == value && source == Source::Metadata {
            return;
        }
        let name = Cow::Owned(format!("{name}{LOSER_SUFFIX}"));
        match self.place(&name).and_then(|place| self.list.get_mut(place)) {
            Some(loser) if loser.source < source && loser.source != Source::Stream => {
                *loser = Label { name, value, source }
            }
            Some(_) => {}
            None => self.list.push(Label { name, value, source }),
        }
    }

    /// Sets a label, whatever its source.
    pub(super) fn set(&mut self, name: &str, value: Cow<'a, str>) {
        match self.place(name).and_then(|place| self.list.get_mut(place)) {
            Some(label) => label.value = value,
            None => self.list.push(Label {
                name: Cow::Owned(name.to_owned()),
                value,
                source: Source::Parsed,
            }),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Label<'a>> {
        if name == ERROR {
            self.error = None;
            return None;
        }
        self.place(name).map(|place| self.list.remove(place))
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&Label<'a>) -> bool) {
        self.list.retain(keep);
    }
}

/// A valid label name: other characters become `_`, and a leading digit gets a `_` prefix.
pub(crate) fn sanitized(name: &str) -> Cow<'_, str> {
    let name = name.trim();
    let starts_with_digit = name.starts_with(|c: char| c.is_ascii_digit());
    if !starts_with_digit && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()) {
        return Cow::Borrowed(name);
    }
    let mut clean = String::with_capacity(name.len() + 1);
    if starts_with_digit {
        clean.push('_');
    }
    clean.extend(name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&'static str, &'static str, Source)]) -> Vec<String> {
        let mut labels = LineLabels::default();
        for (name, value, source) in pairs {
            match source {
                Source::Stream => labels.add_stream(name, value),
                source => labels.add(Cow::Borrowed(name), Cow::Borrowed(value), *source),
            }
        }
        labels.iter().map(|label| format!("{}={}", label.name, label.value)).collect()
    }

    #[test]
    fn the_stream_keeps_the_name_and_the_line_gets_the_suffix() {
        use Source::{Metadata, Parsed, Stream};
        assert_eq!(labels(&[("k", "s", Stream), ("k", "m", Metadata)]), ["k=s", "k_extracted=m"]);
        assert_eq!(
            labels(&[("k", "s", Stream), ("k", "m", Metadata), ("k", "p", Parsed)]),
            ["k=s", "k_extracted=p"]
        );
        assert_eq!(labels(&[("k", "m", Metadata), ("k", "p", Parsed)]), ["k=m", "k_extracted=p"]);
        assert_eq!(labels(&[("k", "1", Parsed), ("k", "2", Parsed)]), ["k=1"]);
    }

    #[test]
    fn names_become_label_names() {
        for (name, clean) in
            [("a.b", "a_b"), ("1a", "_1a"), (" x ", "x"), ("a-é", "a__"), ("ok_1", "ok_1")]
        {
            assert_eq!(sanitized(name), clean);
        }
    }
}
