//! Values of any form as JSON.

use serde_json::{Map, Number, Value as Json};

use super::parse::{First, is_whole, parse};
use super::{Node, Scalar, Value};
use crate::error::Read;

/// The value of a YAML document as JSON. Keys are text; numbers that JSON does not have are text,
/// too. `None` if the text is not one document of YAML.
#[must_use]
pub fn json(text: &str) -> Option<Json> {
    let First { root, next_line } = parse(text).ok()?;
    if next_line.is_some() || !is_whole(text) {
        return None;
    }
    root.map_or(Some(Json::Null), |root| root.json().ok())
}

impl Node {
    /// The value as [`json`].
    pub(crate) fn json(&self) -> Read<Json> {
        match &self.value {
            Value::Scalar(scalar) => Ok(scalar.json()),
            Value::Sequence(elements) => elements.iter().map(|element| element.json()).collect(),
            Value::Mapping(_) => {
                let pairs = self.pairs("map[string]interface {}")?.into_iter();
                let pairs = pairs.map(|(key, value)| Ok((key, value.json()?)));
                Ok(Json::Object(pairs.collect::<Read<Map<_, _>>>()?))
            }
        }
    }
}

impl Scalar {
    fn json(&self) -> Json {
        if self.is_null() {
            return Json::Null;
        }
        let flag = || self.flag().map(Json::Bool);
        let integer = || Number::from_i128(self.integer_text()?).map(Json::Number);
        let float = || Number::from_f64(self.float()?).map(Json::Number);
        let number = || integer().or_else(float);
        flag().or_else(number).unwrap_or_else(|| Json::String(self.text.clone()))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_have_the_types_of_yaml() {
        for (text, expected) in [
            (
                "{a: [1, 1.5, yes, ~, 'yes', text], 1: {b: .inf}}",
                Some(r#"{"1":{"b":".inf"},"a":[1,1.5,true,null,"yes","text"]}"#),
            ),
            ("", Some("null")),
            ("[FIRING:1] Down", None),
            ("a\n---\nb", None),
            ("{", None),
        ] {
            assert_eq!(super::json(text).map(|json| json.to_string()).as_deref(), expected);
        }
    }
}
