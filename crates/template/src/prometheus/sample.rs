//! Samples that queries return.

use std::collections::BTreeMap;

use crate::text::{Overflow, Text};
use crate::value::{Field, STRING_MAP, TooDeep, Type, Value};

/// A sample of an instant vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its labels, with `__name__`.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: SampleValue,
}

/// The value of a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleValue {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram {
        /// Number of observations.
        count: f64,
        /// Sum of observations.
        sum: f64,
        /// How Prometheus prints it.
        text: String,
    },
}

/// The type of samples.
pub(super) static SAMPLE: Type = Type {
    fields: &[Field { name: "Labels", json: "Labels" }, Field { name: "Value", json: "Value" }],
    ..Type::new("*template.sample")
};
/// The type of query results.
pub(super) static QUERY_RESULT: Type = Type::new("template.queryResult");
/// The type of native histograms.
static HISTOGRAM: Type = Type {
    fields: &[
        Field { name: "Count", json: "Count" },
        Field { name: "Sum", json: "Sum" },
        Field { name: "text", json: "" },
    ],
    print: Some(print_histogram),
    ..Type::new("*histogram.FloatHistogram")
};

fn print_histogram(value: &Value, out: &mut Text) -> Result<(), Overflow> {
    match value {
        Value::Struct(fields) => {
            out.push(fields.field("text").and_then(Value::as_text).unwrap_or_default())
        }
        _ => Ok(()),
    }
}

impl SampleValue {
    /// The value in templates.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Float(number) => Value::Float(*number),
            Self::Histogram { count, sum, text } => {
                let fields =
                    vec![Value::Float(*count), Value::Float(*sum), Value::from(text.as_str())];
                Value::structure(&HISTOGRAM, fields).unwrap_or(Value::Nil)
            }
        }
    }
}

impl Sample {
    /// The sample in templates.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let labels = Value::string_map(&STRING_MAP, &self.labels);
        Value::structure(&SAMPLE, vec![labels, self.value.to_value()]).unwrap_or(Value::Nil)
    }
}

/// The result of a query in templates.
pub(super) fn query_result(samples: &[Sample]) -> Result<Value, TooDeep> {
    Value::list(&QUERY_RESULT, samples.iter().map(Sample::to_value).collect())
}
