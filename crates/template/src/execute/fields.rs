//! Fields of structs, entries of maps, and methods.

use super::evaluate::Evaluated;
use super::{Execution, Place};
use crate::call::{Call, Kind, Parameters};
use crate::go::quote::quote;
use crate::parse::tree::Operand;
use crate::set::MissingKey;
use crate::text::Text;
use crate::value::Value;

/// The value whose field is taken.
struct Receiver {
    value: Value,
    /// Whether it is an entry of a map whose values have any type.
    is_any: bool,
}

impl<'e> Execution<'e> {
    /// The value of `.X.Y.Z`. Only the last may be a method with arguments.
    pub(super) fn fields(
        &mut self,
        dot: &Value,
        receiver: Value,
        place: Place<'e>,
        names: &'e [String],
        arguments: &'e [Operand],
        last: Option<Value>,
    ) -> Evaluated {
        let Some((name, before)) = names.split_last() else { return Ok(receiver) };
        let mut receiver = Receiver { value: receiver, is_any: false };
        for name in before {
            let is_any = matches!(&receiver.value, Value::Map(map) if !map.holds_strings());
            let value = self.field(dot, &receiver, place, name, &[], None)?;
            receiver = Receiver { value, is_any };
        }
        self.field(dot, &receiver, place, name, arguments, last)
    }

    fn field(
        &mut self,
        dot: &Value,
        receiver: &Receiver,
        place: Place<'e>,
        name: &'e str,
        arguments: &'e [Operand],
        last: Option<Value>,
    ) -> Evaluated {
        self.budget.step(1).map_err(|message| self.error(message))?;
        let type_name = if receiver.is_any { Kind::Any.name() } else { receiver.value.type_name() };
        if matches!(receiver.value, Value::Nil) && receiver.is_any {
            return Err(self.error(format!("nil pointer evaluating {type_name}.{name}")));
        }
        let receiver = &receiver.value;
        if matches!(receiver, Value::Nil) {
            return match self.set.missing_key {
                MissingKey::Error => {
                    Err(self.error(format!("nil data; no entry for key {}", quote(name))))
                }
                _ => Ok(Value::Nil),
            };
        }
        let has_arguments = !arguments.is_empty() || last.is_some();
        if let Some(kind) = receiver.kind() {
            if let Some(method) = kind.methods.iter().find(|method| method.name == name) {
                let values = self.arguments(dot, name, method.parameters, arguments, last)?;
                let returned = (method.body)(&mut Call { execution: self }, receiver, &values);
                return self.returned(place, name, returned);
            }
            if let Some(print) = kind.print.filter(|_| name == "String") {
                self.arguments(dot, name, Parameters::NONE, arguments, last)?;
                let mut text = Text::new(self.budget.bytes());
                let printed = print(receiver, &mut text).map_err(String::from);
                return self.returned(place, name, printed.map(|()| text.finish().into()));
            }
        }
        match receiver {
            Value::Struct(value) => {
                if let Some(value) = value.field(name) {
                    if has_arguments {
                        let message = "has arguments but cannot be invoked as function";
                        return Err(self.error(format!("{name} {message}")));
                    }
                    return Ok(value.clone());
                }
            }
            Value::Map(_) if has_arguments => {
                return Err(self.error(format!("{name} is not a method but has arguments")));
            }
            Value::Map(map) => {
                return match (map.entries().get(name), self.set.missing_key) {
                    (Some(value), _) => Ok(value.clone()),
                    (None, MissingKey::NoValue) => Ok(Value::Nil),
                    (None, MissingKey::Zero) => Ok(map.get(name)),
                    (None, MissingKey::Error) => {
                        Err(self.error(format!("map has no entry for key {}", quote(name))))
                    }
                };
            }
            _ => {}
        }
        Err(self.error(format!("can't evaluate field {name} in type {type_name}")))
    }
}
