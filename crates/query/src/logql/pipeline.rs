//! Compiled pipeline stages, which run on one line after another.

use std::borrow::Cow;

use lang::logql::{self, Conversion, LabelFormat, NameOrMatcher, Pattern, Stage, Unwrap};
use regex::Regex;
use signals::Matcher;

use super::filter::{self, LabelFilter, LineFilter};
use super::json::{self, Step};
use super::labels::{ERROR, ERROR_DETAILS, LineLabels, Source, sanitized};
use super::template::Template;
use super::{logfmt, unpack};
use crate::QueryError;

/// The labels that are read later; parsers leave out all others.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// All of them.
    All,
    /// These, sorted.
    Only(Vec<String>),
}

impl Wanted {
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => {
                let base = name.strip_suffix("_extracted").unwrap_or(name);
                names.iter().any(|wanted| {
                    wanted == name
                        || wanted == base
                        || wanted.strip_suffix("_extracted") == Some(name)
                })
            }
        }
    }
}

enum Run {
    Line(LineFilter),
    Json,
    JsonPaths(Vec<(String, Vec<Step>)>),
    Logfmt { strict: bool, keep_empty: bool },
    LogfmtKeys { strict: bool, keys: Vec<(String, String)> },
    Regexp(Regex),
    Pattern(Pattern),
    Unpack,
    Label(LabelFilter),
    LineFormat(Template),
    LabelFormat(Vec<Format>),
    Drop(Vec<Named>),
    Keep(Vec<Named>),
    Decolorize,
}

enum Format {
    Rename { to: String, from: String },
    Template { to: String, template: Template },
}

/// A label by name, optionally restricted to matching values.
struct Named {
    name: String,
    matcher: Option<Matcher>,
}

impl Named {
    fn new(item: &NameOrMatcher) -> Result<Self, QueryError> {
        Ok(match item {
            NameOrMatcher::Name(name) => Self { name: name.clone(), matcher: None },
            NameOrMatcher::Matcher(matcher) => {
                Self { name: matcher.name.clone(), matcher: Some(filter::matcher(matcher)?) }
            }
        })
    }

    fn covers(&self, name: &str, value: &str) -> bool {
        self.name == name && self.matcher.as_ref().is_none_or(|matcher| matcher.matches(value))
    }
}

/// Stages that run in order.
pub(super) struct Pipeline {
    steps: Vec<Run>,
    wanted: Wanted,
}

impl Pipeline {
    /// Compiles the stages.
    ///
    /// # Errors
    /// When a pattern, template or path is invalid or not supported.
    pub(super) fn new(stages: &[Stage]) -> Result<Self, QueryError> {
        let steps = stages.iter().map(step).collect::<Result<_, _>>()?;
        Ok(Self { steps, wanted: Wanted::All })
    }

    /// Leaves out labels that neither the stages nor their consumer read; `None` keeps all.
    pub(super) fn keeping_labels(mut self, after: Option<Vec<String>>) -> Self {
        let Some(mut names) = after else { return self };
        names.extend([ERROR.to_owned(), ERROR_DETAILS.to_owned()]);
        for step in &self.steps {
            match step {
                Run::Label(filter) => filter.names(&mut names),
                Run::LineFormat(template) => template.names(&mut names),
                Run::LabelFormat(formats) => {
                    for format in formats {
                        match format {
                            Format::Rename { from, .. } => names.push(from.clone()),
                            Format::Template { template, .. } => template.names(&mut names),
                        }
                    }
                }
                Run::Drop(list) | Run::Keep(list) => {
                    names.extend(list.iter().map(|named| named.name.clone()));
                }
                _ => {}
            }
        }
        names.sort_unstable();
        names.dedup();
        self.wanted = Wanted::Only(names);
        self
    }

