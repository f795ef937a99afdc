//! Parsed queries that are evaluated again and again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lang::promql::Expr;

use crate::plan::Conditions;
use crate::{Error, Query};

/// A parsed query without its times. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Prepared(Arc<Parsed>);

#[derive(Debug)]
struct Parsed {
    text: String,
    expr: Expr,
    /// Compiled when they are needed first, which is on the threads of a query.
    conditions: OnceLock<Result<Conditions, String>>,
}

impl Prepared {
    /// Parses a query.
    ///
    /// # Errors
    /// As [`crate::parse`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (expr, text) = (crate::parse(text)?, text.to_owned());
        Ok(Self(Arc::new(Parsed { text, expr, conditions: OnceLock::new() })))
    }

    /// The text, for the positions of errors and annotations.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The expression.
    pub fn expr(&self) -> &Expr {
        &self.0.expr
    }

    /// The conditions of its selectors.
    ///
    /// # Errors
    /// [`Error::Invalid`] for patterns that do not compile.
    pub fn conditions(&self) -> Result<&Conditions, Error> {
        let compile = || match Conditions::new(&self.0.expr) {
            Err(Error::Invalid(message)) => Err(message),
            other => other.map_err(|error| error.to_string()),
        };
        let conditions = self.0.conditions.get_or_init(compile);
        conditions.as_ref().map_err(|message| Error::Invalid(message.clone()))
    }

    /// The query at one time. `lookback_ms` is how far instant selectors look back.
    #[must_use]
    pub fn at(&self, time_ms: i64, lookback_ms: i64) -> Query {
        Query { is_range: false, ..self.in_range([time_ms, time_ms, 0], lookback_ms) }
    }

    /// The query at `start, start + step, … <= end`.
    #[must_use]
    pub fn in_range(&self, [start_ms, end_ms, step_ms]: [i64; 3], lookback_ms: i64) -> Query {
        let prepared = self.clone();
        Query { prepared, start_ms, end_ms, step_ms, is_range: true, lookback_ms }
    }
}

/// Parsed queries by their texts: parsing and compiling patterns takes longer than most evaluations
/// of rules.
#[derive(Debug, Default)]
pub struct PreparedQueries {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_text: HashMap<String, Prepared>,
    text_bytes: usize,
}

/// Maximum size of the texts of all queries that are kept: templates of alerts make new ones from
/// labels.
const TEXT_BYTES_MAX: usize = 2 << 20;

impl PreparedQueries {
    /// The parsed query of a text.
    ///
    /// # Errors
    /// As [`crate::parse`].
    pub fn get(&self, text: &str) -> Result<Prepared, Error> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prepared) = known().by_text.get(text) {
            return Ok(prepared.clone());
        }
        let prepared = Prepared::parse(text)?;
        let mut known = known();
        known.text_bytes = known.text_bytes.saturating_add(text.len());
        if known.text_bytes > TEXT_BYTES_MAX {
            *known = Known::default();
        } else {
            known.by_text.insert(text.to_owned(), prepared.clone());
        }
        Ok(prepared)
    }
}
