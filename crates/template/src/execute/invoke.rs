//! Calls functions: counts and checks their arguments, and accounts for what they return.

use super::evaluate::Evaluated;
use super::{Execution, Place};
use crate::call::{Call, Parameters, Returned};
use crate::go::quote::quote;
use crate::parse::tree::Operand;
use crate::value::Value;

impl<'e> Execution<'e> {
    /// The value that a function returns. An error names the place of the call.
    pub(super) fn function(
        &mut self,
        dot: &Value,
        name: &'e str,
        place: Place<'e>,
        arguments: &'e [Operand],
        last: Option<Value>,
    ) -> Evaluated {
        let functions = self.functions;
        let Some(callee) = functions.find(name) else {
            return Err(self.error(format!("{} is not a defined function", quote(name))));
        };
        let parameters = callee.parameters();
        if matches!(name, "and" | "or") {
            return self.first_decisive(dot, name, parameters, arguments, last);
        }
        let values = self.arguments(dot, name, parameters, arguments, last)?;
        let returned = callee.call(&mut Call { execution: self }, &values);
        self.returned(place, name, returned)
    }

    /// The values of the arguments, the value of the command before as the last one.
    pub(super) fn arguments(
        &mut self,
        dot: &Value,
        name: &str,
        parameters: Parameters,
        arguments: &'e [Operand],
        last: Option<Value>,
    ) -> Result<Vec<Value>, String> {
        self.check_count(name, parameters, arguments, last.as_ref())?;
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for (index, operand) in arguments.iter().enumerate() {
            values.push(self.argument(dot, parameters.kind(index), operand)?);
        }
        if let Some(last) = last {
            values.push(self.checked(last, parameters.kind(arguments.len()))?);
        }
        Ok(values)
    }

    fn check_count(
        &self,
        name: &str,
        parameters: Parameters,
        arguments: &[Operand],
        last: Option<&Value>,
    ) -> Result<(), String> {
        let given = arguments.len() + usize::from(last.is_some());
        let wanted = parameters.fixed.len();
        let message = match parameters.rest {
            // Go does not count the value of the command before here.
            Some(_) if given < wanted => format!("want at least {wanted} got {}", arguments.len()),
            None if given != wanted => format!("want {wanted} got {given}"),
            _ => return Ok(()),
        };
        Err(self.error(format!("wrong number of args for {name}: {message}")))
    }

    /// `and` and `or`: the first value that decides, or else the last. Others are not evaluated.
    fn first_decisive(
        &mut self,
        dot: &Value,
        name: &str,
        parameters: Parameters,
        arguments: &'e [Operand],
        last: Option<Value>,
    ) -> Evaluated {
        self.check_count(name, parameters, arguments, last.as_ref())?;
        let mut value = Value::Nil;
        for (index, operand) in arguments.iter().enumerate() {
            value = self.argument(dot, parameters.kind(index), operand)?;
            if value.is_true() == (name == "or") {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    /// The value that a function returns, for which the budget is charged.
    pub(super) fn returned(
        &mut self,
        place: Place<'e>,
        name: &str,
        returned: Returned,
    ) -> Evaluated {
        let charged = returned.and_then(|value| {
            match &value {
                Value::String(_) | Value::Safe(..) => self.budget.take_bytes(value.size())?,
                _ => self.budget.step(value.size())?,
            }
            Ok(value)
        });
        charged.map_err(|message| {
            self.place = Some(place);
            self.error(format!("error calling {name}: {message}"))
        })
    }
}