    pub(super) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The line after all stages; `None` when one of them drops it.
    pub(super) fn run<'a>(
        &self,
        line: &'a str,
        timestamp: i64,
        labels: &mut LineLabels<'a>,
    ) -> Option<Cow<'a, str>> {
        let mut line = Cow::Borrowed(line);
        for step in &self.steps {
            match step {
                Run::Line(filter) => {
                    if !filter.keeps(&line) {
                        return None;
                    }
                }
                Run::Label(filter) => {
                    if !filter.keeps(labels) {
                        return None;
                    }
                }
                Run::Json => self.parse(&line, labels, |text, each| {
                    json::flatten(text, each).map_err(|reason| ("JSONParserErr", reason.to_owned()))
                }),
                Run::Logfmt { strict, keep_empty } => self.parse(&line, labels, |text, each| {
                    logfmt::pairs(text, *strict, |key, value| {
                        let value = value.unwrap_or_default();
                        if *keep_empty || !value.is_empty() {
                            each(sanitized(key), value);
                        }
                    })
                    .map_err(|reason| ("LogfmtParserErr", reason))
                }),
                Run::JsonPaths(paths) => json_paths(&line, paths, labels),
                Run::LogfmtKeys { strict, keys } => logfmt_keys(&line, *strict, keys, labels),
                Run::Regexp(regex) => self.parse(&line, labels, |text, each| {
                    if let Some(captures) = regex.captures(text) {
                        for name in regex.capture_names().flatten() {
                            let value = captures.name(name).map_or("", |found| found.as_str());
                            each(Cow::Owned(name.to_owned()), Cow::Borrowed(value));
                        }
                    }
                    Ok(())
                }),
                Run::Pattern(pattern) => self.parse(&line, labels, |text, each| {
                    pattern.captures(text, |name, value| {
                        each(Cow::Owned(name.to_owned()), Cow::Borrowed(value));
                    });
                    Ok(())
                }),
                Run::Unpack => {
                    if let Some(entry) = unpack::run(&line, labels) {
                        line = Cow::Owned(entry);
                    }
                }
                Run::LineFormat(template) => match template.run(&line, timestamp, labels) {
                    Ok(text) => line = Cow::Owned(text),
                    Err(reason) => labels.set_error("TemplateFormatErr", reason),
                },
                Run::LabelFormat(formats) => label_format(formats, &line, timestamp, labels),
                Run::Drop(list) => {
                    for named in list {
                        let covers = labels
                            .get(&named.name)
                            .is_some_and(|value| named.covers(&named.name, value));
                        if covers {
                            labels.take(&named.name);
                        }
                    }
                }
                Run::Keep(list) => labels.retain(|label| {
                    list.iter().any(|named| named.covers(&label.name, &label.value))
                }),
                Run::Decolorize => line = filter::decolorized(line),
            }
        }
        Some(line)
    }

    /// Adds the wanted labels that `read` finds in the line.
    #[expect(clippy::ptr_arg, reason = "whether the line is borrowed decides how values are kept")]
    fn parse<'a>(
        &self,
        line: &Cow<'a, str>,
        labels: &mut LineLabels<'a>,
        read: impl for<'t> Fn(
            &'t str,
            &mut dyn FnMut(Cow<'t, str>, Cow<'t, str>),
        ) -> Result<(), (&'static str, String)>,
    ) {
        let result = match line {
            Cow::Borrowed(text) => read(text, &mut |name, value| {
                if self.wanted.has(&name) {
                    labels.add(name, value, Source::Parsed);
                }
            }),
            // A stage created the line, which does not live as long as the labels.
            Cow::Owned(text) => read(text, &mut |name, value| {
                if self.wanted.has(&name) {
                    labels.add(
                        Cow::Owned(name.into_owned()),
                        Cow::Owned(value.into_owned()),
                        Source::Parsed,
                    );
                }
            }),
        };
        if let Err((error, reason)) = result {
            labels.set_error(error, reason);
        }
    }
}

fn step(stage: &Stage) -> Result<Run, QueryError> {
    let named = |list: &[NameOrMatcher]| list.iter().map(Named::new).collect::<Result<Vec<_>, _>>();
    Ok(match stage {
        Stage::Line(line) => Run::Line(LineFilter::new(line)?),
        Stage::Json(expressions) if expressions.is_empty() => Run::Json,
        Stage::Json(expressions) => Run::JsonPaths(
            expressions
                .iter()
                .map(|extraction| {
                    Ok((
                        extraction.label.clone(),
                        json::parse_path(&extraction.expression).map_err(QueryError::Invalid)?,
                    ))
                })
                .collect::<Result<_, QueryError>>()?,
        ),
        Stage::Logfmt { strict, keep_empty, expressions } if expressions.is_empty() => {
            Run::Logfmt { strict: *strict, keep_empty: *keep_empty }
        }
        Stage::Logfmt { strict, expressions, .. } => Run::LogfmtKeys {
            strict: *strict,
            keys: expressions
                .iter()
                .map(|extraction| {
                    (extraction.label.clone(), extraction.expression.trim_matches('"').to_owned())
                })
                .collect(),
        },
        Stage::Regexp(text) => Run::Regexp(filter::regex(text)?),
        Stage::Pattern(text) => Run::Pattern(Pattern::of_stage(text).map_err(QueryError::Invalid)?),
        Stage::Unpack => Run::Unpack,
        Stage::Label(label) => Run::Label(LabelFilter::new(label)?),
        Stage::LineFormat(text) => Run::LineFormat(Template::parse(text)?),
        Stage::LabelFormat(formats) => Run::LabelFormat(
            formats
                .iter()
                .map(|format| {
                    Ok(match format {
                        LabelFormat::Rename { to, from } => {
                            Format::Rename { to: to.clone(), from: from.clone() }
                        }
                        LabelFormat::Template { to, template } => Format::Template {
                            to: to.clone(),
                            template: Template::parse(template)?,
                        },
                    })
                })
                .collect::<Result<_, QueryError>>()?,
        ),
        Stage::Drop(list) => Run::Drop(named(list)?),
        Stage::Keep(list) => Run::Keep(named(list)?),
        Stage::Decolorize => Run::Decolorize,
    })
}

