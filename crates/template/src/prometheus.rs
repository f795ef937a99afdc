//! Templates of Prometheus: labels and annotations of alerts, and consoles.
//!
//! Specification: `docs/configuration/template_reference.md`.

mod functions;
mod host;
mod sample;

use std::collections::BTreeMap;

use crate::call::{Functions, Kind, Parameters, argument, text};
use crate::error::Error;
use crate::limits::{Limits, Run};
use crate::set::{MissingKey, Mode, Set};
use crate::value::{Field, STRING_MAP, Safe, Type, Value};

pub use sample::{Sample, SampleValue};

/// What precedes the text of an alert's label or annotation.
const DEFINITIONS: &str = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}\
    {{$externalURL := .ExternalURL}}{{$value := .Value}}";

/// Steps of a query.
const QUERY_STEPS: usize = 1_000;

/// Evaluates a PromQL query at the time of the expansion.
///
/// # Errors
/// The message of the query engine.
pub type Query<'e> = dyn Fn(&str) -> Result<Vec<Sample>, String> + 'e;

/// What expansions have in common.
pub struct Expander<'e> {
    /// Time of the evaluation, in milliseconds since the epoch.
    pub time_ms: i64,
    /// The URL under which users reach the server.
    pub external_url: &'e str,
    /// Evaluates the queries of templates.
    pub query: &'e Query<'e>,
    /// What absent labels are; [`MissingKey::Zero`] except in tests.
    pub missing_key: MissingKey,
    /// Bounds of each expansion.
    pub run: Run<'e>,
}

impl std::fmt::Debug for Expander<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Expander").field("time_ms", &self.time_ms).finish_non_exhaustive()
    }
}

impl Expander<'_> {
    /// Expands a label or annotation of the alert with this name. `data` is [`alert_data`].
    ///
    /// # Errors
    /// Prometheus' message.
    pub fn expand_alert(&self, alert: &str, text: &str, data: &Value) -> Result<String, Error> {
        self.expand_text(&AlertText::new(alert, text), data)
    }

    /// Expands a text that is parsed already. `data` is [`alert_data`].
    ///
    /// # Errors
    /// Prometheus' message.
    pub fn expand_text(&self, text: &AlertText, data: &Value) -> Result<String, Error> {
        match &text.0 {
            Parsed::Plain(text) => Ok(text.clone()),
            Parsed::Template(name, set) => execute(set, name, data, &self.functions(), self.run),
            Parsed::Invalid(error) => Err(error.clone()),
        }
    }

    /// Expands a text.
    ///
    /// # Errors
    /// Prometheus' message.
    pub fn expand(&self, name: &str, text: &str, data: &Value) -> Result<String, Error> {
        self.expand_with(Mode::Text, &self.functions(), name, text, &[], data)
    }

    /// Expands a document that may use the templates of libraries, which are names with texts.
    ///
    /// # Errors
    /// Prometheus' message.
    pub fn expand_html(
        &self,
        name: &str,
        text: &str,
        libraries: &[(&str, &str)],
        data: &Value,
    ) -> Result<String, Error> {
        const TMPL: Parameters = Parameters::fixed(&[Kind::String, Kind::Any]);
        let functions = self.functions().with("tmpl", TMPL, |call, arguments| {
            let output = call.render(self::text(arguments, 0), argument(arguments, 1))?;
            Ok(Value::Safe(Safe::Html, output.into()))
        });
        self.expand_with(Mode::Html, &functions, name, text, libraries, data)
    }

    fn expand_with(
        &self,
        mode: Mode,
        functions: &Functions<'_>,
        name: &str,
        text: &str,
        libraries: &[(&str, &str)],
        data: &Value,
    ) -> Result<String, Error> {
        let mut set = Set::new(mode, self.missing_key);
        set.parse(name, text, functions, &self.run.limits)
            .map_err(|error| parsing(&format!("template {name}"), &error))?;
        for (library, text) in libraries {
            set.parse(library, text, functions, &self.run.limits)
                .map_err(|error| parsing(&format!("template files for {name}"), &error))?;
        }
        execute(&set, name, data, functions, self.run)
    }

    fn functions(&self) -> Functions<'_> {
        let path = functions::path(self.external_url);
        Functions::new(functions::TABLES)
            .with("now", Parameters::NONE, |_, _| Ok(Value::Float(self.time_ms as f64 / 1000.0)))
            .with("externalURL", Parameters::NONE, |_, _| Ok(self.external_url.into()))
            .with("pathPrefix", Parameters::NONE, move |_, _| Ok(path.as_str().into()))
            .with("query", Parameters::fixed(&[Kind::String]), |call, arguments| {
                call.take_steps(QUERY_STEPS)?;
                Ok(sample::query_result(&(self.query)(text(arguments, 0))?)?)
            })
    }
}

