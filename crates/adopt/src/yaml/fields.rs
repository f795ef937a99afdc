//! Reading a map key by key, so that what nobody asked for is an error.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use signals::Secret;

use super::{Document, Node, Value};
use crate::error::{Fault, Read};
use crate::units;

/// Maximum number of keys of a map whose keys are known; no system knows as many.
const KEYS_MAX: usize = 1000;

/// The keys of a map that were not read yet.
pub(crate) struct Fields<'a> {
    pub(crate) document: &'a Document,
    pub(crate) node: &'a Node,
    /// What the map is, in messages of Prometheus' YAML library.
    kind: &'static str,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    key: &'a Node,
    name: String,
    value: &'a Node,
    is_read: bool,
}

impl<'a> Fields<'a> {
    /// Reads a map; null has no keys.
    pub(crate) fn new(document: &'a Document, node: &'a Node, kind: &'static str) -> Read<Self> {
        let mut fields = Self { document, node, kind, entries: Vec::new() };
        fields.add(node, 0)?;
        Ok(fields)
    }

    /// Adds the keys of a map, and of those merged into it by `<<`. A later key replaces one that
    /// was merged before, and a merged one replaces one written before.
    fn add(&mut self, node: &'a Node, depth: usize) -> Read<()> {
        let pairs = match &node.value {
            Value::Mapping(pairs) => pairs,
            _ if node.is_null() => return Ok(()),
            _ => return Err(node.mismatch(self.kind)),
        };
        let mut written: Vec<&str> = Vec::new();
        for (key, value) in pairs {
            let scalar = key.scalar("string")?;
            if scalar.is_plain && scalar.text == "<<" {
                self.merge(value, depth)?;
                continue;
            }
            if written.contains(&scalar.text.as_str()) {
                let (name, kind) = (&scalar.text, self.kind);
                return Err(key.fault(format!("field {name} already set in type {kind}")));
            }
            if written.len() >= KEYS_MAX {
                return Err(key.fault(format!("more than {KEYS_MAX} keys")));
            }
            written.push(&scalar.text);
            let name = scalar.text.clone();
            self.entries.retain(|entry| entry.name != name);
            self.entries.push(Entry { key, name, value, is_read: false });
        }
        Ok(())
    }

    fn merge(&mut self, value: &'a Arc<Node>, depth: usize) -> Read<()> {
        let invalid = || value.fault("map merge requires map or sequence of maps as the value");
        if depth > 8 {
            return Err(value.fault("map merges are nested too deeply"));
        }
        match &value.value {
            Value::Mapping(_) => self.add(value, depth + 1),
            Value::Sequence(maps) => {
                // The first of several maps takes precedence.
                for map in maps.iter().rev() {
                    if !matches!(map.value, Value::Mapping(_)) {
                        return Err(invalid());
                    }
                    self.add(map, depth + 1)?;
                }
                Ok(())
            }
            Value::Scalar(_) => Err(invalid()),
        }
    }

