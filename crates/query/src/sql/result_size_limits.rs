//! Functions with potentially large results, limited and charged to the memory of queries.
//!
//! DataFusion's memory pool does not see what an expression allocates. `x || x` in nested
//! subqueries doubles in each, and `replace(x, 'a', x)` squares; so these functions estimate their
//! result first and refuse. The same holds for types: `struct(x, x)` doubles the parts of a row.
//! Functions whose size is a number in the query are not offered (see `session`).

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DFSchema, plan_err};
use datafusion::error::DataFusionError;
use datafusion::functions::{core, regex};
use datafusion::functions_nested::concat::array_concat_udf;
use datafusion::functions_nested::make_array::make_array_udf;
use datafusion::functions_nested::map::map_udf;
use datafusion::logical_expr::planner::{
    ExprPlanner, PlannerResult, RawBinaryExpr, RawDictionaryExpr,
};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, lit,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::join_texts::{self, JoinTexts};
use super::slices;
use crate::charge::Charge;
use crate::measure::{NUMBER_BYTES, bytes_of, longest_text, texts};
use crate::{QueryError, running};

/// Maximum result of one call on one batch, in bytes.
const RESULT_BYTES_MAX: usize = 256 << 20;
/// Maximum result on few rows, in bytes: this much in total, and a share for each row.
const FEW_ROWS_BYTES_MAX: usize = 16 << 20;
const ROW_BYTES_MAX: usize = 64 << 10;

/// Arrow addresses the bytes of a text column with 31 bits.
const OFFSET_MAX: usize = i32::MAX as usize;

/// Maximum pairs of bytes that one call compares for one batch.
const COMPARED_MAX: usize = 1 << 30;

/// Maximum regular expressions that one call compiles for one batch: each may take megabytes.
const PATTERNS_MAX: usize = 64;

/// Maximum number of parts of the type of a value.
const TYPE_NODES_MAX: usize = 1_000;

/// An upper bound on the size of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Growth {
    /// About as large as its largest argument, whatever its size.
    Copy,
    /// As large as all arguments together.
    Sum,
    /// Each byte of the first argument may become the longest of the others.
    Product,
    /// As large as all arguments together; the second is a regular expression.
    Matched,
    /// As [`Self::Product`]; the second is a regular expression.
    Replaced,
    /// Small, but each byte of one argument is compared with each byte of the other.
    Compared,
}

impl Growth {
    /// Whether the second argument is a regular expression.
    fn has_pattern(self) -> bool {
        matches!(self, Self::Matched | Self::Replaced)
    }
}

/// The functions that grow or copy, by name.
const GROWING: [(&str, Growth); 38] = [
    ("array_append", Growth::Sum),
    ("array_concat", Growth::Sum),
    ("array_distinct", Growth::Copy),
    ("array_except", Growth::Copy),
    ("array_intersect", Growth::Copy),
    ("array_prepend", Growth::Sum),
    ("array_replace_all", Growth::Product),
    ("array_reverse", Growth::Copy),
    ("array_sort", Growth::Copy),
    ("array_to_string", Growth::Product),
    ("array_union", Growth::Sum),
    ("arrays_zip", Growth::Sum),
    ("concat", Growth::Sum),
    ("concat_ws", Growth::Product),
    ("decode", Growth::Copy),
    ("encode", Growth::Copy),
    ("flatten", Growth::Copy),
    ("initcap", Growth::Copy),
    ("levenshtein", Growth::Compared),
    ("lower", Growth::Copy),
    ("make_array", Growth::Sum),
    ("map", Growth::Sum),
    ("named_struct", Growth::Sum),
    ("overlay", Growth::Sum),
    ("regexp_count", Growth::Matched),
    ("regexp_instr", Growth::Matched),
    ("regexp_like", Growth::Matched),
    ("regexp_match", Growth::Matched),
    ("regexp_replace", Growth::Replaced),
    ("replace", Growth::Product),
    ("reverse", Growth::Copy),
    ("split_part", Growth::Copy),
    ("string_to_array", Growth::Sum),
    ("struct", Growth::Sum),
    ("substr_index", Growth::Copy),
    ("to_char", Growth::Sum),
    ("translate", Growth::Copy),
    ("upper", Growth::Copy),
];

/// All functions; those that grow have limits.
pub(crate) fn bounded(functions: Vec<Arc<ScalarUDF>>) -> Vec<Arc<ScalarUDF>> {
    functions
        .into_iter()
        .map(|function| match GROWING.iter().find(|(name, _)| *name == function.name()) {
            Some((_, growth)) => Arc::new(Bounded { inner: function, growth: *growth }.into()),
            None => function,
        })
        .collect()
}

