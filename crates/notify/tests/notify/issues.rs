//! Jira: how the issue of a group is found, written, resolved and opened again.

use notify::{Failure, Notify as _, Sent};
use serde_json::{Value as Json, json};
use template::alertmanager::Status;

use crate::support::{Answer, HttpServer, KEY, notifier, one};

const NONE: &str = r#"{"issues":[]}"#;
const OPEN: &str =
    r#"{"issues":[{"key":"OPS-1","fields":{"status":{"statusCategory":{"key":"new"}}}}]}"#;
const DONE: &str =
    r#"{"issues":[{"key":"OPS-1","fields":{"status":{"statusCategory":{"key":"done"}}}}]}"#;
const TRANSITIONS: &str =
    r#"{"transitions":[{"id":"11","name":"CLOSE"},{"id":"12","name":"OPEN"}]}"#;

/// Notifies with a server that answers so; returns what was asked, and the bodies.
async fn notified(
    settings: &str,
    status: Status,
    answers: &[&str],
) -> (Vec<String>, Vec<Json>, Result<Sent, Failure>) {
    let server = HttpServer::start(answers.iter().map(|body| Answer::json(200, body))).await;
    let section = format!(
        "jira_configs: [{{api_url: '{}/rest/api/2', project: OPS, issue_type: Bug, {settings}}}]",
        server.url
    );
    let sent = notifier(&section).notify(&one(status)).await;
    let got = server.take();
    let lines = got.iter().map(|got| got.line().replace("/rest/api/2", "")).collect();
    let bodies = got.iter().map(|got| if got.body.is_empty() { Json::Null } else { got.json() });
    (lines, bodies.collect(), sent)
}

#[tokio::test]
async fn an_issue_is_created_for_a_new_group() {
    let settings = "labels: [z, '{{ .GroupLabels.alertname }}'], fields: {custom: '{{ .Status }}', \
                    components: [{name: 'a'}]}, description: 'd'";
    let (lines, bodies, sent) = notified(settings, Status::Firing, &[NONE, "{}"]).await;
    assert_eq!(lines, ["POST /search", "POST /issue"]);
    let label = format!("ALERT{{{KEY}}}");
    let jql = format!(
        "statusCategory != Done and project=\"OPS\" and labels=\"{label}\" order by status \
         ASC,resolutiondate DESC"
    );
    assert_eq!(bodies[0], json!({"jql": jql, "maxResults": 2, "fields": ["status"]}));
    let expected = json!({"fields": {
        "summary": "[FIRING:1] Down (api critical)", "description": "d",
        "project": {"key": "OPS"}, "issuetype": {"name": "Bug"}, "priority": {"name": "High"},
        "labels": [label, "Down", "z"], "custom": "firing", "components": [{"name": "a"}],
    }});
    assert_eq!(bodies[1], expected);
    let message: Json = serde_json::from_str(&sent.unwrap().message).unwrap();
    assert_eq!(message, expected);
}

#[tokio::test]
async fn no_issue_is_created_for_a_group_that_is_resolved() {
    let (lines, _, sent) = notified("", Status::Resolved, &[NONE]).await;
    assert_eq!(lines, ["POST /search"]);
    assert!(sent.is_ok());
}

#[tokio::test]
async fn an_issue_is_updated_resolved_and_opened_again() {
    let both = "resolve_transition: CLOSE, reopen_transition: OPEN";
    let kept = "summary: {enable_update: false}, description: {enable_update: false}";
    for (settings, status, found, transition) in [
        (both, Status::Firing, OPEN, None),
        (both, Status::Firing, DONE, Some("12")),
        (both, Status::Resolved, OPEN, Some("11")),
        (both, Status::Resolved, DONE, None),
        ("", Status::Resolved, OPEN, None),
        (kept, Status::Firing, OPEN, None),
    ] {
        let answers = [found, "{}", TRANSITIONS, "{}"];
        let (lines, bodies, sent) = notified(settings, status, &answers).await;
        assert!(sent.is_ok(), "{sent:?}");
        let has_summary = bodies[1]["fields"].get("summary").is_some();
        let has_description = bodies[1]["fields"].get("description").is_some();
        assert_eq!((has_summary, has_description), (settings != kept, settings != kept));
        match transition {
            None => assert_eq!(lines, ["POST /search", "PUT /issue/OPS-1"]),
            Some(id) => {
                let path = "/issue/OPS-1/transitions";
                let asked = [format!("GET {path}"), format!("POST {path}")];
                assert_eq!(lines[..2], ["POST /search", "PUT /issue/OPS-1"]);
                assert_eq!(lines[2..], asked);
                assert_eq!(bodies[3], json!({"transition": {"id": id}}));
            }
        }
    }
    let answers = [OPEN, "{}", TRANSITIONS];
    let (_, _, sent) = notified("resolve_transition: none", Status::Resolved, &answers).await;
    assert_eq!(sent.unwrap_err().message, "can't find transition none for issue OPS-1");
}

#[tokio::test]
async fn an_issue_is_found_as_the_settings_say() {
    let reopened = "reopen_transition: OPEN, reopen_duration: 1h";
    for (settings, status, start) in [
        ("", Status::Firing, "statusCategory != Done and project="),
        (
            reopened,
            Status::Firing,
            "(resolutiondate is EMPTY OR resolutiondate >= -60m) and project=",
        ),
        (reopened, Status::Resolved, "statusCategory != Done and project="),
        (
            "wont_fix_resolution: Won\\'t \"Do",
            Status::Firing,
            "(resolution is EMPTY or resolution != \"Won\\\\'t \\\"Do\") and statusCategory != Done",
        ),
    ] {
        let (_, bodies, _) = notified(settings, status, &[NONE, "{}"]).await;
        let jql = bodies[0]["jql"].as_str().unwrap();
        assert!(jql.starts_with(start), "{jql}");
    }
    let (_, bodies, _) = notified("api_type: cloud", Status::Resolved, &[NONE]).await;
    assert_eq!(bodies.len(), 1);
}

#[tokio::test]
async fn the_cloud_is_searched_elsewhere() {
    let server = HttpServer::start([Answer::json(200, NONE)]).await;
    for (kind, expected) in [
        ("cloud", "POST /rest/api/3/search/jql"),
        ("datacenter", "POST /rest/api/2/search"),
        ("auto", "POST /rest/api/2/search"),
    ] {
        let section = format!(
            "jira_configs: [{{api_url: '{}/rest/api/2', project: P, issue_type: B, api_type: \
             {kind}}}]",
            server.url
        );
        notifier(&section).notify(&one(Status::Resolved)).await.unwrap();
        assert_eq!(server.one().line(), expected);
    }
}

#[tokio::test]
async fn version_3_takes_documents() {
    let server = HttpServer::start([Answer::json(200, NONE), Answer::json(200, "{}")]).await;
    let section = |description: &str| {
        format!(
            "jira_configs: [{{api_url: '{}/rest/api/3', project: P, issue_type: B, description: \
             '{description}'}}]",
            server.url
        )
    };
    notifier(&section(r#"{"type":"doc"}"#)).notify(&one(Status::Firing)).await.unwrap();
    let got = server.take();
    assert_eq!(got[1].json()["fields"]["description"], json!({"type": "doc"}));
    let failure = notifier(&section("text")).notify(&one(Status::Firing)).await.unwrap_err();
    assert_eq!(failure.message, "description template: invalid JSON for API v3");
}
