//! Sets of templates that call each other, as text or as HTML.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::call::Functions;
use crate::error::Error;
use crate::execute::Execution;
use crate::limits::{Budget, Limits, Run};
use crate::parse::{self, tree::Tree};
use crate::value::Value;

/// What the output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Text; values are printed as they are.
    Text,
    /// A document; values are escaped for the place where they are printed.
    Html,
}

/// What the absent entry of a map is: Go's option `missingkey`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, printed as `<no value>`.
    NoValue,
    /// The zero of the type: an empty string in maps of strings.
    Zero,
    /// An error.
    Error,
}

/// Parsed templates by name.
#[derive(Debug, Clone)]
pub struct Set {
    pub(crate) mode: Mode,
    pub(crate) missing_key: MissingKey,
    trees: BTreeMap<String, Arc<Tree>>,
}

impl Set {
    /// An empty set.
    #[must_use]
    pub fn new(mode: Mode, missing_key: MissingKey) -> Self {
        Self { mode, missing_key, trees: BTreeMap::new() }
    }

    /// Parses a text and adds it under its name, with the templates that it defines. They replace
    /// existing ones, except if they are empty.
    ///
    /// # Errors
    /// [`Error::Parse`] with Go's message; the set is unchanged then.
    pub fn parse(
        &mut self,
        name: &str,
        text: &str,
        functions: &Functions<'_>,
        limits: &Limits,
    ) -> Result<(), Error> {
        if text.len() > limits.text_bytes {
            let limit = limits.text_bytes;
            return Err(Error::Parse(format!("template: {name}:1: more than {limit} bytes")));
        }
        for (name, tree) in parse::parse(name, text, functions).map_err(Error::Parse)? {
            if !tree.is_empty() || !self.trees.contains_key(&name) {
                self.trees.insert(name, Arc::new(tree));
            }
        }
        Ok(())
    }

    /// The names of the templates.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.trees.keys().map(String::as_str)
    }

    /// The output of a template.
    ///
    /// # Errors
    /// [`Error::Execute`] with Go's message, or the limit that is exceeded.
    pub fn execute(
        &self,
        name: &str,
        data: &Value,
        functions: &Functions<'_>,
        run: Run<'_>,
    ) -> Result<String, Error> {
        let mut execution = Execution::new(self, functions, Budget::new(run));
        execution.template(name, data).map_err(Error::Execute)
    }

    /// The template with this name, and the name.
    pub(crate) fn find(&self, name: &str) -> Option<(&str, &Tree)> {
        self.trees.get_key_value(name).map(|(name, tree)| (name.as_str(), &**tree))
    }
}
