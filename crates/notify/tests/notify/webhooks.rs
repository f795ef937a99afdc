//! Webhooks, with the exact payload.

use notify::Notify as _;
use serde_json::{Value as Json, json};
use template::alertmanager::Status;

use crate::support::{Answer, HttpServer, NOW_NS, alert, notification, notifier, one};

async fn sent(settings: &str, notification: &notify::Notification) -> (String, Json) {
    let server = HttpServer::start([Answer::new(200, "")]).await;
    let section = format!("webhook_configs: [{{{}}}]", settings.replace("URL", &server.url));
    notifier(&section).notify(notification).await.unwrap();
    let got = server.one();
    assert_eq!(got.header("content-type"), "application/json");
    (got.line(), got.json())
}

#[tokio::test]
async fn a_webhook_gets_version_4_of_the_payload() {
    let mut two = one(Status::Firing);
    let mut resolved = alert(Status::Resolved, &[("alertname", "Down"), ("job", "b")], &[]);
    resolved.starts_at = template::Time::from_nanos(NOW_NS + 5_000_000);
    two.alerts.push(resolved);
    let (line, body) = sent("url: 'URL/hook?a=b'", &two).await;
    assert_eq!(line, "POST /hook?a=b");
    let expected = json!({
        "receiver": "team\\.x", "status": "firing",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "Down", "job": "api", "severity": "critical"},
                "annotations": {"summary": "It is down"},
                "startsAt": "2026-12-01T09:50:00Z", "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://prom/graph?a=1&b", "fingerprint": "f1",
            },
            {
                "status": "resolved", "labels": {"alertname": "Down", "job": "b"},
                "annotations": {}, "startsAt": "2026-12-01T10:00:00.005Z",
                "endsAt": "2026-12-01T09:59:00Z", "generatorURL": "http://prom/graph?a=1&b",
                "fingerprint": "f1",
            },
        ],
        "notification_reason": "first notification",
        "groupLabels": {"alertname": "Down"}, "commonLabels": {"alertname": "Down"},
        "commonAnnotations": {}, "routeLabels": {"team": "down"},
        "externalURL": "http://am.example", "version": "4", "groupKey": "1",
        "truncatedAlerts": 0,
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_webhook_gets_as_many_alerts_as_it_wants() {
    let alerts = (0..10).map(|index| {
        let status = if index == 9 { Status::Firing } else { Status::Resolved };
        alert(status, &[("alertname", "a"), ("i", &index.to_string())], &[])
    });
    let ten = notification(alerts.collect());
    for (max, count, truncated, status) in
        [(0, 10, 0, "firing"), (4, 4, 6, "resolved"), (100, 10, 0, "firing")]
    {
        let (_, body) = sent(&format!("url: URL, max_alerts: {max}"), &ten).await;
        let found = body["alerts"].as_array().map(Vec::len);
        assert_eq!((found, &body["truncatedAlerts"]), (Some(count), &json!(truncated)));
        assert_eq!(body["status"], status);
    }
}

#[tokio::test]
async fn the_address_may_be_a_template() {
    let path = "url: 'URL/{{ .GroupLabels.alertname }}/{{ .CommonLabels.severity }}'";
    assert_eq!(sent(path, &one(Status::Firing)).await.0, "POST /Down/critical");
    for (url, expected) in [
        ("http://x/{{ .InvalidField }}", "failed to template webhook URL: "),
        ("{{ if .CommonLabels.none }}http://x{{ end }}", "webhook URL is empty after templating"),
        ("{{ .Status }}", "parse \"<redacted>\": relative URL without a base"),
        ("file:///{{ .Status }}", "parse \"<redacted>\": unsupported scheme \"file\" for URL"),
    ] {
        let notifier = notifier(&format!("webhook_configs: [{{url: '{url}'}}]"));
        let failure = notifier.notify(&one(Status::Firing)).await.unwrap_err();
        assert!(failure.message.starts_with(expected), "{}", failure.message);
        assert!(!failure.is_retryable);
        assert!(failure.unsent.contains("\"version\":\"4\""), "{}", failure.unsent);
    }
}

#[tokio::test]
async fn the_address_may_be_in_a_file() {
    let server = HttpServer::start([Answer::new(200, "")]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, format!("{}/first\n\n", server.url)).unwrap();
    let notifier = notifier(&format!("webhook_configs: [{{url_file: '{}'}}]", file.display()));
    notifier.notify(&one(Status::Firing)).await.unwrap();
    assert_eq!(server.one().line(), "POST /first");
    std::fs::write(&file, format!("{}/second", server.url)).unwrap();
    notifier.notify(&one(Status::Firing)).await.unwrap();
    assert_eq!(server.one().line(), "POST /second");
    std::fs::remove_file(&file).unwrap();
    let failure = notifier.notify(&one(Status::Firing)).await.unwrap_err();
    assert!(failure.message.contains("No such file"), "{}", failure.message);
}

#[tokio::test]
async fn a_payload_of_the_settings_replaces_the_usual_one() {
    for (payload, expected) in [
        (
            "{'{{ .Status }}': '{{ .CommonLabels.job }}', n: 1, list: ['{{ .Alerts | len }}', no], \
             nested: '{a: [1, \"x\"]}', text: '[FIRING] {{ .Status }}', off: 'yes'}",
            json!({"firing": "api", "n": 1, "list": [1, false], "nested": {"a": [1, "x"]},
                   "text": "[FIRING] firing", "off": true}),
        ),
        (
            "'{{ .CommonLabels | toJson }}'",
            json!({"alertname": "Down", "job": "api", "severity": "critical"}),
        ),
        ("'{{ list \"value1:\" | toJson }}'", json!(["value1:"])),
        ("text", json!("text")),
    ] {
        let (_, body) = sent(&format!("url: URL, payload: {payload}"), &one(Status::Firing)).await;
        assert_eq!(body, expected, "{payload}");
    }
}
