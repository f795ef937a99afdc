//! Rewrites conditions on attributes into conditions on the promoted columns of a part.
//!
//! The footer of every part lists its attribute keys and the promoted ones. Before a part is read,
//! functions over its attributes are rewritten for that part: to the column, which statistics and
//! bloom filters prune, or to null if the part cannot have the key. Conditions that the footer does
//! not decide are evaluated on the map.

use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, IsNotNullExpr, Literal, TryCastExpr, lit,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};
use lang::logql::Comparison;
use signals::attributes::ValueType;
use signals::span::column;
use store::{ATTRIBUTE_KEYS_FOOTER, AttributeKeys, attribute_column};

use super::attributes::Function;
use super::labels::{self, LabelTest, may_become};

type Expr = Arc<dyn PhysicalExpr>;

/// Creates the rewriter of each part.
#[derive(Debug)]
pub(crate) struct PromotedAttributes;

impl PhysicalExprAdapterFactory for PromotedAttributes {
    fn create(
        &self,
        logical_file_schema: SchemaRef,
        physical_file_schema: SchemaRef,
    ) -> Result<Arc<dyn PhysicalExprAdapter>, DataFusionError> {
        let default = DefaultPhysicalExprAdapterFactory
            .create(logical_file_schema, Arc::clone(&physical_file_schema))?;
        Ok(Arc::new(OfPart { default, schema: physical_file_schema, keys: OnceLock::new() }))
    }
}

#[derive(Debug)]
struct OfPart {
    default: Arc<dyn PhysicalExprAdapter>,
    schema: SchemaRef,
    /// Read when the first expression needs it.
    keys: OnceLock<Option<AttributeKeys>>,
}

impl PhysicalExprAdapter for OfPart {
    fn rewrite(&self, expr: Expr) -> Result<Expr, DataFusionError> {
        let expr = expr.transform_down(|expr| {
            let rewritten = self.on_columns(&expr);
            Ok(rewritten.map_or_else(|| Transformed::no(expr), Transformed::yes))
        });
        self.default.rewrite(expr.data()?)
    }
}

/// A call of a function whose first arguments are columns.
struct Call<'e> {
    name: &'e str,
    literals: Vec<&'e str>,
    first_column: &'e str,
}

impl<'e> Call<'e> {
    fn of(expr: &'e Expr) -> Option<Self> {
        let function = expr.downcast_ref::<ScalarFunctionExpr>()?;
        let first_column = function.args().first()?.downcast_ref::<Column>()?.name();
        let literals = function.args().iter().filter_map(|argument| {
            argument.downcast_ref::<Literal>()?.value().try_as_str().flatten()
        });
        Some(Self { name: function.fun().name(), literals: literals.collect(), first_column })
    }

    /// The key, if this is the text of a row's own attribute.
    fn text_key(&self) -> Option<&'e str> {
        let is_text = self.name == Function::Text.name()
            || self.name == "get_field" && self.first_column == column::ATTRIBUTES;
        is_text.then(|| self.literals.first().copied()).flatten()
    }
}

/// What the footer of a part says about a key.
enum Known {
    /// No row has it.
    Absent,
    /// All values have this type; the column holds them if there is one.
    Typed(ValueType, Option<Expr>),
}

impl OfPart {
    fn keys(&self) -> Option<&AttributeKeys> {
        let footer = || self.schema.metadata().get(ATTRIBUTE_KEYS_FOOTER);
        self.keys
            .get_or_init(|| footer().and_then(|json| AttributeKeys::from_footer(json)))
            .as_ref()
    }

    fn known(&self, key: &str) -> Option<Known> {
        let keys = self.keys()?;
        let Some(counts) = keys.own.get(key) else {
            return keys.is_complete.then_some(Known::Absent);
        };
        let kind = ValueType::from_letter(u8::try_from(counts.kind?).ok()?);
        let column = counts.is_column.then(|| self.column(key)).flatten();
        Some(Known::Typed(kind, column))
    }

