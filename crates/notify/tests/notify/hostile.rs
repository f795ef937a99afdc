//! Hostile values of labels and annotations, and templates that do not end.

use std::time::Duration;

use notify::{Notification, Notify as _};
use serde_json::Value as Json;
use template::alertmanager::Status;

use crate::support::{Answer, HttpServer, notifier, notifier_with, one};

const HOSTILE: &str =
    "<!channel> <@U1> @everyone @all <@all> <https://evil|ok> [ok](https://evil) &";

fn hostile() -> Notification {
    let mut notification = one(Status::Firing);
    let alert = &mut notification.alerts[0];
    alert.labels.insert("job".to_owned(), HOSTILE.to_owned());
    alert.annotations.insert("summary".to_owned(), HOSTILE.to_owned());
    notification
}

async fn body(section: &str, templates: &str, answer: &str) -> Json {
    let server = HttpServer::start([Answer::json(200, answer)]).await;
    let section = section.replace("URL", &server.url);
    let notifier = notifier_with(&section, templates);
    notifier.notify(&hostile()).await.unwrap();
    server.one().json()
}

#[tokio::test]
async fn values_mention_nobody_in_our_own_templates() {
    const OK: &str = r#"{"ok":true,"success":true}"#;
    let escaped = "&lt;!channel&gt; &lt;@U1&gt; @everyone @all &lt;@all&gt; \
                   &lt;https://evil|ok&gt; [ok](https://evil) &amp;";
    let names = "<!channel> <@\u{200b}U1> @\u{200b}everyone @\u{200b}all <@\u{200b}all> \
                 <https://evil|ok> [ok]\\(https://evil) &";
    let unlinked = HOSTILE.replace("](", "]\\(");
    let webex = escaped.replace("](", "]\\(");
    for (section, pointer, expected) in [
        ("slack_configs: [{api_url: URL}]", "/attachments/0/title", escaped),
        ("slack_configs: [{api_url: URL}]", "/attachments/0/fallback", escaped),
        ("mattermost_configs: [{webhook_url: URL}]", "/attachments/0/text", names),
        ("mattermost_configs: [{webhook_url: URL}]", "/attachments/0/title", names),
        (
            "rocketchat_configs: [{api_url: URL, token: t, token_id: i}]",
            "/attachments/0/title",
            names,
        ),
        (
            "webex_configs: [{api_url: URL, room_id: r, http_config: {authorization: {credentials: x}}}]",
            "/markdown",
            &webex,
        ),
        ("discord_configs: [{webhook_url: URL}]", "/embeds/0/description", &unlinked),
        ("msteams_configs: [{webhook_url: URL}]", "/text", &unlinked),
        (
            "msteamsv2_configs: [{webhook_url: URL}]",
            "/attachments/0/content/body/1/text",
            &unlinked,
        ),
    ] {
        let body = body(section, "", OK).await;
        let text = body.pointer(pointer).and_then(Json::as_str).unwrap();
        assert!(text.contains(expected), "{section} {pointer}: {text}");
    }
}

