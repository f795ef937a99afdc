//! Alertmanager's own cases.

use notify::Notify as _;
use serde_json::Value as Json;
use template::alertmanager::Status;

use crate::support::{Answer, HttpServer, alert, notification, notifier, one};

/// The cases of a test in a file of the corpora; `None`, with a notice, if they are absent.
fn cases(file: &str, test: &str) -> Option<Vec<Json>> {
    let text = conformance::corpus_text(&format!("alertmanager/derived/{file}.json"))?;
    let file: Json = serde_json::from_str(&text).unwrap();
    let tables = file["tables"].as_array().unwrap();
    let table = tables.iter().find(|table| table["test"] == test).unwrap();
    Some(table["cases"].as_array().unwrap().clone())
}

/// The settings of a configuration in Go as those of YAML, without the address and the key.
fn yaml(config: &Json) -> String {
    let entries = config.as_object().unwrap().iter();
    let known = entries.filter(|(name, value)| {
        let is_wanted = value.is_string() || value.is_array() || *name == "Details";
        is_wanted && !name.starts_with(['_', 'A']) || *name == "Actions"
    });
    let settings =
        known.map(|(name, value)| format!("{}: {}", name.to_lowercase(), lower_keys(value)));
    settings.collect::<Vec<_>>().join(", ")
}

fn lower_keys(value: &Json) -> Json {
    match value {
        Json::Object(entries) => entries
            .iter()
            .filter(|(key, _)| !key.starts_with('_'))
            .map(|(key, value)| (key.clone(), lower_keys(value)))
            .collect(),
        Json::Array(items) => items.iter().map(lower_first).collect(),
        value => value.clone(),
    }
}

fn lower_first(value: &Json) -> Json {
    let entries = value.as_object().unwrap().iter().filter(|(key, _)| !key.starts_with('_'));
    entries.map(|(key, value)| (key.to_lowercase(), value.clone())).collect()
}

#[tokio::test]
async fn alerts_of_opsgenie_are_those_of_alertmanager() {
    let Some(cases) = cases("notify__opsgenie__opsgenie_test", "TestOpsGenie") else { return };
    let values = [
        ("Message", "message"),
        ("Description", "description"),
        ("Source", "http://prometheus"),
        ("ResponderName1", "TeamA"),
        ("ResponderType1", "team"),
        ("ResponderName2", "EscalationA"),
        ("ResponderType2", "escalation"),
        ("ResponderName3", "TeamA,TeamB"),
        ("ResponderType3", "teams"),
        ("Tags", "tag1,tag2"),
        ("Note", "this is a note"),
        ("Priority", "P1"),
        ("Entity", "test-domain"),
        ("Actions", "doThis,doThat"),
    ];
    for case in &cases {
        let server = HttpServer::start([Answer::json(202, "{}")]).await;
        let settings = yaml(&case["cfg"]);
        let section =
            format!("opsgenie_configs: [{{api_url: '{}', api_key: k, {settings}}}]", server.url);
        let notifier = notifier(&section);
        for (values, expected) in
            [(&values[..], "expectedBody"), (&[][..], "expectedEmptyAlertBody")]
        {
            let alerts = vec![alert(Status::Firing, values, &[])];
            notifier.notify(&notification(alerts)).await.unwrap();
            let expected: Json = serde_json::from_str(case[expected].as_str().unwrap()).unwrap();
            assert_eq!(server.one().json(), expected, "{}", case["title"]);
        }
    }
    assert_eq!(cases.len(), 3);
}

#[tokio::test]
async fn answers_of_slack_are_those_of_alertmanager() {
    let Some(cases) = cases("notify__slack__slack_test", "TestNotifier_Notify_WithReason") else {
        return;
    };
    let mut count = 0;
    for case in &cases {
        let Some(status) = case["statusCode"].as_u64() else { continue };
        let body = case["responseBody"].as_str().unwrap_or_default();
        let answer = if body.starts_with('{') { Answer::json } else { Answer::new };
        let server = HttpServer::start([answer(status as u16, body)]).await;
        let section =
            format!("slack_configs: [{{api_url: '{}', channel: channelname}}]", server.url);
        let sent = notifier(&section).notify(&one(Status::Firing)).await;
        count += 1;
        let Err(failure) = sent else {
            assert_eq!(case["noError"], true, "{case}");
            continue;
        };
        assert_eq!(failure.is_retryable, case["expectedRetry"].as_bool().unwrap(), "{case}");
        assert!(failure.message.contains(case["expectedErr"].as_str().unwrap()), "{failure:?}");
        assert!(failure.message.contains("channelname"), "{failure:?}");
        let reason = case["expectedReason"]["_ref"].as_str().unwrap();
        let name = failure.reason.name().to_lowercase();
        assert!(reason.to_lowercase().contains(&name) || name == "other", "{reason} {name}");
    }
    assert!(count >= 6, "{count}");
}

#[tokio::test]
async fn messages_of_telegram_are_those_of_alertmanager() {
    let Some(cases) = cases("notify__telegram__telegram_test", "TestTelegramNotify") else {
        return;
    };
    let mut count = 0;
    for case in &cases {
        let (Some(message), Some(expected)) =
            (case["cfg"]["Message"].as_str(), case["expText"].as_str())
        else {
            continue;
        };
        let server = HttpServer::start([Answer::json(200, r#"{"ok":true}"#)]).await;
        let mode = case["cfg"]["ParseMode"].as_str().unwrap_or_default();
        let section = format!(
            "telegram_configs: [{{api_url: '{}', bot_token: t, chat_id: 1, parse_mode: '{mode}', \
             message: '{message}'}}]",
            server.url
        );
        notifier(&section).notify(&one(Status::Firing)).await.unwrap();
        assert_eq!(server.one().json()["text"], expected, "{case}");
        count += 1;
    }
    assert!(count >= 3, "{count}");
}

#[tokio::test]
async fn refusals_of_incidentio_are_those_of_alertmanager() {
    let Some(cases) = cases("notify__incidentio__incidentio_test", "TestIncidentIORetryScenarios")
    else {
        return;
    };
    for case in &cases {
        let body = case["responseBody"].as_str().unwrap();
        let status = case["statusCode"].as_u64().unwrap();
        let server = HttpServer::start([Answer::json(status as u16, body)]).await;
        let section =
            format!("incidentio_configs: [{{url: '{}', alert_source_token: t}}]", server.url);
        let expected = case["expectErrorMsgContains"].as_str().unwrap();
        match notifier(&section).notify(&one(Status::Firing)).await {
            Ok(_) => assert!(expected.is_empty(), "{case}"),
            Err(failure) => {
                assert!(failure.message.contains(expected), "{case}: {failure:?}");
                assert_eq!(failure.is_retryable, case["expectRetry"].as_bool().unwrap(), "{case}");
            }
        }
    }
}
