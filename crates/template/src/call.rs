//! Functions and methods: their tables, the types of their parameters, and what they may use of the
//! execution that calls them.

use std::collections::BTreeMap;
use std::fmt;

use crate::builtins;
use crate::execute::Execution;
use crate::text::Text;
use crate::value::Value;

/// Result of a function: an error is a message without position.
pub type Returned = Result<Value, String>;

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any type.
    Any,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `float64`
    Float,
    /// `string`
    String,
    /// One of these types; the first is named in errors.
    Of(&'static [&'static str]),
}

impl Kind {
    /// The name in Go.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float64",
            Self::String => "string",
            Self::Of(names) => names.first().copied().unwrap_or_default(),
        }
    }

    /// Whether a parameter takes a value. Slices, maps and pointers may be nil.
    pub(crate) fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Float, Value::Float(_))
            | (Self::String, Value::String(_)) => true,
            (Self::Of(_), Value::Nil) => self.can_be_nil(),
            (Self::Of(names), value) => names.contains(&value.type_name()),
            _ => false,
        }
    }

    /// Whether `nil` is a value of the type.
    pub(crate) fn can_be_nil(self) -> bool {
        match self {
            Self::Any => true,
            Self::Of(_) => !self.name().starts_with("time."),
            _ => false,
        }
    }
}

/// Parameters of a function or method.
#[derive(Debug, Clone, Copy)]
pub struct Parameters {
    /// The parameters that must be given.
    pub fixed: &'static [Kind],
    /// The type of any number of further arguments.
    pub rest: Option<Kind>,
}

impl Parameters {
    /// No parameters.
    pub const NONE: Self = Self::fixed(&[]);

    /// A fixed number of parameters.
    #[must_use]
    pub const fn fixed(fixed: &'static [Kind]) -> Self {
        Self { fixed, rest: None }
    }

    /// At least these parameters.
    #[must_use]
    pub const fn at_least(fixed: &'static [Kind], rest: Kind) -> Self {
        Self { fixed, rest: Some(rest) }
    }

    /// The type of the argument at an index.
    pub(crate) fn kind(self, index: usize) -> Kind {
        self.fixed.get(index).copied().or(self.rest).unwrap_or(Kind::Any)
    }
}

/// A function of a table.
#[derive(Debug)]
pub struct Function {
    /// Its name in templates.
    pub name: &'static str,
    /// Its parameters; the arguments of a call match them.
    pub parameters: Parameters,
    /// Its body.
    pub body: fn(&mut Call<'_, '_>, &[Value]) -> Returned,
}

/// A method of a type. Its body receives the receiver, then the arguments.
#[derive(Debug)]
pub struct Method {
    /// Its name in templates.
    pub name: &'static str,
    /// Its parameters; the arguments of a call match them.
    pub parameters: Parameters,
    /// Its body.
    pub body: fn(&mut Call<'_, '_>, &Value, &[Value]) -> Returned,
}

type Body<'f> = Box<dyn Fn(&mut Call<'_, '_>, &[Value]) -> Returned + 'f>;

/// The functions of a template, next to Go's own.
pub struct Functions<'f> {
    tables: &'static [&'static [Function]],
    bound: BTreeMap<&'static str, (Parameters, Body<'f>)>,
}

/// A function that is called.
pub(crate) enum Callee<'f> {
    Function(&'static Function),
    Bound(Parameters, &'f Body<'f>),
}

impl<'f> Functions<'f> {
    /// The functions of tables.
    #[must_use]
    pub fn new(tables: &'static [&'static [Function]]) -> Self {
        Self { tables, bound: BTreeMap::new() }
    }

    /// Adds a function that uses what it captures; it replaces one of the same name.
    #[must_use]
    pub fn with(
        mut self,
        name: &'static str,
        parameters: Parameters,
        body: impl Fn(&mut Call<'_, '_>, &[Value]) -> Returned + 'f,
    ) -> Self {
        self.bound.insert(name, (parameters, Box::new(body)));
        self
    }

    /// Whether templates may call a function of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Callee<'_>> {
        if let Some((parameters, body)) = self.bound.get(name) {
            return Some(Callee::Bound(*parameters, body));
        }
        let mut known = self.tables.iter().copied().flatten().chain(builtins::TABLE);
        known.find(|function| function.name == name).map(Callee::Function)
    }
}

impl Callee<'_> {
    pub(crate) fn parameters(&self) -> Parameters {
        match self {
            Self::Function(function) => function.parameters,
            Self::Bound(parameters, _) => *parameters,
        }
    }

    pub(crate) fn call(&self, call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
        match self {
            Self::Function(function) => (function.body)(call, arguments),
            Self::Bound(_, body) => body(call, arguments),
        }
    }
}

impl fmt::Debug for Functions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.tables.iter().copied().flatten().map(|function| function.name);
        let names = table.chain(self.bound.keys().copied());
        f.debug_list().entries(names).finish()
    }
}

/// What a function may use of the execution that calls it.
pub struct Call<'c, 'e> {
    pub(crate) execution: &'c mut Execution<'e>,
}

impl fmt::Debug for Call<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

impl Call<'_, '_> {
    /// Empty text for a result, limited to what the execution may still write.
    #[must_use]
    pub fn text(&self) -> Text {
        Text::new(self.execution.budget.bytes())
    }

    /// Takes steps for work that takes longer than a step.
    ///
    /// # Errors
    /// If the execution has no steps left or is cancelled.
    pub fn take_steps(&mut self, count: usize) -> Result<(), String> {
        self.execution.budget.step(count)
    }

    /// The output of a template of the same set.
    ///
    /// # Errors
    /// If there is no such template, or it fails.
    pub fn render(&mut self, name: &str, data: &Value) -> Result<String, String> {
        self.execution.nested(name, data)
    }

    /// The output of a text as a template that may use the templates of the same set.
    ///
    /// # Errors
    /// If the text is no template, or it fails.
    pub fn expand(&mut self, text: &str, data: &Value) -> Result<String, String> {
        self.execution.expand(text, data)
    }
}

/// The argument at an index as text; empty if it is absent or no string.
pub(crate) fn text(arguments: &[Value], index: usize) -> &str {
    arguments.get(index).and_then(Value::as_text).unwrap_or_default()
}

/// The argument at an index; no value if it is absent.
pub(crate) fn argument(arguments: &[Value], index: usize) -> &Value {
    arguments.get(index).unwrap_or(&Value::Nil)
}
