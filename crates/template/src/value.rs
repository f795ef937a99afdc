//! Values of templates, and the Go types that they have in error messages and formats.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::call::Method;
use crate::go::time::{self, Time};
use crate::limits::VALUE_DEPTH_MAX;
use crate::text::{Overflow, Text};

/// A value. Copies are cheap: they share content.
#[derive(Debug, Clone)]
pub enum Value {
    /// No value, such as an absent entry of a map.
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// An integer type with names: a duration, month or weekday.
    Named(Named, i64),
    /// `float64`
    Float(f64),
    /// `string`
    String(Arc<str>),
    /// Text that is known to be safe in some context of HTML.
    Safe(Safe, Arc<str>),
    /// `time.Time`
    Time(Time),
    /// A slice.
    List(List),
    /// A map from strings.
    Map(Map),
    /// A struct, or a pointer to one.
    Struct(Struct),
}

/// Integer types with names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// `time.Duration`, in nanoseconds
    Duration,
    /// `time.Month`: January is 1
    Month,
    /// `time.Weekday`: Sunday is 0
    Weekday,
}

/// Contexts in which a text is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safe {
    /// `template.HTML`: a fragment of a document
    Html,
    /// `template.URL`: a URL or a part of one
    Url,
}

/// Writes the text of a value.
pub type Print = fn(&Value, &mut Text) -> Result<(), Overflow>;

/// A type of lists, maps or structs.
#[derive(Debug)]
pub struct Type {
    /// Its name in Go, for example `template.KV`.
    pub name: &'static str,
    /// The fields of a struct, in order.
    pub fields: &'static [Field],
    /// Its methods, apart from `String`.
    pub methods: &'static [Method],
    /// The method `String`, which also determines how values are printed.
    pub print: Option<Print>,
    /// Whether absent entries of a map are empty strings; otherwise they are no value.
    pub holds_strings: bool,
}

/// A field of a struct.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its key in JSON.
    pub json: &'static str,
}

impl Type {
    /// A type without fields, methods or a print of its own, whose elements have any type.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, fields: &[], methods: &[], print: None, holds_strings: false }
    }
}

/// `[]interface {}`
pub static ANY_LIST: Type = Type::new("[]interface {}");
/// `[]string`
pub static STRING_LIST: Type = Type { holds_strings: true, ..Type::new("[]string") };
/// `map[string]interface {}`
pub static ANY_MAP: Type = Type::new("map[string]interface {}");
/// `map[string]string`
pub static STRING_MAP: Type = Type { holds_strings: true, ..Type::new("map[string]string") };

/// A list with its type.
#[derive(Debug, Clone)]
pub struct List {
    kind: &'static Type,
    items: Arc<[Value]>,
    depth: usize,
}

/// A map with its type.
#[derive(Debug, Clone)]
pub struct Map {
    kind: &'static Type,
    entries: Arc<BTreeMap<String, Value>>,
    depth: usize,
}

/// A struct with its type.
#[derive(Debug, Clone)]
pub struct Struct {
    kind: &'static Type,
    fields: Arc<[Value]>,
    depth: usize,
}

/// A value would be nested too deeply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("values are nested more than {VALUE_DEPTH_MAX} deep")]
pub struct TooDeep;

impl From<TooDeep> for String {
    fn from(error: TooDeep) -> Self {
        error.to_string()
    }
}

impl List {
    /// The items.
    pub fn items(&self) -> &[Value] {
        &self.items
    }
}

impl Map {
    /// The entries, in order of keys.
    pub fn entries(&self) -> &BTreeMap<String, Value> {
        &self.entries
    }

    /// Whether the type allows strings only.
    pub(crate) fn holds_strings(&self) -> bool {
        self.kind.holds_strings
    }

    /// The entry with this key, or what Go's type has for an absent one.
    pub(crate) fn get(&self, key: &str) -> Value {
        match self.entries.get(key) {
            Some(value) => value.clone(),
            None if self.kind.holds_strings => Value::from(""),
            None => Value::Nil,
        }
    }
}

