//! What is sent, to a server that keeps it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use adopt::Files;
use serde_json::{Value as Json, json};
use template::Limits;
use template::Time;
use template::alertmanager::{Alert, Status, Templates};

use crate::{DEFAULT_TEMPLATES, Failure, Notification, Notifier, Notify as _, Sent, Shared};

/// A server that answers one request; returns its address, and the body once it has come.
fn server(response: &'static str) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut request, mut buffer) = (Vec::new(), vec![0; 65_536]);
        loop {
            let count = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.to_lowercase();
            let length = length.split("content-length: ").nth(1).unwrap();
            let length: usize = length.lines().next().unwrap().trim().parse().unwrap();
            if body.len() >= length {
                sender.send(body.to_owned()).unwrap();
                break;
            }
        }
        stream.write_all(response.as_bytes()).unwrap();
    });
    (address, receiver)
}

struct Text(String);

impl Files for Text {
    fn read(&self, _file: &Path) -> std::io::Result<Vec<u8>> {
        Ok(self.0.clone().into_bytes())
    }

    fn names(&self, _folder: &Path) -> std::io::Result<Vec<std::ffi::OsString>> {
        Ok(Vec::new())
    }

    fn exists(&self, _path: &Path) -> bool {
        false
    }

    fn variable(&self, _name: &str) -> Option<String> {
        None
    }
}

