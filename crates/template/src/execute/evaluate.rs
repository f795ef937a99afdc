//! Evaluates pipelines, commands and operands.

use super::{Execution, Place};
use crate::call::Kind;
use crate::go::number::Number;
use crate::parse::tree::{Command, Operand, OperandKind, Pipe};
use crate::value::{Named, Value};

pub(super) type Evaluated = Result<Value, String>;

impl<'e> Execution<'e> {
    /// The value of a pipeline; its variables are set.
    pub(super) fn pipe(&mut self, dot: &Value, pipe: &'e Pipe) -> Evaluated {
        self.place = Some(Place::Pipe(pipe));
        let entered = self.budget.enter().and_then(|()| self.budget.step(1));
        entered.map_err(|message| self.error(message))?;
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(dot, command, last)?);
        }
        self.budget.leave();
        let value = last.unwrap_or(Value::Nil);
        for name in &pipe.variables {
            if pipe.is_assignment {
                self.set_variable(name, value.clone())?;
            } else {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    /// Sets the innermost variable with this name.
    pub(super) fn set_variable(&mut self, name: &str, value: Value) -> Result<(), String> {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, variable)) => *variable = value,
            None => return Err(self.error(format!("undefined variable: {name}"))),
        }
        Ok(())
    }

    fn variable(&self, name: &str) -> Evaluated {
        let found = self.variables.iter().rev().find(|(known, _)| *known == name);
        let undefined = || self.error(format!("undefined variable: {name}"));
        found.map(|(_, value)| value.clone()).ok_or_else(undefined)
    }

    /// The value of a command, which receives the value of the one before as last argument.
    fn command(&mut self, dot: &Value, command: &'e Command, last: Option<Value>) -> Evaluated {
        self.budget.step(1).map_err(|message| self.error(message))?;
        let Some((first, arguments)) = command.operands.split_first() else {
            return Ok(Value::Nil);
        };
        match &first.kind {
            OperandKind::Field(names) => {
                self.place = Some(Place::Operand(first));
                self.fields(dot, dot.clone(), Place::Operand(first), names, arguments, last)
            }
            OperandKind::Chain(inner, names) => {
                let receiver = self.chain_receiver(dot, first, inner)?;
                self.fields(dot, receiver, Place::Operand(first), names, arguments, last)
            }
            OperandKind::Function(name) => {
                self.place = Some(Place::Operand(first));
                self.function(dot, name, Place::Command(command), arguments, last)
            }
            OperandKind::Pipe(pipe) => {
                self.takes_no_arguments(first, arguments, last.as_ref())?;
                self.pipe(dot, pipe)
            }
            OperandKind::Variable(names) => {
                self.place = Some(Place::Operand(first));
                let Some((name, fields)) = names.split_first() else { return Ok(Value::Nil) };
                let value = self.variable(name)?;
                if fields.is_empty() {
                    self.takes_no_arguments(first, arguments, last.as_ref())?;
                    return Ok(value);
                }
                self.fields(dot, value, Place::Operand(first), fields, arguments, last)
            }
            OperandKind::Nil => {
                self.place = Some(Place::Operand(first));
                self.takes_no_arguments(first, arguments, last.as_ref())?;
                Err(self.error("nil is not a command"))
            }
            OperandKind::Dot
            | OperandKind::Bool(_)
            | OperandKind::Number(_)
            | OperandKind::String { .. } => {
                self.place = Some(Place::Operand(first));
                self.takes_no_arguments(first, arguments, last.as_ref())?;
                self.argument(dot, Kind::Any, first)
            }
        }
    }

    fn takes_no_arguments(
        &self,
        first: &Operand,
        arguments: &[Operand],
        last: Option<&Value>,
    ) -> Result<(), String> {
        if arguments.is_empty() && last.is_none() {
            return Ok(());
        }
        Err(self.error(format!("can't give argument to non-function {first}")))
    }

    /// The value whose fields a chain names.
    fn chain_receiver(&mut self, dot: &Value, chain: &'e Operand, inner: &'e Operand) -> Evaluated {
        self.place = Some(Place::Operand(chain));
        if matches!(inner.kind, OperandKind::Nil) {
            return Err(self.error(format!("indirection through explicit nil in {chain}")));
        }
        self.argument(dot, Kind::Any, inner)
    }

    /// The value of an argument of a type.
    pub(super) fn argument(&mut self, dot: &Value, kind: Kind, operand: &'e Operand) -> Evaluated {
        let place = Place::Operand(operand);
        self.place = Some(place);
        let value = match &operand.kind {
            OperandKind::Dot => dot.clone(),
            OperandKind::Nil if kind.can_be_nil() => return Ok(Value::Nil),
            OperandKind::Nil => {
                return Err(self.error(format!("cannot assign nil to {}", kind.name())));
            }
            OperandKind::Field(names) => self.fields(dot, dot.clone(), place, names, &[], None)?,
            OperandKind::Variable(names) => {
                let Some((name, fields)) = names.split_first() else { return Ok(Value::Nil) };
                let value = self.variable(name)?;
                if fields.is_empty() {
                    value
                } else {
                    self.fields(dot, value, place, fields, &[], None)?
                }
            }
            OperandKind::Pipe(pipe) => self.pipe(dot, pipe)?,
            OperandKind::Function(name) => self.function(dot, name, place, &[], None)?,
            OperandKind::Chain(inner, names) => {
                let receiver = self.chain_receiver(dot, operand, inner)?;
                self.fields(dot, receiver, place, names, &[], None)?
            }
            OperandKind::Bool(_) | OperandKind::Number(_) | OperandKind::String { .. } => {
                return self.constant(kind, operand);
            }
        };
        self.checked(value, kind)
    }

    /// The value if a parameter of the type takes it.
    pub(super) fn checked(&self, value: Value, kind: Kind) -> Evaluated {
        if kind.takes(&value) {
            return Ok(value);
        }
        let expected = kind.name();
        if matches!(value, Value::Nil) {
            return Err(self.error(format!("invalid value; expected {expected}")));
        }
        let found = value.type_name();
        Err(self.error(format!("wrong type for value; expected {expected}; got {found}")))
    }

    /// A literal as a value of the type that its place requires.
    fn constant(&self, kind: Kind, operand: &Operand) -> Evaluated {
        let expected = |what: &str| Err(self.error(format!("expected {what}; found {operand}")));
        let is_duration = matches!(kind, Kind::Of(["time.Duration"]));
        match (kind, &operand.kind) {
            (Kind::Bool | Kind::Any, OperandKind::Bool(value)) => Ok(Value::Bool(*value)),
            (Kind::String | Kind::Any, OperandKind::String { text, .. }) => {
                Ok(Value::String(text.clone()))
            }
            (Kind::Any, OperandKind::Number(number)) => self.number(number),
            (Kind::Float, OperandKind::Number(number)) => Ok(Value::Float(number.float)),
            (Kind::Int, OperandKind::Number(Number { int: Some(int), .. })) => Ok(Value::Int(*int)),
            (_, OperandKind::Number(Number { int: Some(int), .. })) if is_duration => {
                Ok(Value::Named(Named::Duration, *int))
            }
            (Kind::Bool, _) => expected("bool"),
            (Kind::String, _) => expected("string"),
            (Kind::Float, _) => expected("float"),
            (Kind::Int, _) => expected("integer"),
            (kind, _) => {
                let message = format!("can't handle {operand} for arg of type {}", kind.name());
                Err(self.error(message))
            }
        }
    }

    /// A number whose type only its syntax determines.
    fn number(&self, number: &Number) -> Evaluated {
        match number.int {
            _ if number.is_float() => Ok(Value::Float(number.float)),
            Some(int) => Ok(Value::Int(int)),
            None => Err(self.error(format!("{} overflows int", number.text))),
        }
    }
}
