//! Templates of Alertmanager: the texts of notifications.
//!
//! Specification: Alertmanager's `docs/notifications.md`, version 0.34.

mod data;
mod functions;
mod json;
mod labels;

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::call::{Call, Functions, Kind, Parameters, Returned, text};
use crate::error::Error;
use crate::go::time::Time;
use crate::limits::{Limits, Run};
use crate::set::{MissingKey, Mode, Set};
use crate::value::{Named, Value};

pub use data::{Alert, Data, Status};

/// The templates that notifications may use, as text and as HTML.
#[derive(Debug, Clone)]
pub struct Templates {
    text: Set,
    html: Set,
}

impl Default for Templates {
    fn default() -> Self {
        let set = |mode| Set::new(mode, MissingKey::Zero);
        Self { text: set(Mode::Text), html: set(Mode::Html) }
    }
}

impl Templates {
    /// Adds the templates of a file with this name. They replace existing ones.
    ///
    /// # Errors
    /// Go's message.
    pub fn parse(&mut self, name: &str, text: &str, limits: &Limits) -> Result<(), Error> {
        let functions = names();
        self.text.parse(name, text, &functions, limits)?;
        self.html.parse(name, text, &functions, limits)
    }

    /// The names of the templates, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.text.names()
    }

    /// Checks a text that notifications expand, without executing it.
    ///
    /// # Errors
    /// Go's message.
    pub fn check(&self, text: &str, limits: &Limits) -> Result<(), Error> {
        self.text.clone().parse("", text, &names(), limits)
    }
}

/// The labels of a route, which are templates until they are rendered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteLabels {
    /// The labels by name.
    pub values: BTreeMap<String, String>,
    /// Whether the values are the output of their templates.
    pub are_rendered: bool,
}

/// Expands the texts of a notification.
#[derive(Debug, Clone, Copy)]
pub struct Expander<'e> {
    /// What the texts may use.
    pub templates: &'e Templates,
    /// The dot: [`Data::to_value`].
    pub data: &'e Value,
    /// What `routeLabels` returns.
    pub route_labels: &'e RouteLabels,
    /// The current time, in nanoseconds since the epoch.
    pub now_ns: i64,
    /// Bounds of each expansion.
    pub run: Run<'e>,
}

impl Expander<'_> {
    /// Expands a text.
    ///
    /// # Errors
    /// Go's message.
    pub fn text(&self, text: &str) -> Result<String, Error> {
        // Most settings of receivers are no templates.
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        self.expand(&self.templates.text, text)
    }

    /// Expands a document, such as the body of an e-mail.
    ///
    /// # Errors
    /// Go's message.
    pub fn html(&self, text: &str) -> Result<String, Error> {
        self.expand(&self.templates.html, text)
    }

    fn expand(&self, set: &Set, text: &str) -> Result<String, Error> {
        let rendering = RefCell::new(Rendering::default());
        let functions = names()
            .with("now", Parameters::NONE, |_, _| Ok(Value::Time(Time::from_nanos(self.now_ns))))
            .with("since", functions::TIME, |_, arguments| {
                let Some(Value::Time(earlier)) = arguments.first() else { return Ok(Value::Nil) };
                let nanos = Time::from_nanos(self.now_ns).since(earlier);
                Ok(Value::Named(Named::Duration, nanos))
            })
            .with("routeLabels", NAME, |call, arguments| {
                self.route_label(call, self::text(arguments, 0), &rendering)
            });
        let mut set = set.clone();
        set.parse("", text, &functions, &self.run.limits)?;
        set.execute("", self.data, &functions, self.run)
    }

    /// The rendered value of a route's label, which may use other labels.
    fn route_label(
        &self,
        call: &mut Call<'_, '_>,
        name: &str,
        rendering: &RefCell<Rendering>,
    ) -> Returned {
        let Some(value) = self.route_labels.values.get(name) else { return Ok("".into()) };
        if self.route_labels.are_rendered {
            return Ok(value.as_str().into());
        }
        if let Some(value) = rendering.borrow_mut().start(name)? {
            return Ok(value);
        }
        let rendered = Value::from(call.expand(value, self.data)?);
        rendering.borrow_mut().finish(name, rendered.clone());
        Ok(rendered)
    }
}

const NAME: Parameters = Parameters::fixed(&[Kind::String]);

/// All functions. Those that need an expansion only have their names.
fn names<'f>() -> Functions<'f> {
    Functions::new(functions::TABLES)
        .with("now", Parameters::NONE, |_, _| Ok(Value::Nil))
        .with("since", functions::TIME, |_, _| Ok(Value::Nil))
        .with("routeLabels", NAME, |_, _| Ok("".into()))
}

/// The labels of a route that are rendered, and those that are being rendered.
#[derive(Default)]
struct Rendering {
    rendered: BTreeMap<String, Value>,
    started: Vec<String>,
}

impl Rendering {
    /// The value of a label, if it is rendered. Otherwise its rendering starts.
    fn start(&mut self, name: &str) -> Result<Option<Value>, String> {
        if let Some(value) = self.rendered.get(name) {
            return Ok(Some(value.clone()));
        }
        let is_started = self.started.iter().any(|started| started == name);
        self.started.push(name.to_owned());
        if is_started {
            return Err(format!("route label cycle detected: {}", self.started.join(" -> ")));
        }
        Ok(None)
    }

    fn finish(&mut self, name: &str, value: Value) {
        self.started.pop();
        self.rendered.insert(name.to_owned(), value);
    }
}
