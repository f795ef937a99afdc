//! The section `inhibit_rules`: which alerts mute others.

use super::Warning;
use super::route::{label_pairs, matchers, patterns};
use crate::error::Read;
use crate::matcher::Matchers;
use crate::yaml::{Document, Fields, Node};

/// Alerts that mute others.
#[derive(Debug, Clone, PartialEq)]
pub struct InhibitRule {
    /// The name, or empty.
    pub name: String,
    /// The alerts that mute.
    pub source_matchers: Matchers,
    /// The alerts that are muted.
    pub target_matchers: Matchers,
    /// Labels that both have with equal values; an absent label has the empty value.
    pub equal: Vec<String>,
}

pub(super) fn read(
    document: &Document,
    main: &mut Fields<'_>,
    warnings: &mut Vec<Warning>,
) -> Read<Vec<InhibitRule>> {
    let elements = main.elements("inhibit_rules")?.iter();
    elements.map(|node| rule(document, node, warnings)).collect()
}

fn rule(document: &Document, node: &Node, warnings: &mut Vec<Warning>) -> Read<InhibitRule> {
    let mut fields = Fields::new(document, node, "common.plain")?;
    let fields = &mut fields;
    let name = fields.text_or_empty("name")?;
    let source_matchers = side(fields, "source", warnings)?;
    let target_matchers = side(fields, "target", warnings)?;
    let equal = fields.texts("equal")?;
    fields.finish()?;
    if equal.iter().any(String::is_empty) {
        return Err(fields.fault("equal", "invalid label name \"\" in equal list"));
    }
    Ok(InhibitRule { name, source_matchers, target_matchers, equal })
}

fn side(fields: &mut Fields<'_>, side: &str, warnings: &mut Vec<Warning>) -> Read<Matchers> {
    let mut all = label_pairs(fields, &format!("{side}_match"))?;
    all.extend(patterns(fields, &format!("{side}_match_re"))?);
    all.extend(matchers(fields, &format!("{side}_matchers"), warnings)?);
    Ok(Matchers::sorted(all))
}
