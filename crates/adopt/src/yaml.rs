//! YAML as a tree with positions, and readers of its values by the rules of Prometheus' YAML
//! library.
//!
//! Scalars keep their text as written, because whether `0` is a number depends on the setting.

mod fields;
mod json;
mod parse;
mod scalar;

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Fault, Read, Unsupported};

pub(crate) use fields::Fields;
pub use json::json;
use parse::First;

/// A value with its position.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// The bytes of a scalar in the text.
    pub(crate) range: Range<usize>,
}

#[derive(Debug)]
pub(crate) enum Value {
    Scalar(Scalar),
    Sequence(Vec<Arc<Node>>),
    Mapping(Vec<(Arc<Node>, Arc<Node>)>),
}

#[derive(Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Neither quoted nor a block.
    pub(crate) is_plain: bool,
    /// The tag's name if it is one of YAML's own, such as `binary`.
    pub(crate) tag: Option<String>,
}

impl Node {
    /// The value of an absent file: null.
    pub(crate) fn nothing() -> Self {
        let scalar = Scalar { text: String::new(), is_plain: true, tag: None };
        Self { value: Value::Scalar(scalar), line: 1, column: 1, range: 0..0 }
    }

    pub(crate) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault { line: self.line, column: self.column, reason: reason.into() }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.is_null())
    }

    /// The value as messages of Prometheus' YAML library name it.
    pub(crate) fn described(&self) -> String {
        match &self.value {
            Value::Sequence(_) => "!!seq".to_owned(),
            Value::Mapping(_) => "!!map".to_owned(),
            Value::Scalar(scalar) => format!("{} `{}`", scalar.kind(), scalar.text),
        }
    }

    fn mismatch(&self, kind: &str) -> Fault {
        self.fault(format!("cannot unmarshal {} into {kind}", self.described()))
    }

    fn scalar(&self, kind: &str) -> Read<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Ok(scalar),
            _ => Err(self.mismatch(kind)),
        }
    }

    /// The bytes of a text: any scalar, as it is written.
    pub(crate) fn text_bytes(&self) -> Read<Vec<u8>> {
        let scalar = self.scalar("string")?;
        if scalar.is_null() {
            return Ok(Vec::new());
        }
        scalar.bytes().map_err(|reason| self.fault(reason))
    }

    /// A text: any scalar, as it is written.
    pub(crate) fn text(&self) -> Read<String> {
        String::from_utf8(self.text_bytes()?).map_err(|_| self.fault("text is not valid UTF-8"))
    }

    pub(crate) fn flag(&self) -> Read<bool> {
        self.scalar("bool")?.flag().ok_or_else(|| self.mismatch("bool"))
    }

    pub(crate) fn signed(&self) -> Read<i64> {
        let number = self.scalar("int")?.integer();
        number.and_then(|number| number.try_into().ok()).ok_or_else(|| self.mismatch("int"))
    }

    pub(crate) fn unsigned(&self) -> Read<u64> {
        let number = self.scalar("uint")?.integer();
        number.and_then(|number| number.try_into().ok()).ok_or_else(|| self.mismatch("uint"))
    }

    pub(crate) fn float(&self) -> Read<f64> {
        self.scalar("float64")?.float().ok_or_else(|| self.mismatch("float64"))
    }

    /// The length of all texts of the value, in bytes.
    pub(crate) fn size(&self) -> usize {
        match &self.value {
            Value::Scalar(scalar) => scalar.text.len(),
            Value::Sequence(elements) => elements.iter().map(|element| element.size()).sum(),
            Value::Mapping(pairs) => {
                pairs.iter().map(|(key, value)| key.size() + value.size()).sum()
            }
        }
    }

    /// The elements of a list; none if it is null.
    pub(crate) fn elements(&self, kind: &str) -> Read<&[Arc<Node>]> {
        match &self.value {
            Value::Sequence(elements) => Ok(elements),
            Value::Scalar(scalar) if scalar.is_null() => Ok(&[]),
            _ => Err(self.mismatch(kind)),
        }
    }

    /// The pairs of a map with text as keys; none if it is null.
    pub(crate) fn pairs(&self, kind: &str) -> Read<Vec<(String, &Self)>> {
        let pairs = self.node_pairs(kind)?;
        pairs.into_iter().map(|(key, value)| Ok((key.text()?, value))).collect()
    }

    /// The pairs of a map with different scalars as keys; none if it is null.
    pub(crate) fn node_pairs(&self, kind: &str) -> Read<Vec<(&Self, &Self)>> {
        let pairs = match &self.value {
            Value::Mapping(pairs) => pairs,
            Value::Scalar(scalar) if scalar.is_null() => return Ok(Vec::new()),
            _ => return Err(self.mismatch(kind)),
        };
        let mut known = HashSet::with_capacity(pairs.len());
        let mut read: Vec<(&Self, &Self)> = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let name = key.text_bytes()?;
            if known.contains(&name) {
                let name = name.escape_ascii();
                return Err(key.fault(format!("key \"{name}\" already set in map")));
            }
            known.insert(name);
            read.push((key, value));
        }
        Ok(read)
    }
}

