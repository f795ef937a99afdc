//! `LIKE`, `ILIKE` and `SIMILAR TO` with patterns that differ from row to row.
//!
//! Arrow compiles a regular expression for each row and cannot be cancelled meanwhile: a batch
//! takes minutes. Such a `LIKE` becomes a function that matches wildcards itself, and such a
//! `SIMILAR TO` one with limits. With a literal pattern both remain operators, which are pushed
//! down to the parts.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use lang::like::Pattern;

use super::result_size_limits::regexp_like;
use crate::measure::texts;
use crate::{QueryError, running};

/// Comparisons between two checks for cancellation.
const STEPS_BETWEEN_CHECKS: usize = 1 << 16;

/// Replaces the operators by functions.
#[derive(Debug)]
pub(crate) struct PatternsOfRows {
    like: Arc<ScalarUDF>,
    ilike: Arc<ScalarUDF>,
    regexp_like: Arc<ScalarUDF>,
}

impl PatternsOfRows {
    pub(crate) fn new() -> Self {
        let like = |ignores_case| {
            let signature = Signature::string(2, Volatility::Immutable);
            Arc::new(ScalarUDF::from(LikeFunction { signature, ignores_case }))
        };
        Self { like: like(false), ilike: like(true), regexp_like: regexp_like() }
    }
}

impl FunctionRewrite for PatternsOfRows {
    fn name(&self) -> &'static str {
        "patterns_of_rows"
    }

    fn rewrite(
        &self,
        expr: Expr,
        _schema: &DFSchema,
        _config: &ConfigOptions,
    ) -> Result<Transformed<Expr>, DataFusionError> {
        let is_literal = |like: &Like| matches!(*like.pattern, Expr::Literal(..));
        let (matches, is_negated) = match expr {
            Expr::Like(like) if !is_literal(&like) && has_default_escape(&like) => {
                let function = if like.case_insensitive { &self.ilike } else { &self.like };
                (function.call(vec![*like.expr, *like.pattern]), like.negated)
            }
            Expr::SimilarTo(like) if !is_literal(&like) && like.escape_char.is_none() => {
                let mut arguments = vec![*like.expr, *like.pattern];
                if like.case_insensitive {
                    arguments.push(lit("i"));
                }
                (self.regexp_like.call(arguments), like.negated)
            }
            other => return Ok(Transformed::no(other)),
        };
        Ok(Transformed::yes(if is_negated { !matches } else { matches }))
    }
}

/// DataFusion supports no other escape and refuses them itself.
fn has_default_escape(like: &Like) -> bool {
    like.escape_char.is_none_or(|escape| escape == '\\')
}

/// `like(text, pattern)`; null if one of them is null.
#[derive(Debug, PartialEq, Eq, Hash)]
struct LikeFunction {
    signature: Signature,
    ignores_case: bool,
}

impl ScalarUDFImpl for LikeFunction {
    fn name(&self) -> &'static str {
        if self.ignores_case { "ilike" } else { "like" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let [rows, patterns] = columns.as_slice() else {
            return Err(DataFusionError::Internal("like takes two arguments".to_owned()));
        };
        let matches = self
            .matches(rows, patterns)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        Ok(ColumnarValue::Array(Arc::new(matches)))
    }
}

impl LikeFunction {
    fn matches(&self, rows: &ArrayRef, patterns: &ArrayRef) -> Result<BooleanArray, QueryError> {
        let mut steps = Steps::default();
        let mut last: Option<(&str, Pattern)> = None;
        texts(rows)
            .zip(texts(patterns))
            .map(|(text, pattern)| {
                let (Some(text), Some(pattern)) = (text, pattern) else { return Ok(None) };
                // Often many rows in succession have the same pattern.
                let parsed = match last.take() {
                    Some((text, parsed)) if text == pattern => parsed,
                    _ => Pattern::new(pattern, self.ignores_case),
                };
                let matches = parsed.matches(text, &mut |made| steps.count(made));
                last = Some((pattern, parsed));
                matches.map(Some)
            })
            .collect()
    }
}

/// Comparisons made so far.
#[derive(Default)]
struct Steps(usize);

impl Steps {
    fn count(&mut self, steps: usize) -> Result<(), QueryError> {
        self.0 = self.0.saturating_add(steps);
        if self.0 >= STEPS_BETWEEN_CHECKS {
            self.0 = 0;
            running::check()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::StringArray;
    use signals::MemoryBudget;

    use super::*;
    use crate::running::Running;

    #[tokio::test]
    async fn a_query_that_has_ended_stops_matching() {
        let rows: ArrayRef = Arc::new(StringArray::from(vec!["a".repeat(1_000); 1_000]));
        let patterns: ArrayRef = Arc::new(StringArray::from(vec!["%a%a%b"; 1_000]));
        let signature = Signature::string(2, Volatility::Immutable);
        let function = LikeFunction { signature, ignores_case: false };
        let running = Arc::new(Running::new(&MemoryBudget::new("queries", 1 << 30)));
        running.end();
        let result = running.scope(async { function.matches(&rows, &patterns) }).await;
        assert!(matches!(result, Err(QueryError::Internal(_))), "{result:?}");
    }
}
