//! What becomes of a notification that is refused, and what is shown of it.

use std::time::Duration;

use notify::{Failure, Notifier, Notify as _, Reason};
use template::alertmanager::Status;

use crate::support::{Answer, HttpServer, notifier, one};

const SECRET: &str = "hunter2";

/// Sections of all kinds that send to `URL`, with a secret wherever there may be one.
const SECTIONS: [&str; 15] = [
    "slack_configs: [{api_url: 'URL/hunter2', channel: '#c'}]",
    "webhook_configs: [{url: 'URL/hunter2?key=hunter2'}]",
    "pagerduty_configs: [{url: URL, routing_key: hunter2}]",
    "telegram_configs: [{api_url: URL, bot_token: hunter2, chat_id: 1}]",
    "discord_configs: [{webhook_url: 'URL/hunter2'}]",
    "msteams_configs: [{webhook_url: 'URL/hunter2'}]",
    "msteamsv2_configs: [{webhook_url: 'URL/?sig=hunter2'}]",
    "opsgenie_configs: [{api_url: URL, api_key: hunter2}]",
    "victorops_configs: [{api_url: URL, api_key: hunter2, routing_key: r}]",
    "webex_configs: [{api_url: URL, room_id: r, http_config: {authorization: {credentials: hunter2}}}]",
    "rocketchat_configs: [{api_url: URL, token: hunter2, token_id: hunter2}]",
    "mattermost_configs: [{webhook_url: 'URL/hunter2'}]",
    "incidentio_configs: [{url: URL, alert_source_token: hunter2}]",
    "jira_configs: [{api_url: URL, project: P, issue_type: T, http_config: {basic_auth: {username: u, password: hunter2}}}]",
    "sns_configs: [{api_url: URL, topic_arn: t, sigv4: {region: r, access_key: a, secret_key: hunter2}}]",
];

async fn failure(notifier: &Notifier) -> Failure {
    notifier.notify(&one(Status::Firing)).await.unwrap_err()
}

#[tokio::test]
async fn a_status_decides_whether_to_try_again() {
    let slow = vec![("retry-after", "7"), ("content-type", "application/json")];
    for section in SECTIONS {
        for (status, is_retryable, reason) in [
            (302, false, Reason::Other),
            (400, false, Reason::ClientError),
            (401, false, Reason::AuthError),
            (404, false, Reason::ClientError),
            (429, true, Reason::RateLimited),
            (500, true, Reason::ServerError),
            (503, true, Reason::ServerError),
        ] {
            if section.starts_with("telegram") {
                continue;
            }
            let answer = Answer { headers: slow.clone(), ..Answer::new(status, "{}") };
            let server = HttpServer::start([answer]).await;
            let failure = failure(&notifier(&section.replace("URL", &server.url))).await;
            let found = (failure.is_retryable, failure.reason);
            assert_eq!(found, (is_retryable, reason), "{section} {status}: {failure:?}");
            assert!(failure.message.contains(&format!("unexpected status code {status}")));
            let wait = is_retryable.then(|| Duration::from_secs(7));
            assert_eq!(failure.retry_after, wait, "{section} {status}");
        }
    }
}

#[tokio::test]
async fn telegram_tells_in_its_body_what_is_wrong() {
    for (body, message, reason, wait) in [
        (
            r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#,
            "telegram: Unauthorized (401)",
            Reason::AuthError,
            None,
        ),
        (
            r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#,
            "telegram: Bad Request: chat not found (400)",
            Reason::ClientError,
            None,
        ),
        (
            r#"{"ok":false,"error_code":500,"description":"Internal Server Error"}"#,
            "telegram: Internal Server Error (500)",
            Reason::ServerError,
            None,
        ),
        (
            r#"{"ok":false,"error_code":429,"description":"Slow","parameters":{"retry_after":5}}"#,
            "telegram: Slow (429)",
            Reason::RateLimited,
            Some(5),
        ),
    ] {
        let server = HttpServer::start([Answer::json(400, body)]).await;
        let section =
            format!("telegram_configs: [{{api_url: '{}', bot_token: t, chat_id: 1}}]", server.url);
        let failure = failure(&notifier(&section)).await;
        assert_eq!((failure.message.as_str(), failure.reason), (message, reason));
        assert!(failure.is_retryable);
        assert_eq!(failure.retry_after, wait.map(Duration::from_secs));
    }
}