/// Memory that a file may take beyond its own text, in bytes.
const RESERVED_MAX: usize = 64 << 20;

/// A file that is being read, and what was found on the way.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) file: PathBuf,
    pub(crate) text: String,
    /// `None` if the file is empty.
    pub(crate) root: Option<Arc<Node>>,
    /// The line of a second document, which is not read.
    pub(crate) next_line: Option<u32>,
    /// Where lines start in the text, from the first.
    line_starts: Vec<usize>,
    found: RefCell<Found>,
}

#[derive(Debug, Default)]
struct Found {
    unsupported: Vec<Unsupported>,
    /// The job of the section that is being read.
    job: Option<String>,
    reserved: usize,
}

impl Document {
    pub(crate) fn parse(file: &Path, bytes: Vec<u8>) -> Result<Self, Error> {
        let text = String::from_utf8(bytes).map_err(|_| {
            let reason = "yaml: invalid leading UTF-8 octet".to_owned();
            Fault { line: 1, column: 1, reason }.of(file)
        })?;
        let First { root, next_line } = parse::parse(&text).map_err(|fault| fault.of(file))?;
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = [0].into_iter().chain(ends.map(|(at, _)| at + 1)).collect();
        let (file, found) = (file.to_owned(), RefCell::default());
        Ok(Self { file, text, root, next_line, line_starts, found })
    }

    /// A path of the file, relative to the file's folder.
    pub(crate) fn path(&self, text: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(text)
    }

    /// The text of a line, from 1; empty if there is none.
    pub(crate) fn line(&self, line: usize) -> &str {
        let Some(start) = self.line_starts.get(line.wrapping_sub(1)) else { return "" };
        let after = self.text.get(*start..).unwrap_or_default();
        after.split('\n').next().unwrap_or_default()
    }

    /// Takes memory for what the file multiplies: inherited settings and compiled patterns.
    pub(crate) fn reserve(&self, bytes: usize, at: &Node) -> Read<()> {
        let reserved = &mut self.found.borrow_mut().reserved;
        *reserved = reserved.saturating_add(bytes);
        if *reserved > RESERVED_MAX {
            let reason = "inherited settings and patterns take more than 64 MiB";
            return Err(at.fault(reason));
        }
        Ok(())
    }

    /// Sections that are read from now on belong to this job.
    pub(crate) fn set_job(&self, job: Option<&str>) {
        self.found.borrow_mut().job = job.map(str::to_owned);
    }

    pub(crate) fn note_unsupported(&self, key: &str, at: &Node) {
        let mut found = self.found.borrow_mut();
        let (file, job) = (self.file.clone(), found.job.clone());
        found.unsupported.push(Unsupported { file, line: at.line, key: key.to_owned(), job });
    }

    pub(crate) fn unsupported(&self) -> Vec<Unsupported> {
        self.found.borrow().unsupported.clone()
    }
}
