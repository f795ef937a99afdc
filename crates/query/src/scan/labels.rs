//! Pushdown of LogQL's label filters: whether a log record may have a label.
//!
//! A label comes from the stream, the resource, the scope or the record's own attributes, with
//! every other character of its name replaced by `_`. These functions may return false positives,
//! because they do not know which source wins, but no false negatives; the pipeline decides.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::arrow::compute::or;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::exec_err;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::prelude::ident;
use lang::logql::Comparison;
use signals::attributes::{AttributeRows, ValueType};
use signals::log::column;

use super::attributes::{of_distinct, unexpected};
use crate::logql::{holds, object_labels, sanitized, stream_labels};

/// A test of a label's text that can be expressed in a plan.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LabelTest {
    /// Equal to this text, which is not empty.
    Is(String),
    /// Compares like this with a number, or is not one: a filter keeps it with an error.
    Compares(Comparison, f64),
    /// The label exists.
    Exists,
}

/// All comparisons.
const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
];

impl LabelTest {
    /// Operator and operand, as literals of a plan.
    fn literals(&self) -> [Expr; 2] {
        match self {
            Self::Is(text) => [lit("="), lit(text.clone())],
            Self::Compares(op, number) => [lit(op.to_string()), lit(number.to_string())],
            Self::Exists => [lit("exists"), lit("")],
        }
    }

    /// The test from two literals.
    pub(crate) fn from_literals(op: &str, operand: &str) -> Self {
        if op == "=" {
            return Self::Is(operand.to_owned());
        }
        let comparison = COMPARISONS.into_iter().find(|comparison| comparison.to_string() == op);
        match (comparison, operand.parse()) {
            (Some(comparison), Ok(number)) => Self::Compares(comparison, number),
            _ => Self::Exists,
        }
    }

    fn passes(&self, text: &str) -> bool {
        match self {
            Self::Is(expected) => text == expected,
            Self::Compares(op, number) => {
                text.parse().map_or(true, |text: f64| holds(*op, text.partial_cmp(number)))
            }
            Self::Exists => true,
        }
    }
}

/// Whether an attribute of this key may become a label of this name.
pub(crate) fn may_become(key: &str, name: &str, is_object: bool) -> bool {
    let clean = sanitized(key);
    if is_object {
        return name.strip_prefix(&*clean).is_some_and(|rest| rest.starts_with('_'));
    }
    clean == name
}

/// The name of the function over a record's own attributes:
/// `own_label_may_be(attributes, attribute_types, name, op, operand)`.
pub(crate) const OWN: &str = "own_label_may_be";
/// The name of the function over the columns that records share:
/// `shared_label_may_be(stream, resource_attributes, scope_attributes, name, op, operand)`.
pub(crate) const SHARED: &str = "shared_label_may_be";

/// Whether a record may have a label that passes.
pub(crate) fn label_may_be(name: &str, test: &LabelTest) -> Expr {
    let literals = || [vec![lit(name)], test.literals().to_vec()].concat();
    let own = [column::ATTRIBUTES, column::ATTRIBUTE_TYPES].map(ident).to_vec();
    let shared = [column::STREAM, column::RESOURCE_ATTRIBUTES, column::SCOPE_ATTRIBUTES].map(ident);
    let [own_function, shared_function] = all();
    own_function
        .call([own, literals()].concat())
        .or(shared_function.call([shared.to_vec(), literals()].concat()))
}

/// The functions, for registration.
pub(crate) fn all() -> [Arc<ScalarUDF>; 2] {
    static FUNCTIONS: LazyLock<[Arc<ScalarUDF>; 2]> = LazyLock::new(|| {
        [(OWN, 2), (SHARED, 3)].map(|(name, columns)| {
            let signature = Signature::any(columns + 3, Volatility::Immutable);
            Arc::new(LabelFunction { name, columns, signature }.into())
        })
    });
    FUNCTIONS.each_ref().map(Arc::clone)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct LabelFunction {
    name: &'static str,
    /// Number of arguments before the literals.
    columns: usize,
    signature: Signature,
}

impl ScalarUDFImpl for LabelFunction {
    fn name(&self) -> &'static str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let literal = |place: usize| match args.args.get(self.columns + place) {
            Some(ColumnarValue::Scalar(value)) => value.try_as_str().flatten().unwrap_or_default(),
            _ => "",
        };
        let (name, test) = (literal(0), LabelTest::from_literals(literal(1), literal(2)));
        let columns = args
            .args
            .iter()
            .take(self.columns)
            .map(|column| column.to_array(args.number_rows))
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        let passes = match columns.as_slice() {
            [map, types] => own(map, types, name, &test)?,
            [stream, resource, scope] => shared(stream, [resource, scope], name, &test)?,
            _ => return exec_err!("{} has other columns", self.name),
        };
        Ok(ColumnarValue::Array(Arc::new(passes)))
    }
}

fn own(
    map: &ArrayRef,
    types: &ArrayRef,
    name: &str,
    test: &LabelTest,
) -> Result<BooleanArray, DataFusionError> {
    let rows = AttributeRows::from_arrays(map, types, None).map_err(|error| unexpected(&error))?;
    let passes = |row: usize| {
        rows.row(row).any(|(key, text, kind)| {
            if kind == ValueType::Json && text.starts_with('{') {
                return may_become(key, name, true);
            }
            may_become(key, name, false) && !text.is_empty() && test.passes(text)
        })
    };
    Ok((0..map.len()).map(|row| Some(passes(row))).collect())
}

fn shared(
    stream: &ArrayRef,
    objects: [&ArrayRef; 2],
    name: &str,
    test: &LabelTest,
) -> Result<BooleanArray, DataFusionError> {
    let any = |labels: Vec<(String, String)>| {
        labels.iter().any(|(label, text)| label == name && test.passes(text))
    };
    let mut passes = of_distinct(stream, |stream| any(stream_labels(stream)))?;
    for object in objects {
        passes = or(&passes, &of_distinct(object, |object| any(object_labels(object)))?)?;
    }
    Ok(passes)
}
