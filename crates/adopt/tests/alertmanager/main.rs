//! `alertmanager.yml` and matchers against the files and messages of Alertmanager's own tests, and
//! against files of real deployments.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod intervals;
mod matchers;
mod receivers;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use adopt::alertmanager::{Config, GroupBy, Route, load};
use adopt::{Files, SystemFiles};
use conformance::{Corpus, Tolerated};
use serde_json::Value;
use signals::Labels;

/// Files of `alertmanager/config` that Alertmanager refuses, with its messages.
const REFUSED_FILES: &str = include_str!("refused.txt");

fn facts(path: &str) -> Option<Value> {
    let file = serde_json::from_str(&conformance::corpus_text(path)?);
    assert!(file.is_ok(), "{path} is not JSON");
    file.ok()
}

fn counted(name: &str) -> Corpus {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alertmanager-tolerated.txt");
    Corpus::new(name, Tolerated::read(&list))
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

/// The cases of a test in a file of facts.
fn table<'a>(file: &'a Value, test: &str, table: &str) -> &'a [Value] {
    let mut tables = file["tables"].as_array().unwrap().iter();
    let found = tables.find(|case| text(case, "test") == test && text(case, "table") == table);
    found.unwrap_or_else(|| panic!("no table {table} of {test}"))["cases"].as_array().unwrap()
}

/// A file in memory.
struct Memory(String);

impl Files for Memory {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.clone().into())
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        SystemFiles.names(folder)
    }

    fn exists(&self, path: &Path) -> bool {
        SystemFiles.exists(path)
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn read_text(text: &str) -> Result<Config, String> {
    let files = Memory(text.to_owned());
    load(Path::new("alertmanager.yml"), &files).map_err(|error| error.reason())
}

fn name(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// The YAML files of a folder, in order of names.
fn files(folder: &str) -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(conformance::corpus_folder(folder)?).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "yml")).collect();
    files.sort();
    Some(files)
}

#[test]
fn files_are_read_or_refused_as_by_alertmanager() {
    let mut corpus = counted("config files");
    for file in files("alertmanager/config").into_iter().flatten() {
        let name = name(&file);
        let refused = REFUSED_FILES.lines().filter_map(|line| line.split_once(": "));
        let message = refused.filter(|(file, _)| *file == name).map(|(_, message)| message).next();
        let read = load(&file, &SystemFiles).map_err(|error| error.reason());
        let why = match (read, message) {
            (Ok(_), None) => None,
            (Ok(_), Some(_)) => Some("is read".to_owned()),
            (Err(reason), Some(message)) if reason.contains(message) => None,
            (Err(reason), _) => Some(reason),
        };
        corpus.note(name, why.map(|why| format!("{name} {why}")));
    }
    for folder in ["alertmanager/examples", "alertmanager/cli"] {
        let is_good = |file: &PathBuf| !name(file).contains(".bad.");
        for file in files(folder).into_iter().flatten().filter(is_good) {
            corpus.note(name(&file), load(&file, &SystemFiles).err().map(|e| e.to_string()));
        }
    }
    corpus.finish();
}

#[test]
fn a_file_as_it_is_shown_is_read_like_the_file() {
    let mut corpus = counted("shown files");
    for file in files("alertmanager/config").into_iter().flatten() {
        let Ok(mut config) = load(&file, &SystemFiles) else { continue };
        let shown = Memory(std::mem::take(&mut config.redacted));
        let why = match load(&file, &shown) {
            Ok(mut again) => {
                again.redacted.clear();
                let is_equal = format!("{config:?}") == format!("{again:?}");
                let is_hidden = !shown.0.contains("mysecret");
                (!is_equal || !is_hidden).then(|| format!("{}:\n{}", name(&file), shown.0))
            }
            Err(error) => Some(error.to_string()),
        };
        corpus.note(name(&file), why);
    }
    corpus.finish();
}

/// Cases of `config_test.go` without a message that say which file is refused.
const REFUSED: [&str; 9] = [
    "TestReceiverLabelsNameConflict",
    "TestGroupByHasNoDuplicatedLabels",
    "TestContinueErrorInRouteRoot",
    "TestGroupIntervalIsGreaterThanZero",
    "TestRepeatIntervalIsGreaterThanZero",
    "TestActiveTimeExists",
    "TestTimeIntervalHasName",
    "TestRouteLabelsInvalidLabelName",
    "TestGroupByInvalidLabel",
];

#[test]
fn mistakes_have_the_messages_of_alertmanager() {
    let Some(file) = facts("alertmanager/derived/config__config_test.json") else { return };
    let mut corpus = counted("messages");
    for (test, strings) in file["strings"].as_object().unwrap() {
        let yaml = text(strings, "in");
        if yaml.is_empty() {
            continue;
        }
        let expected = text(strings, "expected");
        let is_refused = !expected.is_empty() || REFUSED.contains(&test.as_str());
        let why = match read_text(yaml) {
            Ok(_) => is_refused.then(|| "is read".to_owned()),
            Err(reason) => (!is_refused || !reason.contains(expected)).then_some(reason),
        };
        corpus.note(test, why.map(|why| format!("{test}: {why}")));
    }
    let base = text(&file["strings"]["TestEmptyConfigOfIntegration"], "baseConfigTmpl");
    for case in table(&file, "TestEmptyConfigOfIntegration", "tests") {
        let integration = text(case, "integration");
        let reason = read_text(&base.replace("%s", integration)).unwrap_err();
        corpus.note(integration, (reason != text(case, "expectedErr")).then_some(reason));
    }
    for case in table(&file, "TestRootRouteHasNoMatcher", "testCases") {
        let reason = read_text(text(case, "in")).unwrap_err();
        let expected = "root route must not have any matchers";
        corpus.note(text(case, "name"), (reason != expected).then_some(reason));
    }
    corpus.finish();
}