#[tokio::test]
async fn a_template_of_the_user_is_as_in_alertmanager() {
    let title = "/attachments/0/title";
    for (settings, templates) in [
        ("title: '{{ .CommonLabels.job }}'", ""),
        ("channel: c", "{{ define \"slack.default.title\" }}{{ .CommonLabels.job }}{{ end }}"),
        ("channel: c", "{{ define \"__subject\" }}{{ .CommonLabels.job }}{{ end }}"),
    ] {
        let section = format!("slack_configs: [{{api_url: URL, {settings}}}]");
        let body = body(&section, templates, r#"{"ok":true}"#).await;
        assert_eq!(body.pointer(title).unwrap(), HOSTILE, "{settings} {templates}");
    }
}

#[tokio::test]
async fn discord_mentions_whom_the_template_mentions() {
    for (content, roles, parse) in [
        ("{{ .CommonLabels.job }}", Json::Null, "[]"),
        ("<@&7> {{ .CommonLabels.job }}", serde_json::json!(["7"]), "[]"),
        ("{{ template \"mine\" . }}", serde_json::json!(["8"]), "[]"),
        ("@here", Json::Null, "[\"everyone\"]"),
    ] {
        let section = format!("discord_configs: [{{webhook_url: URL, content: '{content}'}}]");
        let templates = "{{ define \"mine\" }}<@&8> {{ .CommonLabels.job }}{{ end }}";
        let body = body(&section, templates, "").await;
        let allowed = &body["allowed_mentions"];
        assert_eq!((&allowed["roles"], allowed["parse"].to_string().as_str()), (&roles, parse));
        assert_eq!(allowed.get("users"), None, "{content}");
    }
}

#[tokio::test]
async fn values_of_a_megabyte_are_cut_to_what_receivers_accept() {
    let mut notification = one(Status::Firing);
    let alert = &mut notification.alerts[0];
    alert.labels.insert("job".to_owned(), "é".repeat(500_000));
    alert.annotations.insert("summary".to_owned(), "é".repeat(500_000));
    for (section, pointer, chars) in [
        ("slack_configs: [{api_url: URL}]", "/attachments/0/title", 1024),
        (
            "slack_configs: [{api_url: URL, text: '{{ .CommonAnnotations.summary }}'}]",
            "/attachments/0/text",
            40_000,
        ),
        ("discord_configs: [{webhook_url: URL}]", "/embeds/0/title", 256),
        ("discord_configs: [{webhook_url: URL}]", "/embeds/0/description", 4096),
        ("pagerduty_configs: [{url: URL, routing_key: k}]", "/payload/summary", 1024),
        ("opsgenie_configs: [{api_url: URL, api_key: k}]", "/message", 130),
        (
            "victorops_configs: [{api_url: URL, api_key: k, routing_key: r}]",
            "/state_message",
            20_480,
        ),
        ("mattermost_configs: [{webhook_url: URL}]", "/attachments/0/text", 16_383),
        ("msteamsv2_configs: [{webhook_url: URL}]", "/attachments/0/content/body/1/text", 24_576),
        (
            "webex_configs: [{api_url: URL, room_id: r, http_config: {authorization: {credentials: x}}}]",
            "/markdown",
            7439,
        ),
    ] {
        let server = HttpServer::start([Answer::json(200, r#"{"ok":true}"#)]).await;
        let notifier = notifier(&section.replace("URL", &server.url));
        let sent = notifier.notify(&notification).await.unwrap();
        let body = server.one().json();
        let text = body.pointer(pointer).and_then(Json::as_str).unwrap();
        assert!(text.ends_with('…'), "{section}");
        let in_bytes = section.starts_with("webex") || section.starts_with("msteams");
        let length = if in_bytes { text.len() } else { text.chars().count() };
        assert!((chars - 2..=chars).contains(&length), "{section}: {length}");
        assert!(sent.message.len() <= 64 << 10);
    }
}

#[tokio::test]
async fn a_message_of_very_many_alerts_shows_some_of_them() {
    let server = HttpServer::start([Answer::json(200, r#"{"ok":true}"#)]).await;
    let section = format!("discord_configs: [{{webhook_url: '{}'}}]", server.url);
    let notifier = notifier(&section);
    let mut notification = one(Status::Firing);
    let alert = &mut notification.alerts[0];
    alert.annotations.insert("summary".to_owned(), "x".repeat(3000));
    notification.alerts = vec![notification.alerts[0].clone(); 10_000];
    notifier.notify(&notification).await.unwrap();
    let embed = server.one().json()["embeds"][0].clone();
    assert_eq!(embed["title"], "[FIRING:10000] Down (api critical)");
    let text = embed["description"].as_str().unwrap();
    assert!(text.starts_with("\n\nAlerts Firing:\nLabels:\n"), "{text}");
}

#[tokio::test]
async fn a_template_that_does_not_end_fails_in_time() {
    let large = "{{ define \"a\" }}{{ range .CommonLabels.SortedPairs }}{{ range \
                 $.CommonLabels.SortedPairs }}{{ range $.CommonLabels.SortedPairs }}{{ printf \
                 \"%1000000d\" 1 }}{{ end }}{{ end }}{{ end }}{{ end }}";
    for templates in ["{{ define \"a\" }}{{ template \"a\" . }}{{ end }}", large] {
        let text = "{{ template \"a\" . }}";
        let section = format!("slack_configs: [{{api_url: 'http://127.0.0.1:1', text: '{text}'}}]");
        let notifier = notifier_with(&section, templates);
        let notification = one(Status::Firing);
        let sent = tokio::time::timeout(Duration::from_secs(30), notifier.notify(&notification));
        let failure = sent.await.unwrap().unwrap_err();
        assert!(!failure.is_retryable, "{failure:?}");
        assert!(failure.message.len() < 10_000, "{}", failure.message);
    }
}

#[tokio::test]
async fn a_label_of_a_route_that_refers_to_itself_is_left_out() {
    let server = HttpServer::start([Answer::new(200, "")]).await;
    let notifier = notifier(&format!("webhook_configs: [{{url: '{}'}}]", server.url));
    let mut notification = one(Status::Firing);
    notification.route_labels = crate::support::labels(&[
        ("a", "{{ routeLabels \"a\" }}"),
        ("b", "{{ routeLabels \"c\" }}!"),
        ("c", "{{ .Status }}"),
    ]);
    notifier.notify(&notification).await.unwrap();
    let expected = serde_json::json!({"b": "firing!", "c": "firing"});
    assert_eq!(server.one().json()["routeLabels"], expected);
}
