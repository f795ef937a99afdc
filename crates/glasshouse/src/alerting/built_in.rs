//! Rules that come with the program.

use std::collections::BTreeSet;
use std::path::Path;

use adopt::rules::{Language, Rule, RuleFile, RuleKind};

use super::rule_files::read_as;
use super::texts::Texts;
use crate::config::{ConfigError, Rules};

/// The folder that the files are shown in.
const FOLDER: &str = "built in";
/// The group that is evaluated only if the configuration names it: its alert always fires.
const WATCHDOG: &str = "watchdog";

/// A file of rules.
macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../rules/", $name)))
    };
}

const FILES: [(&str, &str); 14] = [
    file!("drift.yml"),
    file!("glasshouse.yml"),
    file!("gpu.yml"),
    file!("http.yml"),
    file!("llm.yml"),
    file!("mcp.yml"),
    file!("memory.yml"),
    file!("postgresql.yml"),
    file!("redis.yml"),
    file!("service.yml"),
    file!("sse.yml"),
    file!("tasks.yml"),
    file!("watchdog.yml"),
    file!("web-vitals.yml"),
];

/// The files with the groups that a configuration selects, or with the default ones if it selects
/// none.
///
/// # Errors
/// That the configuration names a group or an alert that does not exist.
pub(super) fn load(config: &Rules, has_defaults: bool) -> Result<Vec<RuleFile>, ConfigError> {
    let mut files = Vec::new();
    for (name, text) in FILES {
        let path = Path::new(FOLDER).join(name);
        files.push(read_as(&path, &Texts::one(&path, text), Language::PromQl)?);
    }
    check(config, &files)?;
    let is_selected = |group: &str| match &config.built_in {
        Some(groups) => groups.iter().any(|selected| selected == group),
        None => has_defaults && group != WATCHDOG,
    };
    for file in &mut files {
        file.groups.retain(|group| is_selected(&group.name));
        for rule in file.groups.iter_mut().flat_map(|group| &mut group.rules) {
            let changed = config.thresholds.get(rule.name());
            if let Some(expr) = changed.and_then(|value| with_threshold(&rule.expr.text, *value)) {
                rule.expr.text = expr;
            }
        }
    }
    files.retain(|file| !file.groups.is_empty());
    Ok(files)
}

/// The text of a file that comes with the program.
pub(super) fn text(file: &Path) -> Option<&'static str> {
    let name = file.strip_prefix(FOLDER).ok()?;
    FILES.iter().find(|(file, _)| Path::new(file) == name).map(|(_, text)| *text)
}

fn check(config: &Rules, files: &[RuleFile]) -> Result<(), ConfigError> {
    let groups = || files.iter().flat_map(|file| &file.groups);
    let unknown = |key: &str, name: &str, known: BTreeSet<&str>| {
        let known: Vec<&str> = known.into_iter().collect();
        let known = known.join(", ");
        Err(ConfigError::new(key, format!("there is no {name:?}; there are {known}")))
    };
    for name in config.built_in.iter().flatten() {
        if !groups().any(|group| group.name == *name) {
            let known = groups().map(|group| group.name.as_str());
            return unknown("rules.built_in", name, known.collect());
        }
    }
    for (name, value) in &config.thresholds {
        let has_threshold = |rule: &&Rule| {
            let is_alert = matches!(rule.kind, RuleKind::Alerting { .. });
            is_alert && with_threshold(&rule.expr.text, *value).is_some()
        };
        let alerts = || groups().flat_map(|group| &group.rules).filter(has_threshold);
        if !alerts().any(|rule| rule.name() == name) {
            return unknown("rules.thresholds", name, alerts().map(Rule::name).collect());
        }
        if !value.is_finite() {
            let message = format!("the threshold of {name} is not a finite number");
            return Err(ConfigError::new("rules.thresholds", message));
        }
    }
    Ok(())
}

/// An expression with another number at its end; `None` if it does not end in one.
fn with_threshold(expr: &str, value: f64) -> Option<String> {
    let (head, last) = expr.trim_end().rsplit_once(char::is_whitespace)?;
    last.parse::<f64>().ok()?;
    Some(format!("{head} {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(yaml: &str) -> Rules {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn groups(config: &Rules, has_defaults: bool) -> Vec<String> {
        let files = load(config, has_defaults).unwrap();
        files.iter().flat_map(|file| &file.groups).map(|group| group.name.clone()).collect()
    }

    #[test]
    fn the_configuration_selects_groups() {
        let all = groups(&Rules::default(), true);
        assert_eq!(all.len(), FILES.len() - 1, "{all:?}");
        assert!(!all.contains(&WATCHDOG.to_owned()), "{all:?}");
        assert_eq!(groups(&Rules::default(), false), [""; 0]);
        assert_eq!(groups(&config("built_in: []"), true), [""; 0]);
        for has_defaults in [false, true] {
            assert_eq!(groups(&config("built_in: [watchdog]"), has_defaults), ["watchdog"]);
        }
    }

    #[test]
    fn a_threshold_takes_the_place_of_the_number_at_the_end() {
        for (expr, expected) in [
            ("up == 0", Some("up == 7.5")),
            ("a\n  / b\n> 1e3\n", Some("a\n  / b\n> 7.5")),
            ("a > -1", Some("a > 7.5")),
            ("absent(up)", None),
            ("a > 5m", None),
            ("5", None),
        ] {
            let (got, expected) = (with_threshold(expr, 7.5), expected.map(str::to_owned));
            // The white space before the number is not kept.
            let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(got.map(words), expected.map(words), "{expr}");
        }
    }

    #[test]
    fn names_that_do_not_exist_are_errors() {
        for (text, parts) in [
            ("built_in: [watchdgo]", ["rules.built_in", "watchdgo", "watchdog"]),
            ("thresholds: {Nothing: 1}", ["rules.thresholds", "Nothing", "there are"]),
        ] {
            let error = load(&config(text), true).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{error} lacks {part}");
            }
        }
    }
}
