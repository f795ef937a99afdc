//! Which keys an action needs, and which it must not have.

use super::{Action, Definition, NameScheme, REPLACEMENT, SEPARATOR};

/// Checks a rule; the messages are Prometheus'.
pub(super) fn check(rule: &Definition, names: NameScheme) -> Result<(), String> {
    let action = rule.action;
    let target = rule.target_label.as_str();
    let replacement = rule.replacement.as_deref().unwrap_or(REPLACEMENT);
    if action == Action::HashMod && rule.modulus == 0 {
        return Err("relabel configuration for hashmod requires non-zero modulus".to_owned());
    }
    let is_single = matches!(
        action,
        Action::Lowercase | Action::Uppercase | Action::KeepEqual | Action::DropEqual
    );
    let has_target = is_single || matches!(action, Action::Replace | Action::HashMod);
    if has_target && target.is_empty() {
        return Err(format!(
            "relabel configuration for {action} action requires 'target_label' value"
        ));
    }
    let is_target = match action {
        Action::Replace if target.contains('$') => is_template(target, names),
        _ => !has_target || names.is_label_name(target),
    };
    if !is_target {
        return Err(format!("{target:?} is invalid 'target_label' for {action} action"));
    }
    if is_single && replacement != REPLACEMENT {
        return Err(format!("'replacement' can not be set for {action} action"));
    }
    if action == Action::LabelMap && !is_template(replacement, names) {
        return Err(format!("{replacement:?} is invalid 'replacement' for {action} action"));
    }
    check_superfluous(rule, replacement)
}

fn check_superfluous(rule: &Definition, replacement: &str) -> Result<(), String> {
    let action = rule.action;
    let has_more = rule.modulus != 0
        || rule.separator.as_deref().is_some_and(|text| text != SEPARATOR)
        || replacement != REPLACEMENT;
    match action {
        Action::KeepEqual | Action::DropEqual if has_more || rule.regex.is_some() => Err(format!(
            "{action} action requires only 'source_labels' and `target_label`, and no other fields"
        )),
        Action::LabelDrop | Action::LabelKeep
            if has_more || rule.source_labels.is_some() || !rule.target_label.is_empty() =>
        {
            Err(format!("{action} action requires only 'regex', and no other fields"))
        }
        _ => Ok(()),
    }
}

/// Whether a text with references can become a label name.
fn is_template(text: &str, names: NameScheme) -> bool {
    match names {
        NameScheme::Utf8 => names.is_label_name(text),
        NameScheme::Legacy => is_legacy_template(text),
    }
}

/// Letters, digits, underscores, `$name` and `${name}`, not starting with a digit.
fn is_legacy_template(text: &str) -> bool {
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let mut rest = text;
    if rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if is_word(c) {
            continue;
        }
        let inner = rest.strip_prefix('{');
        let name = inner.unwrap_or(rest);
        let length = name.find(|c| !is_word(c)).unwrap_or(name.len());
        if c != '$' || length == 0 {
            return false;
        }
        rest = &name[length..];
        if inner.is_some() {
            let Some(after) = rest.strip_prefix('}') else {
                return false;
            };
            rest = after;
        }
    }
    true
}
