//! Walks the nodes of a template and writes its output.

use super::{Execution, Place};
use crate::go::quote::quote;
use crate::go::verb::Verb;
use crate::html;
use crate::parse::tree::{Action, Branch, Node, Template};
use crate::set::Mode;
use crate::text::Text;
use crate::value::Value;

/// How a list of nodes ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

type Walked = Result<Flow, String>;

impl<'e> Execution<'e> {
    pub(super) fn list(&mut self, dot: &Value, nodes: &'e [Node]) -> Walked {
        for node in nodes {
            self.budget.step(1).map_err(|message| self.error(message))?;
            let flow = match node {
                Node::Text(text) => self.text(text)?,
                Node::Action(action) => self.action(dot, action)?,
                Node::If(branch) => self.condition(dot, branch, false)?,
                Node::With(branch) => self.condition(dot, branch, true)?,
                Node::Range(branch) => self.range(dot, branch)?,
                Node::Template(template) => self.call_template(dot, template)?,
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn write(&mut self, text: &str) -> Result<(), String> {
        self.budget.take_bytes(text.len()).map_err(|overflow| self.error(overflow))?;
        self.out.push_str(text);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Walked {
        match self.set.mode {
            Mode::Text => self.write(text)?,
            Mode::Html => {
                let kept = self.context.text(text).map_err(|message| self.html_error(&message))?;
                self.write(&kept)?;
            }
        }
        Ok(Flow::Next)
    }

    fn action(&mut self, dot: &Value, action: &'e Action) -> Walked {
        self.place = Some(Place::Action(action));
        let value = self.pipe(dot, &action.pipe)?;
        if action.pipe.variables.is_empty() {
            self.place = Some(Place::Action(action));
            self.print(&value)?;
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, value: &Value) -> Result<(), String> {
        let mut out = Text::new(self.budget.bytes());
        let written = match (self.set.mode, value) {
            (Mode::Text, Value::Nil) => out.push("<no value>").map_err(String::from),
            (Mode::Text, value) => Verb::value().part(&mut out, value).map_err(String::from),
            (Mode::Html, value) => html::escape(&mut self.context, value, &mut out),
        };
        written.map_err(|message| self.error(message))?;
        self.write(out.as_str())
    }

    /// `if` and `with`, of which the latter sets the dot.
    fn condition(&mut self, dot: &Value, branch: &'e Branch, is_with: bool) -> Walked {
        let mark = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let flow = if value.is_true() {
            self.inner(if is_with { &value } else { dot }, &branch.list)
        } else {
            self.inner(dot, &branch.otherwise)
        };
        self.variables.truncate(mark);
        flow
    }

    /// A list inside of a node.
    fn inner(&mut self, dot: &Value, nodes: &'e [Node]) -> Walked {
        self.budget.enter().map_err(|message| self.error(message))?;
        let flow = self.list(dot, nodes);
        self.budget.leave();
        flow
    }

    fn range(&mut self, dot: &Value, branch: &'e Branch) -> Walked {
        let outside = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let is_empty = match &value {
            Value::Nil => true,
            Value::List(list) => list.items().is_empty(),
            Value::Map(map) => map.entries().is_empty(),
            Value::Int(count) | Value::Named(_, count) => {
                if branch.pipe.variables.len() > 1 {
                    let message =
                        format!("can't use {count} to iterate over more than one variable");
                    return Err(self.error(message));
                }
                *count <= 0
            }
            other => {
                let mut shown = Text::new(self.budget.bytes());
                Verb::value().part(&mut shown, other).map_err(|overflow| self.error(overflow))?;
                return Err(self.error(format!("range can't iterate over {}", shown.as_str())));
            }
        };
        let flow = if is_empty {
            self.inner(dot, &branch.otherwise)
        } else {
            self.iterate(&value, branch)
        };
        self.variables.truncate(outside);
        flow
    }

    fn iterate(&mut self, value: &Value, branch: &'e Branch) -> Walked {
        let integers;
        let items: &mut dyn Iterator<Item = (Value, Value)> = match value {
            Value::List(list) => &mut list
                .items()
                .iter()
                .enumerate()
                .map(|(at, item)| (Value::Int(at as i64), item.clone())),
            Value::Map(map) => &mut map
                .entries()
                .iter()
                .map(|(key, item)| (Value::from(key.as_str()), item.clone())),
            _ => {
                integers = 0..value.as_integer().unwrap_or_default();
                &mut integers.map(|number| (Value::Nil, value.with_integer(number)))
            }
        };
        let mark = self.variables.len();
        for (key, item) in items {
            self.budget.step(1).map_err(|message| self.error(message))?;
            self.set_range_variables(branch, key, &item)?;
            let flow = self.inner(&item, &branch.list)?;
            self.variables.truncate(mark);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    /// The last variable of a range is the item; the first of two is its index or key.
    fn set_range_variables(
        &mut self,
        branch: &'e Branch,
        key: Value,
        item: &Value,
    ) -> Result<(), String> {
        let names = &branch.pipe.variables;
        let (key_name, item_name) = match names.as_slice() {
            [key, item, ..] => (Some(key), Some(item)),
            [item] => (None, Some(item)),
            [] => (None, None),
        };
        if let Some(name) = key_name {
            self.set_variable(name, key)?;
        }
        if let Some(name) = item_name {
            self.set_variable(name, item.clone())?;
        }
        Ok(())
    }

    fn call_template(&mut self, dot: &Value, template: &'e Template) -> Walked {
        self.place = Some(Place::Template(template));
        let Some(called) = self.set.find(&template.name) else {
            return Err(self.error(format!("template {} not defined", quote(&template.name))));
        };
        let data = match &template.pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Value::Nil,
        };
        let outside = (self.current, std::mem::take(&mut self.variables));
        self.current = Some(called);
        self.variables.push(("$", data.clone()));
        self.inner(&data, &called.1.root)?;
        (self.current, self.variables) = outside;
        Ok(Flow::Next)
    }
}