/// A tree of routes, with receivers for all that it names.
fn routes(yaml: &str) -> Route {
    let named = |line: &str| Some(line.split_once("receiver: ")?.1.replace(['\'', '"'], ""));
    let mut receivers: Vec<String> = yaml.lines().filter_map(named).collect();
    receivers.push("root".to_owned());
    receivers.sort();
    receivers.dedup();
    let receivers = receivers.iter().map(|name| format!("- name: {}\n", name.trim()));
    let receivers = receivers.collect::<Vec<_>>().concat();
    let own = if yaml.contains("\nreceiver:") { "" } else { "\n  receiver: root" };
    let text = format!("receivers:\n{receivers}route:{own}{}\n", yaml.replace('\n', "\n  "));
    read_text(&text).unwrap_or_else(|reason| panic!("{reason}\n{text}")).route
}

/// The settings of a route as Alertmanager's tests show them.
fn options(route: &Route) -> Value {
    let group_by = match &route.group_by {
        GroupBy::All => Vec::new(),
        GroupBy::Labels(labels) => labels.clone(),
    };
    let mut options = serde_json::json!({
        "Receiver": route.receiver,
        "GroupBy": group_by,
        "GroupByAll": route.group_by == GroupBy::All,
    });
    for (key, duration) in [
        ("GroupWait", route.group_wait),
        ("GroupInterval", route.group_interval),
        ("RepeatInterval", route.repeat_interval),
    ] {
        options[key] = (duration.as_nanos() as u64).into();
    }
    options
}

/// What is wrong with the routes that an alert takes.
fn routing(route: &Route, case: &Value) -> Option<String> {
    let labels = case["input"].as_object().unwrap().iter().filter(|(name, _)| *name != "_type");
    let labels = labels.map(|(name, value)| (name, value.as_str().unwrap()));
    let found = route.matching(&Labels::from_pairs(labels));
    if let Some(expected) = case["expectedRouteLabels"].as_object() {
        let expected = expected.iter().filter(|(name, _)| *name != "_type");
        let expected: BTreeMap<&str, &str> =
            expected.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        let labels = found[0].labels.iter();
        let labels: BTreeMap<&str, &str> =
            labels.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        return (labels != expected).then(|| format!("{labels:?}, not {expected:?}"));
    }
    let keys: Vec<String> = found.iter().map(|route| route.key()).collect();
    let expected: Vec<&str> =
        case["keys"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    if keys != expected {
        return Some(format!("{keys:?}, not {expected:?}"));
    }
    let results = case["result"].as_array().unwrap().iter().zip(found);
    let mut results = results.map(|(expected, route)| (expected, options(route)));
    let is_equal = |expected: &Value, found: &Value| {
        let mut labels: Vec<&str> = expected["GroupBy"]["args"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        labels.sort_unstable();
        let mut keys = found.as_object().unwrap().keys().filter(|key| *key != "GroupBy");
        found["GroupBy"] == serde_json::json!(labels) && keys.all(|key| expected[key] == found[key])
    };
    let wrong = results.find(|(expected, found)| !is_equal(expected, found));
    wrong.map(|(expected, found)| format!("{found}, not {expected}"))
}

#[test]
fn alerts_take_the_routes_of_alertmanager() {
    let Some(file) = facts("alertmanager/curated/routing.json") else { return };
    let mut corpus = counted("routing");
    for table in file["tables"].as_array().unwrap() {
        let test = text(table, "test");
        let mut configs = file["configs"].as_array().unwrap().iter();
        let config = configs.find(|config| text(config, "test") == test).unwrap();
        let route = routes(text(&config["strings"], "in"));
        let cases = table["cases"].as_array().unwrap();
        if test == "TestRouteWalk" || test == "TestRouteID" {
            let all = route.all().into_iter();
            let found: Vec<String> = if test == "TestRouteWalk" {
                all.map(|route| route.receiver.clone()).collect()
            } else {
                all.map(Route::id).collect()
            };
            let why = (found != *cases).then(|| format!("{found:?}, not {cases:?}"));
            corpus.note(test, why);
            continue;
        }
        for case in cases {
            let why = routing(&route, case).map(|why| format!("{test}: {why}"));
            corpus.note(&format!("{test} {}", case["input"]), why);
        }
    }
    corpus.finish();
}

#[test]
fn files_of_real_deployments_are_read_in_full() {
    let Some(folder) = conformance::corpus_folder("../stacks") else { return };
    let file = folder.join("ai-platform/configs/alertmanager/alertmanager.yml");
    let config = load(&file, &SystemFiles).unwrap();
    assert!(config.unsupported.is_empty() && config.warnings.is_empty(), "{config:?}");
    assert!(config.receivers.len() > 3 && config.inhibit_rules.len() > 1);
}
