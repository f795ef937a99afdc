//! Lists of relabelling rules, and texts that are names or values of labels.

use signals::relabel::{Action, Definition, NameScheme, Rule};

use crate::error::Read;
use crate::yaml::{Document, Fields, Node};

/// Reads a list of rules; `empty` is the message for a rule that is null.
pub(super) fn rules(
    fields: &mut Fields<'_>,
    key: &str,
    empty: &str,
    names: NameScheme,
) -> Read<Vec<Rule>> {
    let document = fields.document;
    let rule = |node: &Node| {
        if node.is_null() {
            return Err(node.fault(format!("empty or null {empty}")));
        }
        rule(document, node, names)
    };
    fields.elements(key)?.iter().map(|node| rule(node)).collect()
}

fn rule(document: &Document, node: &Node, names: NameScheme) -> Read<Rule> {
    let mut fields = Fields::new(document, node, "relabel.plain")?;
    let source_labels = match fields.take("source_labels") {
        None => None,
        Some(list) => {
            let names = list.elements("model.LabelNames")?.iter();
            Some(names.map(|name| label_name(name, NameScheme::Utf8)).collect::<Read<_>>()?)
        }
    };
    let definition = Definition {
        source_labels,
        separator: fields.text("separator")?,
        regex: fields.text("regex")?,
        modulus: fields.unsigned("modulus")?,
        target_label: fields.text_or_empty("target_label")?,
        replacement: fields.text("replacement")?,
        action: action(&mut fields)?,
    };
    fields.finish()?;
    Rule::new(definition, names).map_err(|reason| {
        let key = if reason.starts_with("error parsing regexp") { "regex" } else { "" };
        fields.fault(key, reason)
    })
}

fn action(fields: &mut Fields<'_>) -> Read<Action> {
    match fields.take_written("action") {
        None => Ok(Action::Replace),
        Some(node) if node.is_null() => Err(node.fault("relabel action cannot be empty")),
        Some(node) => Action::named(&node.text()?).map_err(|reason| node.fault(reason)),
    }
}

/// The name of a label.
pub(super) fn label_name(node: &Node, names: NameScheme) -> Read<String> {
    let bytes = node.text_bytes()?;
    match String::from_utf8(bytes) {
        Ok(name) if names.is_label_name(&name) => Ok(name),
        Ok(name) => Err(node.fault(format!("{name:?} is not a valid label name"))),
        Err(error) => {
            let name = error.as_bytes().escape_ascii();
            Err(node.fault(format!("\"{name}\" is not a valid label name")))
        }
    }
}

/// The value of a label.
pub(super) fn label_value(node: &Node) -> Read<String> {
    String::from_utf8(node.text_bytes()?).map_err(|error| {
        let value = error.as_bytes().escape_ascii();
        node.fault(format!("\"{value}\" is not a valid label value"))
    })
}
