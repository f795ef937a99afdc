//! `a || b || c` as one function of all its parts: DataFusion makes a text of each pair, and its
//! planner takes time with the cube of the number of parts.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

/// Its name, by which a chain is known.
pub(super) const NAME: &str = "||";

/// Texts in a row; null when one of them is.
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
        let columns: Result<Vec<_>, _> = args.args.iter().map(texts).collect();
        let columns = columns?;
        let mut joined = StringBuilder::with_capacity(args.number_rows, 0);
        let mut row = String::new();
        for i in 0..args.number_rows {
            row.clear();
            let is_whole = columns.iter().all(|column| match column.get(i) {
                Some(text) => {
                    row.push_str(text);
                    true
                }
                None => false,
            });
            joined.append_option(is_whole.then_some(&row));
        }
        Ok(ColumnarValue::Array(Arc::new(joined.finish())))
    }
}

/// The texts of one part.
enum Texts {
    Same(Option<String>),
    Column(StringArray),
    Views(ArrayRef),
}

impl Texts {
    fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::Same(text) => text.as_deref(),
            Self::Column(texts) => texts.is_valid(row).then(|| texts.value(row)),
            Self::Views(texts) => {
                let texts = texts.as_string_view();
                texts.is_valid(row).then(|| texts.value(row))
            }
        }
    }
}

fn texts(part: &ColumnarValue) -> Result<Texts, DataFusionError> {
    match part {
        ColumnarValue::Scalar(scalar) => match scalar.cast_to(&DataType::Utf8)? {
            ScalarValue::Utf8(text) => Ok(Texts::Same(text)),
            _ => Ok(Texts::Same(None)),
        },
        ColumnarValue::Array(array) if array.data_type() == &DataType::Utf8View => {
            Ok(Texts::Views(Arc::clone(array)))
        }
        ColumnarValue::Array(array) => {
            Ok(Texts::Column(cast(array, &DataType::Utf8)?.as_string::<i32>().clone()))
        }
    }
}
