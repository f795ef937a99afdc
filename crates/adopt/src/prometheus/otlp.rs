//! The section `otlp`: how received OTLP metrics are named.

use signals::relabel::NameScheme;

use crate::error::Read;
use crate::yaml::Fields;

/// How received OTLP metrics are named and labelled.
#[allow(clippy::struct_excessive_bools, reason = "each is a key of the file")]
#[derive(Debug, Clone, PartialEq)]
pub struct Otlp {
    /// Whether all resource attributes become labels.
    pub promote_all_resource_attributes: bool,
    /// Resource attributes that become labels.
    pub promote_resource_attributes: Vec<String>,
    /// Resource attributes that do not, if all others do.
    pub ignore_resource_attributes: Vec<String>,
    /// How names are translated.
    pub translation_strategy: TranslationStrategy,
    /// Whether `target_info` keeps the attributes that are `job` and `instance`.
    pub keep_identifying_resource_attributes: bool,
    /// Whether explicit histograms are stored as native ones with custom buckets.
    pub convert_histograms_to_nhcb: bool,
    /// Whether the scope becomes labels.
    pub promote_scope_metadata: bool,
    /// Whether labels that start with `_` get the prefix `key`.
    pub label_name_underscore_sanitization: bool,
    /// Whether several underscores in a row stay.
    pub label_name_preserve_multiple_underscores: bool,
}

/// How names of metrics and attributes become names of series and labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TranslationStrategy {
    /// Underscores in place of other characters, and suffixes of unit and type.
    #[default]
    UnderscoreEscapingWithSuffixes,
    /// Underscores in place of other characters.
    UnderscoreEscapingWithoutSuffixes,
    /// Suffixes of unit and type.
    NoUtf8EscapingWithSuffixes,
    /// None.
    NoTranslation,
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            promote_all_resource_attributes: false,
            promote_resource_attributes: Vec::new(),
            ignore_resource_attributes: Vec::new(),
            translation_strategy: TranslationStrategy::default(),
            keep_identifying_resource_attributes: false,
            convert_histograms_to_nhcb: false,
            promote_scope_metadata: false,
            label_name_underscore_sanitization: true,
            label_name_preserve_multiple_underscores: true,
        }
    }
}

pub(super) fn read(section: Option<Fields<'_>>, names: NameScheme) -> Read<Otlp> {
    let Some(mut fields) = section else {
        return Ok(Otlp::default());
    };
    let fields = &mut fields;
    let all = fields.flag("promote_all_resource_attributes", false)?;
    let otlp = Otlp {
        promote_all_resource_attributes: all,
        promote_resource_attributes: attributes(fields, "promote_resource_attributes", "promoted")?,
        ignore_resource_attributes: attributes(fields, "ignore_resource_attributes", "ignored")?,
        translation_strategy: strategy(fields, names)?,
        keep_identifying_resource_attributes: fields
            .flag("keep_identifying_resource_attributes", false)?,
        convert_histograms_to_nhcb: fields.flag("convert_histograms_to_nhcb", false)?,
        promote_scope_metadata: fields.flag("promote_scope_metadata", false)?,
        label_name_underscore_sanitization: fields
            .flag("label_name_underscore_sanitization", true)?,
        label_name_preserve_multiple_underscores: fields
            .flag("label_name_preserve_multiple_underscores", true)?,
    };
    fields.finish()?;
    if all && !otlp.promote_resource_attributes.is_empty() {
        let reason = "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot \
                      be configured simultaneously";
        return Err(fields.fault("promote_resource_attributes", reason));
    }
    if !all && !otlp.ignore_resource_attributes.is_empty() {
        let reason = "'ignore_resource_attributes' cannot be configured unless \
                      'promote_all_resource_attributes' is true";
        return Err(fields.fault("ignore_resource_attributes", reason));
    }
    Ok(otlp)
}

/// Different attributes, none of them empty.
fn attributes(fields: &mut Fields<'_>, key: &str, adjective: &str) -> Read<Vec<String>> {
    let mut attributes: Vec<String> = Vec::new();
    for element in fields.elements(key)? {
        let attribute = element.text()?.trim().to_owned();
        let reason = if attribute.is_empty() {
            format!("empty {adjective} OTel resource attribute")
        } else if attributes.contains(&attribute) {
            format!("duplicated {adjective} OTel resource attribute {attribute:?}")
        } else {
            attributes.push(attribute);
            continue;
        };
        return Err(element.fault(format!("invalid '{key}': {reason}")));
    }
    Ok(attributes)
}

fn strategy(fields: &mut Fields<'_>, names: NameScheme) -> Read<TranslationStrategy> {
    let key = "translation_strategy";
    let name = fields.text_or_empty(key)?;
    let strategy = match name.as_str() {
        "" | "UnderscoreEscapingWithSuffixes" => {
            TranslationStrategy::UnderscoreEscapingWithSuffixes
        }
        "UnderscoreEscapingWithoutSuffixes" => {
            TranslationStrategy::UnderscoreEscapingWithoutSuffixes
        }
        "NoUTF8EscapingWithSuffixes" => TranslationStrategy::NoUtf8EscapingWithSuffixes,
        "NoTranslation" => TranslationStrategy::NoTranslation,
        _ => {
            let reason = format!("unsupported OTLP translation strategy {name:?}");
            return Err(fields.fault(key, reason));
        }
    };
    let keeps_utf8 = matches!(
        strategy,
        TranslationStrategy::NoUtf8EscapingWithSuffixes | TranslationStrategy::NoTranslation
    );
    if keeps_utf8 && names == NameScheme::Legacy {
        let reason =
            format!("OTLP translation strategy {name:?} is not allowed when UTF8 is disabled");
        return Err(fields.fault(key, reason));
    }
    Ok(strategy)
}