/// The integration of a receiver.
fn notifier(section: &str) -> Notifier {
    let file = format!("route: {{receiver: r}}\nreceivers: [{{name: r, {section}}}]\n");
    let config = adopt::alertmanager::load(Path::new("am.yml"), &Text(file)).unwrap();
    let mut templates = Templates::default();
    templates.parse("default.tmpl", DEFAULT_TEMPLATES, &Limits::default()).unwrap();
    let shared = Shared {
        templates: Arc::new(templates),
        external_url: "http://page".to_owned(),
        addresses: Arc::default(),
    };
    let integration = &config.receivers[0].integrations[0];
    Notifier::new(integration, &Arc::new(shared)).unwrap().unwrap()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn notification() -> Notification {
    let alert = |host: &str, status| Alert {
        status,
        labels: map(&[("alertname", "Down"), ("host", host), ("team", "core")]),
        annotations: map(&[("summary", "it is down")]),
        starts_at: Time::from_millis(1_700_000_000_500),
        ends_at: Time::from_millis(1_700_000_300_000),
        generator_url: "http://page/graph".to_owned(),
        fingerprint: format!("fingerprint of {host}"),
    };
    Notification {
        receiver: "r".to_owned(),
        group_key: "{}:{alertname=\"Down\"}".to_owned(),
        group_labels: map(&[("alertname", "Down")]),
        route_labels: BTreeMap::new(),
        alerts: vec![alert("a", Status::Firing), alert("b", Status::Resolved)],
        reason: "first".to_owned(),
        state: BTreeMap::new(),
        now_ns: 0,
    }
}

async fn sent(section: &str, response: &'static str) -> (Json, Result<Sent, Failure>) {
    let (address, bodies) = server(response);
    let notifier = notifier(&section.replace("ADDRESS", &address));
    let result = notifier.notify(&notification()).await;
    (serde_json::from_str(&bodies.recv().unwrap()).unwrap(), result)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_webhook_gets_the_alerts_as_json() {
    let (body, result) =
        sent("webhook_configs: [{url: 'http://ADDRESS/x', max_alerts: 1}]", OK).await;
    assert_eq!(
        body,
        json!({
            "receiver": "r",
            "status": "firing",
            "alerts": [{
                "status": "firing",
                "labels": { "alertname": "Down", "host": "a", "team": "core" },
                "annotations": { "summary": "it is down" },
                "startsAt": "2023-11-14T22:13:20.5Z",
                "endsAt": "2023-11-14T22:18:20Z",
                "generatorURL": "http://page/graph",
                "fingerprint": "fingerprint of a",
            }],
            "notification_reason": "first",
            "groupLabels": { "alertname": "Down" },
            "commonLabels": { "alertname": "Down", "host": "a", "team": "core" },
            "commonAnnotations": { "summary": "it is down" },
            "routeLabels": {},
            "externalURL": "http://page",
            "version": "4",
            "groupKey": "{}:{alertname=\"Down\"}",
            "truncatedAlerts": 1,
        })
    );
    let message: Json = serde_json::from_str(&result.unwrap().message).unwrap();
    assert_eq!(message, body);
}

#[tokio::test]
async fn the_payload_of_a_webhook_may_be_another() {
    let section = "webhook_configs: [{url: 'http://ADDRESS', payload: {'{{ .Status }}': \
                   [1, '{{ len .Alerts }} alerts', {x: null}]}}]";
    let (body, _) = sent(section, OK).await;
    assert_eq!(body, json!({ "firing": [1, "2 alerts", { "x": null }] }));
}

#[tokio::test]
async fn slack_gets_an_attachment_with_the_default_texts() {
    let section = "slack_configs: [{api_url: 'http://ADDRESS', channel: '#ops', text: \
                   '{{ .CommonAnnotations.summary }} <!channel>', fields: [{title: T, value: \
                   '{{ .GroupLabels.alertname }}'}], actions: [{type: button, text: Open, url: \
                   '{{ .ExternalURL }}'}]}]";
    let (body, result) = sent(section, OK).await;
    let title = "[FIRING:1] Down (core)";
    assert_eq!(
        body,
        json!({
            "channel": "#ops",
            "username": "Alertmanager",
            "attachments": [{
                "title": title,
                "title_link": "http://page/#/alerts?receiver=r",
                "text": "it is down <!channel>",
                "fallback": format!("{title} | http://page/#/alerts?receiver=r"),
                "callback_id": "",
                "fields": [{ "title": "T", "value": "Down", "short": false }],
                "actions": [{ "type": "button", "text": "Open", "url": "http://page" }],
                "footer": "",
                "color": "danger",
                "mrkdwn_in": ["fallback", "pretext", "text"],
            }],
        })
    );
    assert_eq!(result.unwrap().state, BTreeMap::new());
}

#[tokio::test]
async fn a_failure_says_whether_another_try_may_help() {
    let webhook = "webhook_configs: [{url: 'http://ADDRESS/secret'}]";
    let slack = "slack_configs: [{api_url: 'http://ADDRESS/secret', channel: '#ops'}]";
    for (section, response, is_retryable, message) in [
        (
            webhook,
            "HTTP/1.1 500 X\r\ncontent-length: 3\r\n\r\nbad",
            true,
            "unexpected status code 500: bad",
        ),
        (
            webhook,
            "HTTP/1.1 429 X\r\ncontent-length: 0\r\n\r\n",
            false,
            "unexpected status code 429",
        ),
        (
            webhook,
            "HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n",
            false,
            "unexpected status code 404",
        ),
        (
            slack,
            "HTTP/1.1 429 X\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n",
            true,
            "channel \"#ops\": unexpected status code 429",
        ),
        (
            slack,
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nno_channel",
            false,
            "channel \"#ops\": received an error response from Slack: no_channel",
        ),
        (
            slack,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 27\r\n\r\n\
             {\"ok\":false,\"error\":\"nope\"}",
            false,
            "channel \"#ops\": error response from Slack: nope",
        ),
    ] {
        let (_, result) = sent(section, response).await;
        let failure = result.unwrap_err();
        assert_eq!((failure.is_retryable, failure.message.as_str()), (is_retryable, message));
        assert!(!failure.message.contains("secret") && !failure.unsent.is_empty());
        let waits = response.contains("retry-after");
        assert_eq!(failure.retry_after.map(|wait| wait.as_secs()), waits.then_some(7));
    }
}
