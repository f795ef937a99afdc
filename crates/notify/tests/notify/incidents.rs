//! Systems for incidents, with the exact requests.

use notify::Notify as _;
use serde_json::{Value as Json, json};
use template::alertmanager::Status;

use crate::support::{Answer, Got, HttpServer, KEY, alert, notification, notifier, one};

const SUBJECT: &str = "[FIRING:1] Down (api critical)";
const URL: &str = "http://am.example/#/alerts?receiver=team%5C.x";

#[tokio::test]
async fn pagerduty_gets_an_event() {
    let server = HttpServer::start([Answer::json(202, "{}")]).await;
    let section = format!(
        r#"pagerduty_configs:
  - url: {}/v2
    routing_key: '{{{{ "hun" }}}}ter2'
    severity: warning
    class: c
    component: '{{{{ .CommonLabels.job }}}}'
    group: g
    details: {{text: 'a: b', nested: {{n: ['{{{{ .Alerts.Firing | len }}}}', true]}}, firing: '{{{{ .Status }}}}', resolved: 'null'}}
    images: [{{src: s, alt: a, href: h}}, {{src: '', alt: a, href: h}}]
    links: [{{href: h, text: '{{{{ .Status }}}}'}}, {{href: '', text: t}}]"#,
        server.url
    );
    let sent = notifier(&section).notify(&one(Status::Firing)).await.unwrap();
    let got = server.one();
    assert_eq!(got.line(), "POST /v2");
    let expected = json!({
        "routing_key": "hunter2", "dedup_key": KEY, "event_action": "trigger",
        "client": "Alertmanager", "client_url": URL,
        "payload": {
            "summary": SUBJECT, "source": "Alertmanager", "severity": "warning", "class": "c",
            "component": "api", "group": "g",
            "custom_details": {
                "text": {"a": "b"}, "nested": {"n": [1, true]}, "firing": "firing",
                "resolved": null, "num_firing": 1, "num_resolved": 0,
            },
        },
        "images": [{"src": "s", "alt": "a", "href": "h"}],
        "links": [{"href": "h", "text": "firing"}],
    });
    assert_eq!(got.json(), expected);
    assert!(
        !sent.message.contains("hunter2") && sent.message.contains(SUBJECT),
        "{}",
        sent.message
    );

    notifier(&section).notify(&one(Status::Resolved)).await.unwrap();
    assert_eq!(server.one().json()["event_action"], "resolve");
}

#[tokio::test]
async fn a_large_event_of_pagerduty_has_no_details() {
    let server = HttpServer::start([Answer::json(202, "{}")]).await;
    let section = format!("pagerduty_configs: [{{url: '{}', routing_key: key}}]", server.url);
    let long = "x".repeat(300_000);
    let values = [("alertname", "Down")];
    let large = notification(vec![
        alert(Status::Firing, &values, &[("a", &long)]),
        alert(Status::Firing, &values, &[("b", &long)]),
    ]);
    notifier(&section).notify(&large).await.unwrap();
    let error = "Custom details have been removed because the original event exceeds the maximum \
                 size of 512KB";
    assert_eq!(server.one().json()["payload"]["custom_details"], json!({ "error": error }));
}

#[tokio::test]
async fn pagerduty_says_what_is_wrong() {
    let body =
        r#"{"status":"invalid event","message":"Event object is invalid","errors":["a","b"]}"#;
    for (status, key, expected) in [
        (400, "key", "unexpected status code 400: Event object is invalid: a,b"),
        (500, "key", "unexpected status code 500"),
        (202, "'{{ \"\" }}'", "routing key cannot be empty"),
        (202, "'{{ '", "failed to template PagerDuty v2 message: template: :1: unclosed action"),
    ] {
        let server = HttpServer::start([Answer::json(status, body)]).await;
        let section = format!("pagerduty_configs: [{{url: '{}', routing_key: {key}}}]", server.url);
        let failure = notifier(&section).notify(&one(Status::Firing)).await.unwrap_err();
        assert_eq!(failure.message, expected);
    }
    let details = "pagerduty_configs: [{url: 'http://x', routing_key: k, details: {a: '{{ .x'}}]";
    let failure = notifier(details).notify(&one(Status::Firing)).await.unwrap_err();
    let expected = "failed to render details: template: :1: unclosed action";
    assert_eq!(failure.message, expected);
}

#[tokio::test]
async fn opsgenie_alerts_are_created_updated_and_closed() {
    let server = HttpServer::start([Answer::json(202, "{}")]).await;
    let section = format!(
        r#"opsgenie_configs:
  - api_url: {}/o
    api_key: '{{{{ "s" }}}}ecret'
    description: text
    details: {{job: 'own {{{{ .CommonLabels.job }}}}'}}
    entity: e
    tags: 'a,,b'
    actions: ' x,y '
    note: n
    priority: P1
    update_alerts: true
    responders:
    - {{name: 'A,,B', type: teams}}
    - {{id: '1', type: user}}
    - {{username: '{{{{ .CommonLabels.none }}}}', type: '{{{{ .CommonLabels.none }}}}'}}"#,
        server.url
    );
    let notifier = notifier(&section);
    notifier.notify(&one(Status::Firing)).await.unwrap();
    let got = server.take();
    let lines: Vec<String> = got.iter().map(Got::line).collect();
    let of_alert = format!("/o/v2/alerts/{KEY}");
    assert_eq!(
        lines,
        [
            "POST /o/v2/alerts".to_owned(),
            format!("PUT {of_alert}/message?identifierType=alias"),
            format!("PUT {of_alert}/description?identifierType=alias"),
        ]
    );
    for got in &got {
        assert_eq!(got.header("authorization"), "GenieKey secret");
    }
    let expected = json!({
        "alias": KEY, "message": SUBJECT, "description": "text", "source": URL,
        "details": {"alertname": "Down", "job": "own api", "severity": "critical"},
        "responders": [{"name": "A", "type": "team"}, {"name": "B", "type": "team"},
                       {"id": "1", "type": "user"}],
        "tags": ["a", "b"], "note": "n", "priority": "P1", "entity": "e", "actions": ["x", "y"],
    });
    assert_eq!(got[0].json(), expected);
    assert_eq!(got[1].json(), json!({ "message": SUBJECT }));
    assert_eq!(got[2].json(), json!({ "description": "text" }));

    notifier.notify(&one(Status::Resolved)).await.unwrap();
    let got = server.one();
    assert_eq!(got.line(), format!("POST {of_alert}/close?identifierType=alias"));
    assert_eq!(got.json(), json!({ "source": URL }));
}

