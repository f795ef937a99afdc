//! Executes templates.

mod evaluate;
mod fields;
mod invoke;
mod walk;

use std::fmt;

use crate::call::Functions;
use crate::go::quote::quote;
use crate::html::Context;
use crate::limits::Budget;
use crate::parse::tree::{Action, Command, Operand, Pipe, Template, Tree};
use crate::set::{Mode, Set};
use crate::value::Value;

/// An execution: a template that is executed, its variables and its output.
pub(crate) struct Execution<'e> {
    pub(crate) set: &'e Set,
    functions: &'e Functions<'e>,
    pub(crate) budget: Budget<'e>,
    /// The template that is executed, and its name.
    current: Option<(&'e str, &'e Tree)>,
    /// The node that is evaluated, for messages.
    place: Option<Place<'e>>,
    variables: Vec<(&'e str, Value)>,
    out: String,
    context: Context,
}

/// A node that errors may name.
#[derive(Clone, Copy)]
enum Place<'e> {
    Action(&'e Action),
    Template(&'e Template),
    Pipe(&'e Pipe),
    Command(&'e Command),
    Operand(&'e Operand),
}

impl Place<'_> {
    fn at(self) -> usize {
        match self {
            Self::Action(action) => action.pipe.at,
            Self::Template(template) => template.at,
            Self::Pipe(pipe) => pipe.at,
            Self::Command(command) => command.at,
            Self::Operand(operand) => operand.at,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(action) => action.fmt(f),
            Self::Template(template) => template.fmt(f),
            Self::Pipe(pipe) => pipe.fmt(f),
            Self::Command(command) => command.fmt(f),
            Self::Operand(operand) => operand.fmt(f),
        }
    }
}

impl<'e> Execution<'e> {
    pub(crate) fn new(set: &'e Set, functions: &'e Functions<'e>, budget: Budget<'e>) -> Self {
        Self {
            set,
            functions,
            budget,
            current: None,
            place: None,
            variables: Vec::new(),
            out: String::new(),
            context: Context::default(),
        }
    }

    /// The output of a template.
    pub(crate) fn template(&mut self, name: &str, data: &Value) -> Result<String, String> {
        let Some(found) = self.set.find(name) else {
            let name = quote(name);
            return Err(format!("template: no template {name} associated with template \"\""));
        };
        self.current = Some(found);
        self.variables = vec![("$", data.clone())];
        self.list(data, &found.1.root)?;
        if self.set.mode == Mode::Html && !self.context.is_text() {
            return Err(self.html_error("ends in a non-text context"));
        }
        Ok(std::mem::take(&mut self.out))
    }

    /// The output of a template that a function requests.
    pub(crate) fn nested(&mut self, name: &str, data: &Value) -> Result<String, String> {
        self.within(self.set, name, data)
    }

    /// The output of a text that a function requests.
    pub(crate) fn expand(&mut self, text: &str, data: &Value) -> Result<String, String> {
        let mut set = self.set.clone();
        let limits = self.budget.limits();
        set.parse("", text, self.functions, &limits).map_err(|error| error.to_string())?;
        self.within(&set, "", data)
    }

    fn within(&mut self, set: &Set, name: &str, data: &Value) -> Result<String, String> {
        self.budget.enter()?;
        let mut nested = Execution::new(set, self.functions, self.budget);
        let output = nested.template(name, data);
        let left = nested.budget.left();
        self.budget.set_left(left);
        self.budget.leave();
        output
    }

    /// A message about the document that a template writes.
    fn html_error(&self, message: &str) -> String {
        format!("html/template:{}: {message}", self.current.map_or("", |(name, _)| name))
    }

    /// A message with the position and node that is evaluated.
    fn error(&self, message: impl fmt::Display) -> String {
        let (name, tree) = match self.current {
            Some((name, tree)) => (name, Some(tree)),
            None => ("", None),
        };
        match (tree, self.place) {
            (Some(tree), Some(place)) => {
                let position = tree.position(place.at());
                format!("template: {position}: executing {} at <{place}>: {message}", quote(name))
            }
            _ => format!("template: {name}: {message}"),
        }
    }
}