impl Struct {
    /// The fields with their values, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.kind.fields.iter().zip(self.fields.iter())
    }

    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields().find(|(field, _)| field.name == name).map(|(_, value)| value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl Value {
    /// A list of a type.
    ///
    /// # Errors
    /// If it would be nested too deeply.
    pub fn list(kind: &'static Type, items: Vec<Self>) -> Result<Self, TooDeep> {
        let depth = nested(items.iter())?;
        Ok(Self::List(List { kind, items: items.into(), depth }))
    }

    /// A map of a type.
    ///
    /// # Errors
    /// If it would be nested too deeply.
    pub fn map(kind: &'static Type, entries: BTreeMap<String, Self>) -> Result<Self, TooDeep> {
        let depth = nested(entries.values())?;
        Ok(Self::Map(Map { kind, entries: entries.into(), depth }))
    }

    /// A struct of a type, with values in the order of its fields.
    ///
    /// # Errors
    /// If it would be nested too deeply.
    pub fn structure(kind: &'static Type, fields: Vec<Self>) -> Result<Self, TooDeep> {
        let depth = nested(fields.iter())?;
        Ok(Self::Struct(Struct { kind, fields: fields.into(), depth }))
    }

    /// A list of strings of a type.
    pub fn strings(kind: &'static Type, items: impl IntoIterator<Item = String>) -> Self {
        let items = items.into_iter().map(Self::from).collect();
        Self::List(List { kind, items, depth: 1 })
    }

    /// A map of strings of a type.
    pub fn string_map(kind: &'static Type, entries: &BTreeMap<String, String>) -> Self {
        let text = |(key, value): (&String, &String)| (key.clone(), Self::from(value.as_str()));
        let entries: BTreeMap<String, Self> = entries.iter().map(text).collect();
        Self::Map(Map { kind, entries: entries.into(), depth: 1 })
    }

    /// The type, of values that have fields, methods or a name of their own.
    pub(crate) fn kind(&self) -> Option<&'static Type> {
        match self {
            Self::List(List { kind, .. })
            | Self::Map(Map { kind, .. })
            | Self::Struct(Struct { kind, .. }) => Some(kind),
            Self::Time(_) => Some(&time::TIME),
            Self::Named(Named::Duration, _) => Some(&time::DURATION),
            Self::Named(Named::Month, _) => Some(&time::MONTH),
            Self::Named(Named::Weekday, _) => Some(&time::WEEKDAY),
            _ => None,
        }
    }

    /// The name of the type in Go.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::String(_) => "string",
            Self::Safe(Safe::Html, _) => "template.HTML",
            Self::Safe(Safe::Url, _) => "template.URL",
            _ => self.kind().map_or("", |kind| kind.name),
        }
    }

    /// Whether `if` takes the value for true: it is not zero or empty.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Named(_, value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::String(text) | Self::Safe(_, text) => !text.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => !map.entries.is_empty(),
            Self::Time(_) | Self::Struct(_) => true,
        }
    }

    /// The text of a string of any type.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Safe(_, text) => Some(text),
            _ => None,
        }
    }

    /// The value of an integer of any type.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Int(value) | Self::Named(_, value) => Some(*value),
            _ => None,
        }
    }

    /// An integer of the same type.
    pub(crate) fn with_integer(&self, number: i64) -> Self {
        match self {
            Self::Named(named, _) => Self::Named(*named, number),
            _ => Self::Int(number),
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(list) => list.items(),
            _ => &[],
        }
    }

    /// What the value costs: bytes of a string, items of a list, entries of a map.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::String(text) | Self::Safe(_, text) => text.len(),
            Self::List(list) => list.items.len(),
            Self::Map(map) => map.entries.len(),
            Self::Struct(value) => value.fields.len(),
            _ => 0,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::List(List { depth, .. })
            | Self::Map(Map { depth, .. })
            | Self::Struct(Struct { depth, .. }) => *depth,
            _ => 0,
        }
    }
}

/// The depth of a value with these parts.
fn nested<'a>(parts: impl Iterator<Item = &'a Value>) -> Result<usize, TooDeep> {
    let depth = parts.map(Value::depth).max().unwrap_or_default() + 1;
    if depth > VALUE_DEPTH_MAX { Err(TooDeep) } else { Ok(depth) }
}
