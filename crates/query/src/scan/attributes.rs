//! Functions over the attributes of rows, and conditions that use them.
//!
//! They are evaluated on rows in memory and on parts as they are. For parts with promoted
//! attributes, [`super::promoted`] replaces the function with the column before anything is read.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Float64Builder, StringBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::exec_err;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::prelude::ident;
use signals::attributes::{AttributeRows, ValueType, large, map_type};
use signals::rows::ColumnError;
use signals::span::column;

/// A function; its arguments are columns first, then literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Function {
    /// `attribute_of_type(attributes, attribute_types, key, letters)`: the text of the first
    /// attribute with that key if its type is one of the letters. Large values are truncated.
    OfType,
    /// `attribute_number(attributes, attribute_types, key)`: an integer or a double.
    Number,
    /// `attribute_text(attributes, attribute_types, large_attributes, key)`: the whole text.
    Text,
    /// `whole_attributes(attributes, attribute_types, large_attributes)`: the map with large values
    /// put back.
    Whole,
}

impl Function {
    const ALL: [Self; 4] = [Self::OfType, Self::Number, Self::Text, Self::Whole];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OfType => "attribute_of_type",
            Self::Number => "attribute_number",
            Self::Text => "attribute_text",
            Self::Whole => "whole_attributes",
        }
    }

    /// The function with a name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }

    fn arguments(self) -> usize {
        match self {
            Self::Number | Self::Whole => 3,
            Self::OfType | Self::Text => 4,
        }
    }

    pub(crate) fn udf(self) -> Arc<ScalarUDF> {
        static FUNCTIONS: LazyLock<[Arc<ScalarUDF>; 4]> = LazyLock::new(|| {
            Function::ALL.map(|function| {
                let signature = Signature::any(function.arguments(), Volatility::Immutable);
                Arc::new(AttributeFunction { function, signature }.into())
            })
        });
        Arc::clone(&FUNCTIONS[self as usize])
    }
}

/// The functions, for registration.
pub(crate) fn all() -> [Arc<ScalarUDF>; 4] {
    Function::ALL.map(Function::udf)
}

/// The text of a row's own attribute if it has one of these types: see [`Function::OfType`].
pub(crate) fn of_type(key: &str, letters: &str) -> Expr {
    let columns = [column::ATTRIBUTES, column::ATTRIBUTE_TYPES].map(ident);
    Function::OfType.udf().call([columns.to_vec(), vec![lit(key), lit(letters)]].concat())
}

/// A row's own attribute as a number, null if it is not one.
pub(crate) fn number(key: &str) -> Expr {
    let columns = [column::ATTRIBUTES, column::ATTRIBUTE_TYPES].map(ident);
    Function::Number.udf().call([columns.to_vec(), vec![lit(key)]].concat())
}

/// All attributes of a row.
pub(crate) fn whole() -> Expr {
    Function::Whole.udf().call(stored_columns())
}

fn stored_columns() -> Vec<Expr> {
    [column::ATTRIBUTES, column::ATTRIBUTE_TYPES, column::LARGE_ATTRIBUTES].map(ident).to_vec()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AttributeFunction {
    function: Function,
    signature: Signature,
}

impl ScalarUDFImpl for AttributeFunction {
    fn name(&self) -> &'static str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(match self.function {
            Function::OfType | Function::Text => DataType::Utf8,
            Function::Number => DataType::Float64,
            Function::Whole => map_type(),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let columns = match self.function {
            Function::OfType | Function::Number => 2,
            Function::Text | Function::Whole => 3,
        };
        let arrays = args
            .args
            .iter()
            .take(columns)
            .map(|column| column.to_array(args.number_rows))
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        let literal = |place: usize| match args.args.get(place) {
            Some(ColumnarValue::Scalar(value)) => value.try_as_str().flatten().unwrap_or_default(),
            _ => "",
        };
        let [map, types, large @ ..] = arrays.as_slice() else {
            return exec_err!("attributes are missing");
        };
        if self.function == Function::Whole {
            let Some(large) = large.first() else {
                return exec_err!("large attributes are missing");
            };
            return Ok(ColumnarValue::Array(large::restore(map, types, large)?.0));
        }
        let key = literal(columns);
        let rows = AttributeRows::from_arrays(map, types, large.first())
            .map_err(|error| unexpected(&error))?;
        let found = (0..map.len()).map(|row| rows.row(row).find(|(name, _, _)| *name == key));
        Ok(ColumnarValue::Array(match self.function {
            Function::Number => numbers(found),
            Function::OfType => {
                let letters = literal(columns + 1);
                texts(
                    found.map(|found| found.filter(|(_, _, kind)| letters.contains(kind.letter()))),
                )
            }
            _ => texts(found),
        }))
    }
}

/// Key, text and type of an attribute.
type Found<'a> = Option<(&'a str, &'a str, ValueType)>;

fn texts<'a>(found: impl Iterator<Item = Found<'a>>) -> ArrayRef {
    let mut texts = StringBuilder::new();
    found.for_each(|found| texts.append_option(found.map(|(_, text, _)| text)));
    Arc::new(texts.finish())
}

fn numbers<'a>(found: impl Iterator<Item = Found<'a>>) -> ArrayRef {
    let mut numbers = Float64Builder::new();
    for found in found {
        numbers.append_option(match found {
            Some((_, text, ValueType::Int)) => text.parse::<i64>().ok().map(|number| number as f64),
            Some((_, text, ValueType::Double)) => text.parse().ok(),
            _ => None,
        });
    }
    Arc::new(numbers.finish())
}

pub(super) fn unexpected(error: &ColumnError) -> DataFusionError {
    DataFusionError::Execution(error.to_string())
}

/// For each row whether its text passes; the test runs once per distinct text.
pub(super) fn of_distinct(
    array: &ArrayRef,
    test: impl Fn(&str) -> bool,
) -> Result<BooleanArray, DataFusionError> {
    use datafusion::arrow::array::AsArray;
    use datafusion::arrow::compute::cast;
    use datafusion::arrow::datatypes::Int32Type;
    let array = cast(array, &signals::attributes::dictionary_type())?;
    let Some(codes) = array.as_dictionary_opt::<Int32Type>() else {
        return exec_err!("a column of few texts is not one");
    };
    let values = codes.values().as_string::<i32>();
    let mut passes: Vec<Option<bool>> = vec![None; values.len()];
    let mut of_code = |code: i32| {
        let place = usize::try_from(code).ok()?;
        let known = passes.get_mut(place)?;
        Some(*known.get_or_insert_with(|| values.is_valid(place) && test(values.value(place))))
    };
    Ok(codes.keys().iter().map(|code| Some(code.and_then(&mut of_code).unwrap_or(false))).collect())
}