/// Plans `||`, `[…]`, `{…}`, `struct(…)` and `MAP {…}` with the bounded functions.
#[derive(Debug)]
pub(crate) struct BoundedPlanner {
    regexp_like: Arc<ScalarUDF>,
    join_texts: Arc<ScalarUDF>,
    join_arrays: Arc<ScalarUDF>,
    make_array: Arc<ScalarUDF>,
    map: Arc<ScalarUDF>,
    structure: Arc<ScalarUDF>,
    named_structure: Arc<ScalarUDF>,
}

impl BoundedPlanner {
    /// A planner that precedes DataFusion's own.
    pub(crate) fn new() -> Self {
        let bounded = |inner| Arc::new(Bounded { inner, growth: Growth::Sum }.into());
        Self {
            regexp_like: regexp_like(),
            join_texts: bounded(Arc::new(JoinTexts::new().into())),
            join_arrays: bounded(array_concat_udf()),
            make_array: bounded(make_array_udf()),
            map: bounded(map_udf()),
            structure: bounded(core::r#struct()),
            named_structure: bounded(core::named_struct()),
        }
    }
}

/// The function `regexp_like` with limits.
pub(super) fn regexp_like() -> Arc<ScalarUDF> {
    Arc::new(Bounded { inner: regex::regexp_like(), growth: Growth::Matched }.into())
}

impl BoundedPlanner {
    /// Plans `~` and similar operators as a function if the pattern is not a literal. With a
    /// literal it remains an operator, which is pushed down to the parts.
    fn plan_match(&self, expr: RawBinaryExpr) -> PlannerResult<RawBinaryExpr> {
        let (is_negated, ignores_case) = match expr.op {
            BinaryOperator::PGRegexMatch => (false, false),
            BinaryOperator::PGRegexIMatch => (false, true),
            BinaryOperator::PGRegexNotMatch => (true, false),
            BinaryOperator::PGRegexNotIMatch => (true, true),
            _ => return PlannerResult::Original(expr),
        };
        if matches!(expr.right, Expr::Literal(..)) {
            return PlannerResult::Original(expr);
        }
        let mut arguments = vec![expr.left, expr.right];
        if ignores_case {
            arguments.push(lit("i"));
        }
        let matches = self.regexp_like.call(arguments);
        PlannerResult::Planned(if is_negated { !matches } else { matches })
    }
}

impl ExprPlanner for BoundedPlanner {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>, DataFusionError> {
        if expr.op != BinaryOperator::StringConcat {
            return Ok(self.plan_match(expr));
        }
        let is_list = |side: &Expr| Ok::<_, DataFusionError>(side.get_type(schema)?.is_list());
        Ok(match (is_list(&expr.left)?, is_list(&expr.right)?) {
            (true, true) => {
                PlannerResult::Planned(self.join_arrays.call(vec![expr.left, expr.right]))
            }
            (false, false) => {
                let mut parts = join_texts::parts(expr.left);
                parts.extend(join_texts::parts(expr.right));
                PlannerResult::Planned(self.join_texts.call(parts))
            }
            // Adds one element: it cannot double.
            _ => PlannerResult::Original(expr),
        })
    }

    fn plan_array_literal(
        &self,
        exprs: Vec<Expr>,
        _schema: &DFSchema,
    ) -> Result<PlannerResult<Vec<Expr>>, DataFusionError> {
        Ok(PlannerResult::Planned(self.make_array.call(exprs)))
    }

    fn plan_struct_literal(
        &self,
        args: Vec<Expr>,
        is_named_struct: bool,
    ) -> Result<PlannerResult<Vec<Expr>>, DataFusionError> {
        let function = if is_named_struct { &self.named_structure } else { &self.structure };
        Ok(PlannerResult::Planned(function.call(args)))
    }

    fn plan_dictionary_literal(
        &self,
        expr: RawDictionaryExpr,
        _schema: &DFSchema,
    ) -> Result<PlannerResult<RawDictionaryExpr>, DataFusionError> {
        let pairs = expr.keys.into_iter().zip(expr.values);
        let args = pairs.flat_map(|(key, value)| [key, value]).collect();
        Ok(PlannerResult::Planned(self.named_structure.call(args)))
    }