    /// A value, even if it is null.
    pub(crate) fn take_written(&mut self, name: &str) -> Option<&'a Node> {
        let entry = self.entries.iter_mut().find(|entry| entry.name == name)?;
        entry.is_read = true;
        Some(entry.value)
    }

    /// A value that is not null.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a Node> {
        self.take_written(name).filter(|value| !value.is_null())
    }

    /// The position of a key, or of the map without it.
    pub(crate) fn at(&self, name: &str) -> &'a Node {
        self.entries.iter().find(|entry| entry.name == name).map_or(self.node, |entry| entry.key)
    }

    /// A fault at a key, or at the map without it.
    pub(crate) fn fault(&self, name: &str, reason: impl Into<String>) -> Fault {
        self.at(name).fault(reason)
    }

    /// A text; empty if it is null, so that null replaces a default.
    pub(crate) fn text(&mut self, name: &str) -> Read<Option<String>> {
        self.take_written(name).map(Node::text).transpose()
    }

    /// A text; empty if it is absent.
    pub(crate) fn text_or_empty(&mut self, name: &str) -> Read<String> {
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// A flag; null replaces the default by `false`.
    pub(crate) fn flag(&mut self, name: &str, default: bool) -> Read<bool> {
        match self.take_written(name) {
            None => Ok(default),
            Some(node) if node.is_null() => Ok(false),
            Some(node) => node.flag(),
        }
    }

    /// A flag; null is as good as absent.
    pub(crate) fn optional_flag(&mut self, name: &str) -> Read<Option<bool>> {
        self.take(name).map(Node::flag).transpose()
    }

    pub(crate) fn unsigned(&mut self, name: &str) -> Read<u64> {
        Ok(self.take(name).map(Node::unsigned).transpose()?.unwrap_or_default())
    }

    pub(crate) fn signed(&mut self, name: &str) -> Read<Option<i64>> {
        self.take(name).map(Node::signed).transpose()
    }

    pub(crate) fn float(&mut self, name: &str) -> Read<Option<f64>> {
        self.take(name).map(Node::float).transpose()
    }

    pub(crate) fn duration(&mut self, name: &str) -> Read<Option<Duration>> {
        let Some(node) = self.take(name) else {
            return Ok(None);
        };
        units::duration(&node.text()?).map(Some).map_err(|reason| node.fault(reason))
    }

    /// A duration, or the default if it is absent or 0.
    pub(crate) fn interval(&mut self, name: &str, default: Duration) -> Read<Duration> {
        Ok(self.duration(name)?.filter(|duration| !duration.is_zero()).unwrap_or(default))
    }

    /// A number of bytes; 0 if it is absent.
    pub(crate) fn bytes(&mut self, name: &str) -> Read<i64> {
        let Some(node) = self.take(name) else {
            return Ok(0);
        };
        units::bytes(&node.text()?).map_err(|reason| node.fault(reason))
    }

    /// A path, relative to the file's folder; `None` if it is absent or empty.
    pub(crate) fn path(&mut self, name: &str) -> Read<Option<PathBuf>> {
        let text = self.text_or_empty(name)?;
        Ok((!text.is_empty()).then(|| self.document.path(&text)))
    }

    /// A secret; `None` if it is absent or empty.
    pub(crate) fn secret(&mut self, name: &str) -> Read<Option<Secret<String>>> {
        let Some(node) = self.take(name) else {
            return Ok(None);
        };
        let text = node.text()?;
        Ok((!text.is_empty()).then(|| Secret::new(text)))
    }

    pub(crate) fn elements(&mut self, name: &str) -> Read<&'a [Arc<Node>]> {
        self.take(name).map_or(Ok(&[]), |node| node.elements("list"))
    }

    pub(crate) fn texts(&mut self, name: &str) -> Read<Vec<String>> {
        self.elements(name)?.iter().map(|element| element.text()).collect()
    }

    /// The pairs of a map of texts.
    pub(crate) fn text_map(&mut self, name: &str) -> Read<Vec<(String, String)>> {
        let Some(node) = self.take(name) else {
            return Ok(Vec::new());
        };
        let pairs = node.pairs("map[string]string")?;
        pairs.into_iter().map(|(key, value)| Ok((key, value.text()?))).collect()
    }

    /// A map within the map.
    pub(crate) fn section(&mut self, name: &str, kind: &'static str) -> Read<Option<Fields<'a>>> {
        let document = self.document;
        self.take(name).map(|node| Fields::new(document, node, kind)).transpose()
    }

    /// Fails if a key was not read: nobody knows it.
    pub(crate) fn finish(&self) -> Read<()> {
        match self.entries.iter().find(|entry| !entry.is_read) {
            None => Ok(()),
            Some(Entry { key, name, .. }) => {
                Err(key.fault(format!("field {name} not found in type {}", self.kind)))
            }
        }
    }
}
