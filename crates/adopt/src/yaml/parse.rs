//! Builds the tree from the parser's events.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{Node, Scalar, Value};
use crate::error::{Fault, Read};

/// Maximum nesting of lists and maps.
const DEPTH_MAX: usize = 64;
/// Maximum number of values, each alias counted with all that it stands for, and long texts as
/// several.
const NODES_MAX: usize = 1_000_000;
/// Length of a text that counts as one value, in bytes.
const VALUE_BYTES: usize = 256;

/// The first document of a text.
pub(super) struct First {
    /// `None` if it is empty.
    pub(super) root: Option<Arc<Node>>,
    /// Where the next document starts, from 1.
    pub(super) next_line: Option<u32>,
}

/// Parses the first document of the text.
pub(super) fn parse(text: &str) -> Read<First> {
    let mut builder = Builder::default();
    let mut is_over = false;
    for event in Parser::new_from_str(text) {
        // Nobody reads what follows the first document.
        if is_over && event.is_err() {
            break;
        }
        let (event, span) = event.map_err(|error| Fault {
            line: error.marker().line() as u32,
            column: error.marker().col() as u32 + 1,
            reason: format!("yaml: {}", error.kind()),
        })?;
        match event {
            Event::DocumentStart(..) if is_over => {
                return Ok(builder.first(Some(span.start.line() as u32)));
            }
            Event::DocumentEnd => is_over = true,
            event => builder.add(event, &span)?,
        }
    }
    Ok(builder.first(None))
}

/// Whether nothing follows the first document that is no YAML.
pub(super) fn is_whole(text: &str) -> bool {
    Parser::new_from_str(text).all(|event| event.is_ok())
}

/// The name of one of YAML's own tags, such as `binary`.
fn own_tag(tag: &Tag) -> Option<String> {
    tag.suffix_in_namespace("tag:yaml.org,2002:").map(Cow::into_owned)
}

/// A value and the number of values in it.
type Counted = (Arc<Node>, usize);

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Counted>,
    root: Option<Counted>,
    count: usize,
}

/// A list or map that is not complete yet.
struct Open {
    anchor: usize,
    is_mapping: bool,
    line: u32,
    column: u32,
    children: Vec<Arc<Node>>,
    count: usize,
}

impl Builder {
    fn first(self, next_line: Option<u32>) -> First {
        First { root: self.root.map(|(node, _)| node), next_line }
    }

    fn add(&mut self, event: Event<'_>, span: &Span) -> Read<()> {
        let (line, column) = (span.start.line() as u32, span.start.col() as u32 + 1);
        let open = |anchor, is_mapping| Open {
            anchor,
            is_mapping,
            line,
            column,
            children: Vec::new(),
            count: 1,
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = Scalar {
                    text: text.into_owned(),
                    is_plain: style == ScalarStyle::Plain,
                    tag: tag.as_deref().and_then(own_tag),
                };
                let count = 1 + scalar.text.len() / VALUE_BYTES;
                let range = span.byte_range().unwrap_or_default();
                let node = Node { value: Value::Scalar(scalar), line, column, range };
                self.close((Arc::new(node), count), anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.open(open(anchor, false)),
            Event::MappingStart(_, anchor, _) => self.open(open(anchor, true)),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Ok(());
                };
                let (anchor, count) = (open.anchor, open.count);
                self.close((Arc::new(open.into_node()), count), anchor)
            }
            Event::Alias(anchor) => {
                let fault = |reason: &str| Fault { line, column, reason: reason.to_owned() };
                let target = self.anchors.get(&anchor).cloned();
                let target = target.ok_or_else(|| fault("yaml: anchor contains itself"))?;
                self.count += target.1;
                if self.count > NODES_MAX {
                    return Err(fault("yaml: document contains excessive aliasing"));
                }
                self.close(target, 0)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: Open) -> Read<()> {
        if self.open.len() >= DEPTH_MAX {
            let reason = format!("yaml: more than {DEPTH_MAX} levels");
            return Err(Fault { line: open.line, column: open.column, reason });
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, node: Counted, anchor: usize) -> Read<()> {
        self.count += if matches!(node.0.value, Value::Scalar(_)) { node.1 } else { 1 };
        if self.count > NODES_MAX {
            return Err(node.0.fault(format!("yaml: more than {NODES_MAX} values")));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            Some(open) => {
                open.count += node.1;
                open.children.push(node.0);
            }
            None => self.root = Some(node),
        }
        Ok(())
    }
}

impl Open {
    fn into_node(self) -> Node {
        let value = if self.is_mapping {
            let mut children = self.children.into_iter();
            let mut pairs = Vec::new();
            while let (Some(key), Some(value)) = (children.next(), children.next()) {
                pairs.push((key, value));
            }
            Value::Mapping(pairs)
        } else {
            Value::Sequence(self.children)
        };
        Node { value, line: self.line, column: self.column, range: 0..0 }
    }
}
