//! Configuration files of the systems that Glasshouse replaces, as typed and checked settings.
//!
//! One module per kind of file. A file is read as its own system reads it: what that system refuses
//! is an [`Error`] with file, line and its reason; what it accepts and Glasshouse does not support
//! is listed as [`Unsupported`], so that the start can name it. Pure: no sockets, no engine, and
//! files are read through [`Files`].

pub mod alertmanager;
mod error;
mod files;
mod glob;
pub mod grafana;
pub mod http;
mod kind;
pub mod matcher;
pub mod prometheus;
mod redact;
pub mod rules;
mod units;
mod url;
mod yaml;

pub use error::{Error, Unsupported};
pub use files::{Files, SystemFiles};
pub use glob::matching_files;
pub use kind::{Kind, Section, files_below, sections, yaml_files};
pub use url::Url;
pub use yaml::json as yaml_to_json;
