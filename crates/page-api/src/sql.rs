//! `POST /api/sql`: one read-only statement; the rows as JSON objects.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Body of `POST /api/sql`.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SqlRequest {
    /// The statement.
    pub query: String,
}

/// Answer of `POST /api/sql`. The server writes it row by row and never has it in this form.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SqlAnswer {
    /// In the order of the statement.
    pub columns: Vec<SqlColumn>,
    /// Values by the name of their column.
    #[cfg_attr(test, ts(as = "Vec<std::collections::BTreeMap<String, Value>>"))]
    pub rows: Vec<Map<String, Value>>,
    /// Whether rows are missing because the answer would be too large.
    pub truncated: bool,
}

/// One column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SqlColumn {
    /// Unique in the answer.
    pub name: String,
    /// The type in SQL's terms, for example `text`, `int64` or `timestamp`.
    #[serde(rename = "type")]
    pub data_type: String,
}

/// Answer of `POST /api/sql` to a statement that failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SqlError {
    /// The message, with the position in the statement where it is known.
    pub error: String,
}
