//! The template languages of Prometheus and Alertmanager: Go's `text/template` and `html/template`,
//! with the functions and data of rules and notifications.
//!
//! [`Set`] parses and executes templates over [`Value`]s; [`Functions`] are what they may call.
//! [`prometheus`] and [`alertmanager`] are both built on it. Errors have Go's words, because users
//! know them. Pure: queries are passed in, and no input causes a panic.
//!
//! ```
//! use template::{Functions, Limits, MissingKey, Mode, Run, Set, Value};
//!
//! let (mut set, functions) = (Set::new(Mode::Text, MissingKey::Zero), Functions::new(&[]));
//! set.parse("greeting", "Hello {{ . | printf \"%q\" }}", &functions, &Limits::default())?;
//! let output = set.execute("greeting", &Value::from("World"), &functions, Run::default())?;
//! assert_eq!(output, "Hello \"World\"");
//! # Ok::<(), template::Error>(())
//! ```
//!
//! Specification: <https://pkg.go.dev/text/template>, <https://pkg.go.dev/html/template>,
//! Prometheus' `docs/configuration/template_reference.md`, Alertmanager's `docs/notifications.md`.

pub mod alertmanager;
mod builtins;
mod call;
mod error;
mod execute;
mod go;
mod html;
mod humanize;
mod limits;
mod parse;
mod pattern;
pub mod prometheus;
mod set;
mod text;
mod value;

pub use call::{Call, Function, Functions, Kind, Method, Parameters, Returned};
pub use error::Error;
pub use go::quote::quote;
pub use go::time::Time;
pub use limits::{Limits, Run};
pub use set::{MissingKey, Mode, Set};
pub use text::{Overflow, Text};
pub use value::{
    ANY_LIST, ANY_MAP, Field, List, Map, Named, Print, STRING_LIST, STRING_MAP, Safe, Struct,
    TooDeep, Type, Value,
};