#[tokio::test]
async fn slack_tells_in_its_body_what_is_wrong() {
    for (answer, message, is_retryable) in [
        (Answer::json(200, r#"{"not valid json"}"#), "could not unmarshal JSON response", true),
        (
            Answer::json(200, r#"{"ok":false,"error":"error_message"}"#),
            "channel \"#c\": error response from Slack: error_message",
            false,
        ),
        (
            Answer::new(200, "no_channel"),
            "channel \"#c\": received an error response from Slack: no_channel",
            false,
        ),
    ] {
        let server = HttpServer::start([answer]).await;
        let section = format!("slack_configs: [{{api_url: '{}', channel: '#c'}}]", server.url);
        let failure = failure(&notifier(&section)).await;
        assert!(failure.message.contains(message), "{}", failure.message);
        assert!(failure.message.starts_with("channel \"#c\": "), "{}", failure.message);
        assert_eq!((failure.is_retryable, failure.reason), (is_retryable, Reason::ClientError));
    }
    let server = HttpServer::start([Answer::new(200, "ok")]).await;
    let section = format!("slack_configs: [{{api_url: '{}'}}]", server.url);
    assert!(notifier(&section).notify(&one(Status::Firing)).await.is_ok());
}

#[tokio::test]
async fn rocketchat_tells_in_its_body_what_is_wrong() {
    for (body, expected, is_retryable) in [
        (r#"{"success":false,"error":"no"}"#, "error response from Rocketchat: no", false),
        ("text", "could not unmarshal JSON response", true),
    ] {
        let server = HttpServer::start([Answer::json(200, body)]).await;
        let section = format!(
            "rocketchat_configs: [{{api_url: '{}', token: t, token_id: i, channel: c}}]",
            server.url
        );
        let failure = failure(&notifier(&section)).await;
        assert!(failure.message.starts_with("channel \"c\": "), "{}", failure.message);
        assert!(failure.message.contains(expected), "{}", failure.message);
        assert_eq!(failure.is_retryable, is_retryable);
    }
}

#[tokio::test]
async fn no_secret_is_shown() {
    for section in SECTIONS {
        // A server that repeats everything, and one that is not there.
        let echo = "your URL /hunter2?key=hunter2 and key hunter2 are wrong";
        let server = HttpServer::start([Answer::new(400, echo)]).await;
        for url in [server.url.as_str(), "http://127.0.0.1:1"] {
            let notifier = notifier(&section.replace("URL", url));
            let failure = failure(&notifier).await;
            let shown = format!("{failure:?} {notifier:?}");
            assert!(!shown.contains(SECRET), "{section}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    for section in SECTIONS {
        let failure = failure(&notifier(&section.replace("URL", "http://127.0.0.1:1"))).await;
        assert!(failure.is_retryable, "{section}: {failure:?}");
        assert!(failure.message.contains("\"<redacted>\": "), "{section}: {failure:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_left_after_the_time_of_the_settings() {
    for section in [
        "slack_configs: [{api_url: URL, timeout: 80ms}]",
        "webhook_configs: [{url: URL, timeout: 80ms}]",
        "pagerduty_configs: [{url: URL, routing_key: k, timeout: 80ms}]",
        "incidentio_configs: [{url: URL, alert_source_token: x, timeout: 80ms}]",
    ] {
        let server = HttpServer::start([Answer { hangs: true, ..Answer::new(200, "") }]).await;
        let failure = failure(&notifier(&section.replace("URL", &server.url))).await;
        let kind = section.split('_').next().unwrap();
        let expected = format!(
            "Post \"<redacted>\": context deadline exceeded: configured {kind} timeout reached \
             (80ms)"
        );
        assert_eq!(failure.message, expected);
        assert_eq!((failure.is_retryable, failure.reason), (true, Reason::DeadlineExceeded));
    }
}

#[tokio::test]
async fn an_answer_of_ten_megabytes_is_not_read() {
    let large = "x".repeat(10 << 20);
    for (section, status, is_sent) in [
        ("webhook_configs: [{url: URL}]", 200, true),
        ("webhook_configs: [{url: URL}]", 500, false),
        ("slack_configs: [{api_url: URL}]", 200, false),
        ("telegram_configs: [{api_url: URL, bot_token: t, chat_id: 1}]", 200, false),
    ] {
        let server = HttpServer::start([Answer::json(status, &large)]).await;
        let notifier = notifier(&section.replace("URL", &server.url));
        let sent = notifier.notify(&one(Status::Firing)).await;
        assert_eq!(sent.is_ok(), is_sent, "{section} {status}");
        if let Err(failure) = sent {
            assert!(failure.is_retryable, "{failure:?}");
            let expected = "the answer has more than 65536 bytes";
            assert!(failure.message.contains(expected), "{}", failure.message);
        }
    }
}

#[tokio::test]
async fn redirects_are_followed_with_the_body_or_not_at_all() {
    let to_b = |status| Answer { headers: vec![("location", "/b")], ..Answer::new(status, "") };
    for (status, count) in [(302, 1), (307, 2)] {
        let server = HttpServer::start([to_b(status), Answer::new(200, "")]).await;
        let section = format!("webhook_configs: [{{url: '{}/a'}}]", server.url);
        let sent = notifier(&section).notify(&one(Status::Firing)).await;
        assert_eq!((sent.is_ok(), server.take().len()), (count == 2, count), "{status}");
    }
}
