//! `a || b || c` as one function of all its parts: DataFusion builds a text for each pair, and its
//! planning time is cubic in the number of parts.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use crate::measure::texts;

/// The name of the function, which identifies a chain.
pub(super) const NAME: &str = "||";

/// Concatenates texts; null if one of them is null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct JoinTexts {
    signature: Signature,
}

impl JoinTexts {
    pub(super) fn new() -> Self {
        Self { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

/// The parts of a side of `||`.
pub(super) fn parts(side: Expr) -> Vec<Expr> {
    match side {
        Expr::ScalarFunction(function) if function.func.name() == NAME => function.args,
        other => vec![other],
    }
}

impl ScalarUDFImpl for JoinTexts {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String, DataFusionError> {
        let names: Vec<_> = args.iter().map(|part| part.schema_name().to_string()).collect();
        Ok(names.join(" || "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let parts: Result<Vec<_>, _> = args.args.iter().map(Part::new).collect();
        let parts = parts?;
        let mut columns: Vec<_> = parts.iter().map(Part::texts).collect();
        let mut joined = StringBuilder::with_capacity(args.number_rows, 0);
        let mut row = String::new();
        for _ in 0..args.number_rows {
            row.clear();
            let mut is_whole = true;
            for column in &mut columns {
                match column.next().flatten() {
                    Some(text) => row.push_str(text),
                    None => is_whole = false,
                }
            }
            joined.append_option(is_whole.then_some(&row));
        }
        Ok(ColumnarValue::Array(Arc::new(joined.finish())))
    }
}

/// One of the parts, as text.
enum Part {
    /// The same in all rows.
    Constant(Option<String>),
    Column(ArrayRef),
}

impl Part {
    fn new(value: &ColumnarValue) -> Result<Self, DataFusionError> {
        Ok(match value {
            ColumnarValue::Scalar(scalar) => match scalar.cast_to(&DataType::Utf8)? {
                ScalarValue::Utf8(text) => Self::Constant(text),
                _ => Self::Constant(None),
            },
            ColumnarValue::Array(array) if array.data_type().is_string() => {
                Self::Column(Arc::clone(array))
            }
            ColumnarValue::Array(array) => Self::Column(cast(array, &DataType::Utf8)?),
        })
    }

    fn texts(&self) -> Box<dyn Iterator<Item = Option<&str>> + '_> {
        match self {
            Self::Constant(text) => Box::new(std::iter::repeat(text.as_deref())),
            Self::Column(column) => texts(column),
        }
    }
}