fn json_paths(line: &str, paths: &[(String, Vec<Step>)], labels: &mut LineLabels<'_>) {
    if line.is_empty() {
        return;
    }
    if json::fields(line, |_, _| true).is_err() {
        labels.set_error("JSONParserErr", "the line is not a JSON object");
        return;
    }
    for (label, path) in paths {
        let value =
            json::find(line, path).map(|value| value.into_text().into_owned()).unwrap_or_default();
        labels.add(Cow::Owned(label.clone()), Cow::Owned(value), Source::Parsed);
    }
}

fn logfmt_keys(line: &str, strict: bool, keys: &[(String, String)], labels: &mut LineLabels<'_>) {
    let mut values: Vec<Option<String>> = vec![None; keys.len()];
    let result = logfmt::pairs(line, strict, |key, value| {
        for ((_, wanted), slot) in keys.iter().zip(&mut values) {
            if slot.is_none() && (key == wanted || sanitized(key) == wanted.as_str()) {
                *slot = Some(value.as_deref().unwrap_or_default().to_owned());
            }
        }
    });
    if let Err(reason) = result {
        labels.set_error("LogfmtParserErr", reason);
        return;
    }
    for ((label, _), value) in keys.iter().zip(values) {
        labels.add(
            Cow::Owned(label.clone()),
            Cow::Owned(value.unwrap_or_default()),
            Source::Parsed,
        );
    }
}

fn label_format(formats: &[Format], line: &str, timestamp: i64, labels: &mut LineLabels<'_>) {
    for format in formats {
        match format {
            Format::Rename { to, from } => {
                if let Some(label) = labels.take(from) {
                    labels.set(to, label.value);
                }
            }
            Format::Template { to, template } => match template.run(line, timestamp, labels) {
                Ok(text) => labels.set(to, Cow::Owned(text)),
                Err(reason) => labels.set_error("TemplateFormatErr", reason),
            },
        }
    }
}

/// Reads the number of a line from a label.
pub(super) struct Unwrapper {
    conversion: Conversion,
    label: String,
    filters: Vec<LabelFilter>,
}

impl Unwrapper {
    pub(super) fn new(unwrap: &Unwrap) -> Result<Self, QueryError> {
        Ok(Self {
            conversion: unwrap.conversion,
            label: unwrap.label.clone(),
            filters: unwrap.filters.iter().map(LabelFilter::new).collect::<Result<_, _>>()?,
        })
    }

    /// The labels that it reads.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = vec![self.label.clone()];
        self.filters.iter().for_each(|filter| filter.names(&mut names));
        names
    }

    /// The number; `None` when the line has no such label or a filter drops it. The label itself is
    /// removed, so that lines with different numbers belong to one series.
    pub(super) fn run(&self, labels: &mut LineLabels<'_>) -> Option<f64> {
        let text = labels.get(&self.label).filter(|text| !text.is_empty())?;
        let number = match self.conversion {
            Conversion::None => filter::number(text),
            Conversion::Bytes => logql::parse_bytes(text).map(|bytes| bytes as f64),
            Conversion::Duration => filter::duration(text).map(|ns| ns as f64 / 1e9),
        };
        let number = number.unwrap_or_else(|reason| {
            labels.set_error("SampleExtractionErr", reason);
            0.0
        });
        if !self.filters.iter().all(|filter| filter.keeps(labels)) {
            return None;
        }
        labels.take(&self.label);
        Some(number)
    }
}