    fn column(&self, key: &str) -> Option<Expr> {
        let name = attribute_column(key);
        let place = self.schema.index_of(&name).ok()?;
        Some(Arc::new(Column::new(&name, place)))
    }

    /// An equivalent expression over the columns of this part.
    fn on_columns(&self, expr: &Expr) -> Option<Expr> {
        if let Some(cast) = expr.downcast_ref::<CastExpr>() {
            return self.cast(cast.expr(), cast.cast_type());
        }
        if let Some(cast) = expr.downcast_ref::<TryCastExpr>() {
            return self.cast(cast.expr(), cast.cast_type());
        }
        if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
            return self.comparison(binary);
        }
        let call = Call::of(expr)?;
        if let Some(key) = call.text_key() {
            return self.text(key);
        }
        match (call.name, call.literals.as_slice()) {
            (labels::OWN, [name, op, operand]) => {
                self.own_label(name, &LabelTest::from_literals(op, operand))
            }
            (labels::SHARED, [name, ..]) => self.shared_label(name),
            ("attribute_value", [key]) => {
                let keys = self.keys()?;
                let names = match call.first_column {
                    column::RESOURCE_ATTRIBUTES => keys.resource.as_ref(),
                    column::SCOPE_ATTRIBUTES => keys.scope.as_ref(),
                    _ => None,
                };
                names.is_some_and(|names| !names.contains(*key)).then(|| null(&DataType::Utf8))
            }
            (name, [key, rest @ ..]) => match (Function::from_name(name)?, rest) {
                (Function::OfType, [letters]) => self.of_type(key, letters),
                (Function::Number, []) => self.number(key),
                _ => None,
            },
            _ => None,
        }
    }

    /// The text of an attribute. No function formats a double as it is stored.
    fn text(&self, key: &str) -> Option<Expr> {
        match self.known(key)? {
            Known::Absent => Some(null(&DataType::Utf8)),
            Known::Typed(ValueType::String, column) => column,
            Known::Typed(ValueType::Int | ValueType::Bool, column) => {
                Some(Arc::new(CastExpr::new(column?, DataType::Utf8, None)))
            }
            Known::Typed(..) => None,
        }
    }

    fn of_type(&self, key: &str, letters: &str) -> Option<Expr> {
        match self.known(key)? {
            Known::Typed(kind, _) if letters.contains(kind.letter()) => self.text(key),
            _ => Some(null(&DataType::Utf8)),
        }
    }

    fn number(&self, key: &str) -> Option<Expr> {
        match self.known(key)? {
            Known::Typed(ValueType::Double, column) => column,
            Known::Typed(ValueType::Int, column) => {
                Some(Arc::new(CastExpr::new(column?, DataType::Float64, None)))
            }
            _ => Some(null(&DataType::Float64)),
        }
    }

    /// A cast of an attribute's text to the type of the attribute.
    fn cast(&self, text: &Expr, to: &DataType) -> Option<Expr> {
        let Known::Typed(kind, Some(column)) = self.known(Call::of(text)?.text_key()?)? else {
            return None;
        };
        match (kind, to) {
            (ValueType::Int, DataType::Int64)
            | (ValueType::Double, DataType::Float64)
            | (ValueType::Bool, DataType::Boolean) => Some(column),
            (ValueType::Int, DataType::Float64) => {
                Some(Arc::new(CastExpr::new(column, DataType::Float64, None)))
            }
            _ => None,
        }
    }

    /// A comparison of an integer or boolean attribute, as text, with the text of such a value.
    fn comparison(&self, binary: &BinaryExpr) -> Option<Expr> {
        let op = *binary.op();
        if !matches!(op, Operator::Eq | Operator::NotEq) {
            return None;
        }
        let Known::Typed(kind, Some(column)) = self.known(Call::of(binary.left())?.text_key()?)?
        else {
            return None;
        };
        let text = binary.right().downcast_ref::<Literal>()?.value().try_as_str().flatten()?;
        let value = match kind {
            ValueType::Int => {
                ScalarValue::from(text.parse::<i64>().ok().filter(|n| n.to_string() == text)?)
            }
            ValueType::Bool => ScalarValue::from(text.parse::<bool>().ok()?),
            _ => return None,
        };
        Some(Arc::new(BinaryExpr::new(column, op, lit(value))))
    }

    /// Whether a record's own attributes may yield a label.
    fn own_label(&self, name: &str, test: &LabelTest) -> Option<Expr> {
        let keys = self.keys().filter(|keys| keys.is_complete)?;
        let mut any: Option<Expr> = None;
        for (key, counts) in &keys.own {
            let may_be_object = !matches!(counts.kind, Some('s' | 'i' | 'd' | 'b' | 'x' | 'n'));
            if may_be_object && may_become(key, name, true) {
                return None;
            }
            if may_become(key, name, false) {
                let passes = self.label_column(key, test)?;
                any = Some(match any {
                    None => passes,
                    Some(any) => Arc::new(BinaryExpr::new(any, Operator::Or, passes)),
                });
            }
        }
        Some(any.unwrap_or_else(|| lit(false)))
    }

    fn label_column(&self, key: &str, test: &LabelTest) -> Option<Expr> {
        let Known::Typed(kind, Some(column)) = self.known(key)? else { return None };
        let compare = |left: Expr, op: Operator, right: ScalarValue| -> Expr {
            Arc::new(BinaryExpr::new(left, op, lit(right)))
        };
        Some(match (kind, test) {
            (ValueType::String, LabelTest::Is(text)) => {
                compare(column, Operator::Eq, ScalarValue::from(text.as_str()))
            }
            (ValueType::Int, LabelTest::Is(text)) => {
                match text.parse::<i64>().ok().filter(|number| number.to_string() == *text) {
                    Some(number) => compare(column, Operator::Eq, ScalarValue::from(number)),
                    None => lit(false),
                }
            }
            (ValueType::Bool, LabelTest::Is(text)) => match text.parse::<bool>() {
                Ok(value) => compare(column, Operator::Eq, ScalarValue::from(value)),
                Err(_) => lit(false),
            },
            (ValueType::Int | ValueType::Double, LabelTest::Compares(op, number)) => {
                let left: Expr = Arc::new(CastExpr::new(column, DataType::Float64, None));
                compared(&left, *op, *number)
            }
            _ => Arc::new(IsNotNullExpr::new(column)),
        })
    }

    /// Whether stream, resource or scope may yield a label; it can only be ruled out.
    fn shared_label(&self, name: &str) -> Option<Expr> {
        let keys = self.keys()?;
        let (stream, resource, scope) =
            (keys.stream.as_ref()?, keys.resource.as_ref()?, keys.scope.as_ref()?);
        let may_be = stream.contains(name)
            || resource
                .iter()
                .chain(scope)
                .any(|key| may_become(key, name, false) || may_become(key, name, true));
        (!may_be).then(|| lit(false))
    }
}

/// A comparison of numbers by IEEE 754. Arrow orders −0 before 0.
fn compared(left: &Expr, op: Comparison, number: f64) -> Expr {
    let compare = |op: Operator, number: f64| -> Expr {
        Arc::new(BinaryExpr::new(Arc::clone(left), op, lit(ScalarValue::from(number))))
    };
    let (low, high) = if number == 0.0 { (-0.0, 0.0) } else { (number, number) };
    match op {
        Comparison::Equal => Arc::new(BinaryExpr::new(
            compare(Operator::GtEq, low),
            Operator::And,
            compare(Operator::LtEq, high),
        )),
        Comparison::NotEqual => compare(Operator::NotEq, number),
        Comparison::Greater => compare(Operator::Gt, high),
        Comparison::GreaterOrEqual => compare(Operator::GtEq, low),
        Comparison::Less => compare(Operator::Lt, low),
        Comparison::LessOrEqual => compare(Operator::LtEq, high),
    }
}

fn null(data_type: &DataType) -> Expr {
    lit(ScalarValue::try_from(data_type).unwrap_or(ScalarValue::Null))
}

#[cfg(test)]
mod tests;
