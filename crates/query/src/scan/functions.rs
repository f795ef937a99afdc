//! Functions of SQL and scans besides DataFusion's own: ids as text, and attributes of resources
//! and scopes, which are stored as dictionary-encoded JSON objects.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, MapBuilder, MapFieldNames, StringBuilder,
    StringViewBuilder,
};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DataType, Int32Type};
use datafusion::common::{ScalarValue, exec_err, plan_err};
use datafusion::error::DataFusionError;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::prelude::ident;
use signals::attributes::{dictionary_type, json, map_type};
use signals::{log, span};

/// Our own functions, for registration.
pub(crate) fn all() -> Vec<Arc<ScalarUDF>> {
    let mut all = vec![hex_text(), attribute_map(), attribute_value()];
    all.extend(super::attributes::all());
    all.extend(super::labels::all());
    all
}

/// The value of an attribute as text, null for rows without it. `column` is `attributes`,
/// `resource_attributes` or `scope_attributes`.
#[must_use]
pub(crate) fn attribute(column: &str, key: &str) -> Expr {
    if column == span::column::ATTRIBUTES || column == log::column::ATTRIBUTES {
        get_field(ident(column), key)
    } else {
        attribute_value().call(vec![ident(column), lit(key)])
    }
}

/// `hex_text(id)`: lower-case hexadecimal text of a binary id.
pub(crate) fn hex_text() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(HexText { signature: any(1) }.into()));
    Arc::clone(&FUNCTION)
}

/// `attribute_map(json)`: a JSON object of attributes as a map of text to text.
pub(crate) fn attribute_map() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(AttributeMap { signature: any(1) }.into()));
    Arc::clone(&FUNCTION)
}

/// `attribute_value(json, key)`: one value of a JSON object of attributes, as text. The same as
/// `attribute_map(json)[key]`, but parses each distinct object once and copies only the value.
pub(crate) fn attribute_value() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(AttributeValue { signature: any(2) }.into()));
    Arc::clone(&FUNCTION)
}

fn any(arguments: usize) -> Signature {
    Signature::any(arguments, Volatility::Immutable)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct HexText {
    signature: Signature,
}

impl ScalarUDFImpl for HexText {
    fn name(&self) -> &'static str {
        "hex_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType, DataFusionError> {
        match arguments {
            [DataType::FixedSizeBinary(_)] => Ok(DataType::Utf8View),
            other => plan_err!("hex_text needs a binary id, not {other:?}"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let Some(ids) = arrays.first().and_then(|ids| ids.as_fixed_size_binary_opt()) else {
            return exec_err!("hex_text needs a binary id");
        };
        let mut texts = StringViewBuilder::with_capacity(ids.len());
        let mut text = String::new();
        for id in ids {
            match id {
                Some(id) => {
                    text.clear();
                    for byte in id {
                        for digit in [byte >> 4, byte & 15] {
                            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                        }
                    }
                    texts.append_value(&text);
                }
                None => texts.append_null(),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AttributeMap {
    signature: Signature,
}

impl ScalarUDFImpl for AttributeMap {
    fn name(&self) -> &'static str {
        "attribute_map"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType, DataFusionError> {
        match arguments {
            [json] if is_text(json) => Ok(map_type()),
            other => plan_err!("attribute_map needs JSON text, not {other:?}"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let objects = Objects::new(arrays.first())?;
        let names = MapFieldNames {
            entry: signals::attributes::ENTRY.to_owned(),
            key: "key".to_owned(),
            value: "value".to_owned(),
        };
        let mut maps = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
        for object in &objects.parsed {
            for (name, value) in object.iter().flatten() {
                maps.keys().append_value(name);
                maps.values().append_value(value);
            }
            maps.append(object.is_some())?;
        }
        let maps = take(&maps.finish(), objects.json.keys(), None)?;
        Ok(ColumnarValue::Array(maps))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AttributeValue {
    signature: Signature,
}

impl ScalarUDFImpl for AttributeValue {
    fn name(&self) -> &'static str {
        "attribute_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType, DataFusionError> {
        match arguments {
            [json, key] if is_text(json) && is_text(key) => Ok(DataType::Utf8),
            other => plan_err!("attribute_value needs JSON text and a key, not {other:?}"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let [json, key] = args.args.as_slice() else {
            return exec_err!("attribute_value needs JSON text and a key");
        };
        let ColumnarValue::Scalar(key) = key else {
            return exec_err!("the key of attribute_value is the same for all rows");
        };
        let key = key.try_as_str().flatten();
        let objects = Objects::new(Some(&json.to_array(args.number_rows)?))?;
        let values: Vec<Option<&str>> = objects
            .parsed
            .iter()
            .map(|object| {
                let (_, value) = object.iter().flatten().find(|(name, _)| Some(&**name) == key)?;
                Some(value.as_str())
            })
            .collect();
        let mut texts = StringBuilder::new();
        for index in objects.json.keys() {
            let value = index.and_then(|index| values.get(usize::try_from(index).ok()?));
            texts.append_option(value.copied().flatten());
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// JSON objects, parsed once per distinct text.
struct Objects {
    json: DictionaryArray<Int32Type>,
    /// The pairs of each dictionary value; `None` if no row uses it.
    parsed: Vec<Option<Vec<(String, String)>>>,
}

impl Objects {
    fn new(array: Option<&ArrayRef>) -> Result<Self, DataFusionError> {
        let Some(array) = array else {
            return exec_err!("attributes are missing");
        };
        let array = cast(array, &dictionary_type())?;
        let Some(json) = array.as_dictionary_opt::<Int32Type>() else {
            return exec_err!("attributes are not text");
        };
        let texts = json.values().as_string::<i32>();
        let mut parsed = vec![None; texts.len()];
        // A filtered batch keeps its whole dictionary, of which few values may be used.
        let mut is_seen = vec![false; texts.len()];
        for index in json.keys().iter().flatten() {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if let (Some(is_seen @ false), Some(slot)) =
                (is_seen.get_mut(index), parsed.get_mut(index))
                && texts.is_valid(index)
            {
                *is_seen = true;
                *slot = Some(pairs(texts.value(index)));
            }
        }
        Ok(Self { json: json.clone(), parsed })
    }
}

/// The pairs of a JSON object, with values as text in the form of a row's own attributes.
fn pairs(object: &str) -> Vec<(String, String)> {
    json::object(object).iter().map(|(name, value)| (name.clone(), json::text(value).0)).collect()
}

/// A literal id in lower-case hexadecimal text as its binary value. Text that is not an id becomes
/// the all-zero id, which no protocol allows and no row has.
pub(crate) fn id_of_hex(text: &str, bytes: usize) -> ScalarValue {
    let digit = |c: &u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let digits: Option<Vec<u8>> = text.as_bytes().iter().map(digit).collect();
    let id = match digits {
        Some(digits) if digits.len() == 2 * bytes => digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
        _ => vec![0; bytes],
    };
    ScalarValue::FixedSizeBinary(i32::try_from(bytes).unwrap_or_default(), Some(id))
}
