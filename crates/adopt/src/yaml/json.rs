//! Values of any form as JSON.

use serde_json::{Map, Number, Value as Json};

use super::{Node, Scalar, Value};
use crate::error::Read;

impl Node {
    /// The value as JSON. Keys are text; numbers that JSON does not have are text, too.
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
    use std::path::Path;

    use super::super::Document;

    #[test]
    fn values_have_the_types_of_yaml() {
        let text = b"{a: [1, 1.5, yes, ~, 'yes', text], 1: {b: .inf}}".to_vec();
        let document = Document::parse(Path::new("a.yml"), text).unwrap();
        let json = document.root.unwrap().json().unwrap().to_string();
        assert_eq!(json, r#"{"1":{"b":".inf"},"a":[1,1.5,true,null,"yes","text"]}"#);
    }
}