    fn plan_make_map(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>, DataFusionError> {
        if !args.len().is_multiple_of(2) {
            return plan_err!("a map has a value for each key");
        }
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (i, arg) in args.into_iter().enumerate() {
            if i % 2 == 0 { keys.push(arg) } else { values.push(arg) }
        }
        let sides = vec![self.make_array.call(keys), self.make_array.call(values)];
        Ok(PlannerResult::Planned(self.map.call(sides)))
    }
}

/// A function that refuses to produce a result over the limit. It is not simplified, as that would
/// restore the function without the limit, unless its regular expression is a literal: then it
/// becomes an operator, which is pushed down to the parts.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String, DataFusionError> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType, DataFusionError> {
        let result = self.inner.return_type(arguments)?;
        check_type(&result)?;
        Ok(result)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef, DataFusionError> {
        for field in args.arg_fields {
            check_type(field.data_type())?;
        }
        let result = self.inner.return_field_from_args(args)?;
        check_type(result.data_type())?;
        Ok(result)
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>, DataFusionError> {
        self.inner.coerce_types(arguments)
    }

    fn simplify(
        &self,
        args: Vec<Expr>,
        context: &SimplifyContext,
    ) -> Result<ExprSimplifyResult, DataFusionError> {
        match (self.growth, args.get(1)) {
            (Growth::Matched, Some(Expr::Literal(..))) => self.inner.simplify(args, context),
            _ => Ok(ExprSimplifyResult::Original(args)),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        running::check().map_err(|error| DataFusionError::External(Box::new(error)))?;
        if self.growth.has_pattern() && args.args.get(1).is_some_and(has_many_texts) {
            return Err(too_large(format!(
                "{} with more than {PATTERNS_MAX} regular expressions at once",
                self.name()
            )));
        }
        if self.growth == Growth::Compared {
            let lengths = args.args.iter().map(longest);
            let pairs = lengths.fold(args.number_rows, usize::saturating_mul);
            if pairs > COMPARED_MAX {
                return Err(too_large(format!("{} would compare {pairs} bytes", self.name())));
            }
        }
        let bytes = estimate(self.growth, &args.args, args.number_rows);
        let few = FEW_ROWS_BYTES_MAX.saturating_add(args.number_rows.saturating_mul(ROW_BYTES_MAX));
        let bytes_max = few.min(RESULT_BYTES_MAX);
        let bytes_max = if self.growth == Growth::Copy { OFFSET_MAX } else { bytes_max };
        if bytes > bytes_max {
            let message = format!("{} would make up to {bytes} bytes", self.name());
            return Err(too_large(message));
        }
        let charge = Charge::new(bytes)?;
        let result = if self.growth.has_pattern() {
            slices::invoke(&self.inner, &args)?
        } else {
            self.inner.invoke_with_args(args)?
        };
        match result {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(charge.keep(array)?)),
            scalar @ ColumnarValue::Scalar(_) => Ok(scalar),
        }
    }
}

/// Upper bound of the size of a result, in bytes.
fn estimate(growth: Growth, arguments: &[ColumnarValue], rows: usize) -> usize {
    let size = |argument: &ColumnarValue| match argument {
        ColumnarValue::Array(array) => bytes_of(array.as_ref()),
        ColumnarValue::Scalar(scalar) => scalar.size().saturating_mul(rows),
    };
    let sum = arguments.iter().map(size).fold(0, usize::saturating_add);
    match (growth, arguments.split_first()) {
        (Growth::Product | Growth::Replaced, Some((first, others))) => {
            let longest = others.iter().map(longest).max().unwrap_or_default();
            size(first).saturating_mul(longest).saturating_add(sum)
        }
        _ => sum,
    }
}

/// Whether an argument holds more texts than may be compiled as regular expressions.
fn has_many_texts(argument: &ColumnarValue) -> bool {
    let ColumnarValue::Array(array) = argument else { return false };
    let mut different = HashSet::new();
    texts(array).flatten().any(|text| different.insert(text) && different.len() > PATTERNS_MAX)
}

/// Bytes of the longest text; for other types those of a number.
fn longest(argument: &ColumnarValue) -> usize {
    match argument {
        ColumnarValue::Scalar(scalar) => {
            scalar.try_as_str().flatten().map_or(NUMBER_BYTES, str::len)
        }
        ColumnarValue::Array(array) => longest_text(array),
    }
}

/// Rejects types with very many parts: `struct(x, x)` in nested subqueries doubles them, and
/// processing or printing such rows takes time and memory for each part.
fn check_type(data_type: &DataType) -> Result<(), DataFusionError> {
    if spend(data_type, &mut { TYPE_NODES_MAX }) {
        Ok(())
    } else {
        Err(too_large(format!("a value of the query has more than {TYPE_NODES_MAX} parts")))
    }
}

pub(super) fn too_large(message: String) -> DataFusionError {
    DataFusionError::External(Box::new(QueryError::TooLarge(message)))
}

/// Whether the parts of a type are within the remaining budget.
fn spend(data_type: &DataType, budget: &mut usize) -> bool {
    let Some(rest) = budget.checked_sub(1) else {
        return false;
    };
    *budget = rest;
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => spend(field.data_type(), budget),
        DataType::Struct(fields) => fields.iter().all(|field| spend(field.data_type(), budget)),
        _ => true,
    }
}
