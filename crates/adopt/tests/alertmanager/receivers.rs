//! Sections of receivers.

use adopt::alertmanager::{Integration, Settings};
use serde_json::Value;

use crate::{counted, facts, read_text, table, text};

/// A file with one integration, and with defaults for those that need one.
fn read(kind: &str, yaml: &str) -> Result<Integration, String> {
    let lines = yaml.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<String> = lines.map(|line| format!("    {line}\n")).collect();
    let body = if lines.is_empty() { "    {}\n".to_owned() } else { lines.concat() };
    let text = format!(
        "global: {{smtp_smarthost: 'h:25', smtp_from: f, slack_api_url: 'http://g/', \
         telegram_bot_token: g, victorops_api_key: g}}\nroute: {{receiver: a}}\nreceivers:\n- \
         name: a\n  {kind}_configs:\n  -\n{body}"
    );
    Ok(read_text(&text)?.receivers.remove(0).integrations.remove(0))
}

/// What a case says that is wrong; empty if nothing is.
fn expected(case: &Value) -> &str {
    [&case["expected"]["_error"], &case["expected"], &case["expectedErr"]]
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or_default()
}

fn why(read: Result<Integration, String>, expected: &str) -> Option<String> {
    match read {
        Ok(_) if expected.is_empty() => None,
        Ok(_) => Some(format!("is read, not {expected}")),
        Err(reason) if !expected.is_empty() && reason.contains(expected) => None,
        Err(reason) => Some(format!("{reason:?}, not {expected:?}")),
    }
}

#[test]
fn sections_are_read_or_refused_as_by_alertmanager() {
    let mut corpus = counted("receiver sections");
    for (file, test, list, kind) in [
        ("config__notifiers_test", "TestLoadSlackConfiguration", "tests", "slack"),
        ("config__notifiers_test", "TestSlackAuthMethodConfigValidation", "tests", "slack"),
        ("config__notifiers_test", "TestSlackFieldConfigValidation", "tests", "slack"),
        ("config__notifiers_test", "TestWebexConfiguration", "tc", "webex"),
        ("config__notifiers_test", "TestEmailConfig_UnmarshalYAML", "testConfig", "email"),
        ("notify__telegram__config_test", "TestTelegramConfiguration", "tc", "telegram"),
        (
            "notify__mattermost__config_test",
            "TestMattermostConfig_UnmarshalYAML",
            "mc",
            "mattermost",
        ),
        ("notify__pagerduty__config_test", "TestPagerdutyDetails", "tests", "pagerduty"),
        ("notify__pagerduty__config_test", "TestPagerDutySource", "(range)", "pagerduty"),
    ] {
        let Some(file) = facts(&format!("alertmanager/derived/{file}.json")) else { return };
        for case in table(&file, test, list) {
            let (yaml, expected) = (text(case, "in"), expected(case));
            let why = why(read(kind, yaml), expected);
            corpus.note(&format!("{test} {yaml}"), why.map(|why| format!("{test} {yaml}: {why}")));
        }
    }
    corpus.finish();
}

#[test]
fn sections_with_a_flag_for_errors_are_read_or_refused() {
    let mut corpus = counted("receiver flags");
    for (file, kind) in
        [("notify__sns__config_test", "sns"), ("notify__opsgenie__config_test", "opsgenie")]
    {
        let Some(file) = facts(&format!("alertmanager/derived/{file}.json")) else { return };
        let tables = file["tables"].as_array().unwrap().iter();
        let cases = tables.flat_map(|table| table["cases"].as_array().unwrap());
        for case in cases.filter(|case| case["in"].is_string()) {
            let yaml = text(case, "in");
            let read = read(kind, yaml);
            let is_wrong = read.is_err() != case["err"].as_bool().unwrap_or_default();
            corpus.note(yaml, is_wrong.then(|| format!("{kind} {yaml}: {read:?}")));
        }
    }
    corpus.finish();
}

#[test]
fn sections_of_single_tests_have_the_messages_of_alertmanager() {
    let mut corpus = counted("receiver messages");
    for (file, kind) in [
        ("notify__webhook__config_test", "webhook"),
        ("notify__pushover__config_test", "pushover"),
        ("notify__pagerduty__config_test", "pagerduty"),
    ] {
        let Some(file) = facts(&format!("alertmanager/derived/{file}.json")) else { return };
        for (test, strings) in file["strings"].as_object().unwrap() {
            // The first message is for an empty section, the second for the text.
            let [yaml, first, second] =
                ["in", "expected", "expected'"].map(|key| text(strings, key));
            if yaml.is_empty() || !second.is_empty() {
                corpus.note(&format!("{test} empty"), why(read(kind, ""), first));
            }
            if !yaml.is_empty() {
                let expected = if second.is_empty() { first } else { second };
                corpus.note(
                    test,
                    why(read(kind, yaml), expected).map(|why| format!("{test}: {why}")),
                );
            }
        }
    }
    corpus.finish();
}

#[test]
fn addresses_of_webhooks_are_checked_unless_they_are_templates() {
    let Some(file) = facts("alertmanager/derived/config__config_test.json") else { return };
    let mut corpus = counted("receiver addresses");
    for case in table(&file, "TestSecretTemplURL", "tests") {
        let input = text(case, "input");
        if input == "\"\"" {
            continue;
        }
        let read = read("webhook", &format!("url: {input}"));
        let error = if case["expectError"] == true { text(case, "errorMsg") } else { "" };
        corpus.note(input, why(read, error).map(|why| format!("{input}: {why}")));
    }
    corpus.finish();
}

#[test]
fn the_source_of_pagerduty_is_the_client_if_there_is_none() {
    for (yaml, expected) in
        [("routing_key: k\nclient: c", "c"), ("routing_key: k\nclient: c\nsource: s", "s")]
    {
        let Settings::PagerDuty(pagerduty) = read("pagerduty", yaml).unwrap().settings else {
            panic!("{yaml}");
        };
        assert_eq!((pagerduty.source.as_str(), pagerduty.details.len()), (expected, 4));
    }
}