#[tokio::test]
async fn victorops_incidents_open_and_recover() {
    let server = HttpServer::start([Answer::json(200, "{}")]).await;
    for (kind, status, expected) in [
        ("WARNING", Status::Firing, "WARNING"),
        ("other", Status::Firing, "CRITICAL"),
        ("WARNING", Status::Resolved, "RECOVERY"),
    ] {
        let section = format!(
            "victorops_configs: [{{api_url: '{}/i/', api_key: k, routing_key: 'r {{{{ .Status }}}}', \
             message_type: {kind}, state_message: m, custom_fields: {{f: '{{{{ .Status }}}}'}}}}]",
            server.url
        );
        notifier(&section).notify(&one(status)).await.unwrap();
        let (subject, name) = match status {
            Status::Firing => (SUBJECT, "firing"),
            Status::Resolved => ("[RESOLVED] Down (api critical)", "resolved"),
        };
        let got = server.one();
        assert_eq!(got.line(), format!("POST /i/k/r%20{name}"));
        let body = json!({
            "message_type": expected, "entity_id": KEY, "entity_display_name": subject,
            "state_message": "m", "monitoring_tool": "Alertmanager", "f": name,
        });
        assert_eq!(got.json(), body);
    }
}

#[tokio::test]
async fn incidentio_gets_alerts_with_its_token() {
    let server = HttpServer::start([Answer::json(202, "{}")]).await;
    let section = format!(
        "incidentio_configs: [{{url: '{}/in', alert_source_token: tok, max_alerts: 1}}]",
        server.url
    );
    let mut two = one(Status::Firing);
    two.alerts.push(two.alerts[0].clone());
    notifier(&section).notify(&two).await.unwrap();
    let got = server.one();
    assert_eq!((got.line().as_str(), got.header("authorization")), ("POST /in", "Bearer tok"));
    let body = got.json();
    let shown = (&body["version"], &body["groupKey"], &body["truncatedAlerts"]);
    assert_eq!(shown, (&json!("1"), &json!("1"), &json!(1)));
    assert_eq!(body["alerts"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn incidentio_gets_one_alert_of_a_large_group() {
    let server = HttpServer::start([Answer::json(202, "{}")]).await;
    let section = format!("incidentio_configs: [{{url: '{}', alert_source_token: t}}]", server.url);
    let long = "x".repeat(300_000);
    let large = alert(Status::Firing, &[("alertname", "a")], &[("a", &long)]);
    notifier(&section).notify(&notification(vec![large.clone(), large])).await.unwrap();
    assert_eq!(server.one().json()["alerts"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn sns_gets_a_signed_form() {
    let server = HttpServer::start([Answer::new(200, "<PublishResponse/>")]).await;
    let section = format!(
        "sns_configs: [{{api_url: '{}', sigv4: {{region: eu-west-1, access_key: id, secret_key: \
         hunter2}}, topic_arn: 'arn:aws:sns:eu-west-1:1:{{{{ .Status }}}}.fifo', message: m, \
         attributes: {{key: '{{{{ .Status }}}}'}}}}]",
        server.url
    );
    let sent = notifier(&section).notify(&one(Status::Firing)).await.unwrap();
    let got = server.one();
    let authorization = got.header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=id/"), "{authorization}");
    assert!(authorization.contains("/eu-west-1/sns/aws4_request, "), "{authorization}");
    let parameters: Vec<(String, String)> =
        url::form_urlencoded::parse(got.body.as_bytes()).into_owned().collect();
    let expected = [
        ("Action", "Publish"),
        ("Version", "2010-03-31"),
        ("MessageDeduplicationId", KEY),
        ("MessageGroupId", KEY),
        ("TopicArn", "arn:aws:sns:eu-west-1:1:firing.fifo"),
        ("Message", "m"),
        ("Subject", SUBJECT),
        ("MessageAttributes.entry.1.Name", "key"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "firing"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(parameters, expected);
    let message: Json = serde_json::from_str(&sent.message).unwrap();
    assert_eq!(message["Message"], "m");
}

#[tokio::test]
async fn sns_says_what_is_wrong() {
    let body = "<ErrorResponse><Error><Message>Invalid token</Message></Error></ErrorResponse>";
    for (arn, expected) in [
        ("arn", "unexpected status code 403: Invalid token"),
        ("'{{ '", "execute 'topic_arn' template: template: :1: unclosed action"),
    ] {
        let server = HttpServer::start([Answer::new(403, body)]).await;
        let section = format!(
            "sns_configs: [{{api_url: '{}', sigv4: {{region: r, access_key: id, secret_key: k}}, \
             topic_arn: {arn}}}]",
            server.url
        );
        let failure = notifier(&section).notify(&one(Status::Firing)).await.unwrap_err();
        assert_eq!(failure.message, expected);
    }
}