fn parsing(what: &str, error: &Error) -> Error {
    Error::Parse(format!("error parsing {what}: {error}"))
}

fn execute(
    set: &Set,
    name: &str,
    data: &Value,
    functions: &Functions<'_>,
    run: Run<'_>,
) -> Result<String, Error> {
    set.execute(name, data, functions, run)
        .map_err(|error| Error::Execute(format!("error executing template {name}: {error}")))
}

/// The text of an alert's label or annotation, parsed once for many expansions.
#[derive(Debug, Clone)]
pub struct AlertText(Parsed);

#[derive(Debug, Clone)]
enum Parsed {
    /// Most labels and annotations are no templates.
    Plain(String),
    /// The name of the template in its set.
    Template(String, Set),
    Invalid(Error),
}

impl AlertText {
    /// The text, if it is no template and needs no data.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        match &self.0 {
            Parsed::Plain(text) => Some(text),
            Parsed::Template(..) | Parsed::Invalid(_) => None,
        }
    }

    /// Parses a text of the alert with this name. What is wrong with it is the error of each
    /// expansion.
    #[must_use]
    pub fn new(alert: &str, text: &str) -> Self {
        if !text.contains("{{") {
            return Self(Parsed::Plain(text.to_owned()));
        }
        let query: &Query<'_> = &|_| Ok(Vec::new());
        let (missing_key, run) = (MissingKey::Zero, Run::default());
        let expander = Expander { time_ms: 0, external_url: "", query, missing_key, run };
        let mut set = Set::new(Mode::Text, missing_key);
        let (name, text) = (format!("__alert_{alert}"), format!("{DEFINITIONS}{text}"));
        Self(match set.parse(&name, &text, &expander.functions(), &run.limits) {
            Ok(()) => Parsed::Template(name, set),
            Err(error) => Parsed::Invalid(parsing(&format!("template {name}"), &error)),
        })
    }
}

/// Checks the text of an alert's label or annotation without executing it.
///
/// # Errors
/// Go's message.
pub fn check_alert(alert: &str, text: &str) -> Result<(), Error> {
    let run = Run::default();
    let query: &Query<'_> = &|_| Ok(Vec::new());
    let missing_key = MissingKey::Zero;
    let expander = Expander { time_ms: 0, external_url: "", query, missing_key, run };
    let mut set = Set::new(Mode::Text, missing_key);
    let (name, text) = (format!("__alert_{alert}"), format!("{DEFINITIONS}{text}"));
    set.parse(&name, &text, &expander.functions(), &Limits::default())
}

/// `AlertTemplateData`, whose type has no name.
static ALERT_DATA: Type = Type {
    fields: &[
        Field { name: "Labels", json: "Labels" },
        Field { name: "ExternalLabels", json: "ExternalLabels" },
        Field { name: "ExternalURL", json: "ExternalURL" },
        Field { name: "Value", json: "Value" },
    ],
    ..Type::new(
        "struct { Labels map[string]string; ExternalLabels map[string]string; \
         ExternalURL string; Value interface {} }",
    )
};

/// The data of an alert's labels and annotations.
#[must_use]
pub fn alert_data(
    labels: &BTreeMap<String, String>,
    external_labels: &BTreeMap<String, String>,
    external_url: &str,
    value: &SampleValue,
) -> Value {
    let fields = vec![
        Value::string_map(&STRING_MAP, labels),
        Value::string_map(&STRING_MAP, external_labels),
        external_url.into(),
        value.to_value(),
    ];
    Value::structure(&ALERT_DATA, fields).unwrap_or(Value::Nil)
}
