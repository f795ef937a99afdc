//! Chats, with the exact requests.

use notify::Notify as _;
use serde_json::{Value as Json, json};
use template::alertmanager::Status;

use crate::support::{Answer, Got, HttpServer, labels, notifier, one};

const SUBJECT: &str = "[FIRING:1] Down (api critical)";
const URL: &str = "http://am.example/#/alerts?receiver=team%5C.x";
const LIST: &str = "Labels:\n - alertname = Down\n - job = api\n - severity = critical\n\
                    Annotations:\n - summary = It is down\nSource: http://prom/graph?a=1&b\n";

/// Sends one notification to a server at `URL` of the section; returns its path and body.
async fn sent(section: &str, status: Status, answer: &str) -> (String, Json) {
    let server = HttpServer::start([Answer::json(200, answer)]).await;
    let notifier = notifier(&section.replace("URL", &server.url));
    let sent = notifier.notify(&one(status)).await.unwrap();
    let got = server.one();
    assert_eq!(got.header("content-type"), "application/json");
    let body = got.json();
    assert!(!sent.message.is_empty());
    (got.line(), body)
}

#[tokio::test]
async fn slack_gets_an_attachment() {
    let (line, body) =
        sent("slack_configs: [{api_url: 'URL/T/B'}]", Status::Firing, r#"{"ok":true}"#).await;
    assert_eq!(line, "POST /T/B");
    let fallback = format!("{SUBJECT} | {URL}");
    let expected = json!({
        "username": "Alertmanager",
        "attachments": [{
            "title": SUBJECT, "title_link": URL, "text": "", "fallback": fallback,
            "callback_id": "", "footer": "", "color": "danger",
            "mrkdwn_in": ["fallback", "pretext", "text"],
        }],
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn slack_gets_all_settings() {
    let section = r"slack_configs:
  - api_url: URL
    channel: '#{{ .GroupLabels.alertname | toLower }}'
    username: u
    icon_emoji: ':fire:'
    icon_url: http://icon
    link_names: true
    message_text: m
    title: t
    title_link: http://title
    pretext: p
    text: '{{ .CommonAnnotations.summary }}'
    fallback: f
    callback_id: c
    footer: foot
    color: '#fff'
    image_url: http://image
    thumb_url: http://thumb
    mrkdwn_in: [text]
    short_fields: true
    fields: [{title: a, value: '{{ .Status }}'}, {title: b, value: c, short: false}]
    actions:
    - {type: button, text: go, url: 'http://{{ .Status }}', style: primary}
    - {type: button, text: ack, name: n, value: v, confirm: {text: sure, title: t, ok_text: o, dismiss_text: d}}";
    let (_, body) = sent(section, Status::Resolved, r#"{"ok":true}"#).await;
    let expected = json!({
        "channel": "#down", "username": "u", "icon_emoji": ":fire:", "icon_url": "http://icon",
        "link_names": true, "text": "m",
        "attachments": [{
            "title": "t", "title_link": "http://title", "pretext": "p", "text": "It is down",
            "fallback": "f", "callback_id": "c", "footer": "foot", "color": "#fff",
            "image_url": "http://image", "thumb_url": "http://thumb", "mrkdwn_in": ["text"],
            "fields": [
                {"title": "a", "value": "resolved", "short": true},
                {"title": "b", "value": "c", "short": false},
            ],
            "actions": [
                {"type": "button", "text": "go", "url": "http://resolved", "style": "primary"},
                {"type": "button", "text": "ack", "name": "n", "value": "v", "confirm":
                    {"text": "sure", "title": "t", "ok_text": "o", "dismiss_text": "d"}},
            ],
        }],
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn slack_gets_the_token_of_an_application() {
    let server = HttpServer::start([Answer::json(200, r#"{"ok":true}"#)]).await;
    let section = format!(
        "slack_configs: [{{app_token: xoxb-1, app_url: '{}/post', channel: c}}]",
        server.url
    );
    notifier(&section).notify(&one(Status::Firing)).await.unwrap();
    let got = server.one();
    assert_eq!((got.line().as_str(), got.header("authorization")), ("POST /post", "Bearer xoxb-1"));
}

#[tokio::test]
async fn a_message_of_slack_is_updated() {
    let posted = r#"{"ok":true,"ts":"17.5","channel":"C1"}"#;
    let server = HttpServer::start([Answer::json(200, posted)]).await;
    let url = format!("{}/api/chat.postMessage", server.url);
    // The configuration allows only Slack's own address.
    let section = "slack_configs: [{update_message: true, channel: '#c', api_url: \
                   'https://slack.com/api/chat.postMessage', http_config: {authorization: \
                   {credentials: x}}}]";
    let mut integration = crate::support::integration(section);
    let adopt::alertmanager::Settings::Slack(config) = &mut integration.settings else { panic!() };
    config.api_url = adopt::http::Source::Inline(signals::Secret::new(url));
    let notifier = notify::Notifier::new(&integration, &crate::support::shared(&[])).unwrap();
    let mut notification = one(Status::Firing);
    let first = notifier.notify(&notification).await.unwrap();
    let got = server.one();
    assert_eq!(got.line(), "POST /api/chat.postMessage");
    assert_eq!((&got.json()["channel"], &got.json()["ts"]), (&json!("#c"), &Json::Null));
    assert_eq!(first.state, labels(&[("channelId", "C1"), ("threadTs", "17.5")]));

    notification.state = first.state.clone();
    let second = notifier.notify(&notification).await.unwrap();
    let got = server.one();
    assert_eq!(got.line(), "POST /api/chat.update");
    assert_eq!((&got.json()["channel"], &got.json()["ts"]), (&json!("C1"), &json!("17.5")));
    assert_eq!(second.state, first.state);
}

#[tokio::test]
async fn discord_gets_an_embed() {
    for (status, color) in [(Status::Firing, 0x99_2D22), (Status::Resolved, 0x2E_CC71)] {
        let section = "discord_configs: [{webhook_url: 'URL/w', username: u, avatar_url: 'http://a', \
                       content: 'See <@&1> {{ .CommonLabels.job }}'}]";
        let (line, body) = sent(section, status, "{}").await;
        assert_eq!(line, "POST /w");
        let (subject, heading) = match status {
            Status::Firing => (SUBJECT, "\n\nAlerts Firing:\n"),
            Status::Resolved => ("[RESOLVED] Down (api critical)", "\n\n\nAlerts Resolved:\n"),
        };
        let end = if status == Status::Firing { "\n\n\n" } else { "\n\n" };
        let expected = json!({
            "content": "See <@&1> api", "username": "u", "avatar_url": "http://a",
            "embeds": [{"title": subject, "description": format!("{heading}{LIST}{end}"), "color": color}],
            "allowed_mentions": {"parse": [], "roles": ["1"]},
        });
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn teams_gets_cards() {
    let markdown = "\n\n# Alerts Firing:\n\nLabels:\n  - alertname = Down\n  - job = api\n  - \
                    severity = critical\n\nAnnotations:\n  - summary = It is down\n\nSource: \
                    http://prom/graph?a=1&b\n\n\n\n\n";
    let (_, body) = sent("msteams_configs: [{webhook_url: URL}]", Status::Firing, "1").await;
    let expected = json!({
        "@context": "http://schema.org/extensions", "type": "MessageCard", "title": SUBJECT,
        "summary": SUBJECT, "text": markdown, "themeColor": "8C1A1A",
    });
    assert_eq!(body, expected);
    let (_, body) = sent("msteamsv2_configs: [{webhook_url: URL}]", Status::Firing, "").await;
    let expected = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard", "version": "1.2", "msteams": {"width": "full"},
                "body": [
                    {"type": "TextBlock", "text": SUBJECT, "weight": "Bolder", "size": "Medium",
                     "wrap": true, "style": "heading", "color": "Attention"},
                    {"type": "TextBlock", "text": markdown, "wrap": true},
                ],
            },
        }],
    });
    assert_eq!(body, expected);
    let (_, body) = sent("msteamsv2_configs: [{webhook_url: URL}]", Status::Resolved, "").await;
    assert_eq!(body["attachments"][0]["content"]["body"][0]["color"], "Good");
}

#[tokio::test]
async fn telegram_gets_a_message() {
    let section = "telegram_configs: [{api_url: URL, bot_token: '1:x', chat_id: -5, \
                   message_thread_id: 7, disable_notifications: true, message: '<b>{{ \
                   .CommonLabels.job }}</b>{{ \"<\" }}'}]";
    let (line, body) = sent(section, Status::Firing, r#"{"ok":true}"#).await;
    assert_eq!(line, "POST /bot1:x/sendMessage");
    let expected = json!({
        "chat_id": "-5", "text": "<b>api</b>&lt;", "disable_web_page_preview": "true",
        "disable_notification": "true", "parse_mode": "HTML", "message_thread_id": "7",
    });
    assert_eq!(body, expected);
    let section = "telegram_configs: [{api_url: URL, bot_token: '1:x', chat_id: 5, parse_mode: '', \
                   message: '<{{ .Status }}'}]";
    let (_, body) = sent(section, Status::Firing, r#"{"ok":true}"#).await;
    let expected = json!({"chat_id": "5", "text": "<firing", "disable_web_page_preview": "true"});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn telegram_is_told_that_a_message_is_too_long() {
    for (mode, expected) in [
        (
            "HTML",
            "Alertmanager notification could not be sent: message length exceeds Telegram \
                  limits.\n\t\t\tPlease check the template used for producing the message content."
                .to_owned(),
        ),
        ("Markdown", format!("{}…", "y".repeat(4095))),
    ] {
        let long = "y".repeat(5000);
        let section = format!(
            "telegram_configs: [{{api_url: URL, bot_token: t, chat_id: 5, parse_mode: {mode}, \
             message: {long}}}]"
        );
        let (_, body) = sent(&section, Status::Firing, r#"{"ok":true}"#).await;
        assert_eq!(body["text"], expected);
    }
}

#[tokio::test]
async fn webex_gets_markdown() {
    let section = "webex_configs: [{api_url: 'URL/v1', room_id: '{{ .GroupLabels.alertname }}', \
                   http_config: {authorization: {credentials: x}}}]";
    let (line, body) = sent(section, Status::Firing, "{}").await;
    assert_eq!(line, "POST /v1");
    let list = LIST.replace('&', "&amp;");
    let markdown = format!("It is down\n\nAlerts Firing:\n{list}\n\n\n");
    assert_eq!(body, json!({"markdown": markdown, "roomId": "Down"}));
}

#[tokio::test]
async fn rocketchat_gets_an_attachment() {
    let server = HttpServer::start([Answer::json(200, r#"{"success":true}"#)]).await;
    let section = format!(
        "rocketchat_configs: [{{api_url: '{}/r/', token: t, token_id: i, channel: '#c', \
         short_fields: true, fields: [{{title: a, value: b}}], actions: [{{text: go, url: 'http://x', \
         msg: m}}]}}]",
        server.url
    );
    notifier(&section).notify(&one(Status::Firing)).await.unwrap();
    let got = server.one();
    assert_eq!(got.line(), "POST /r/api/v1/chat.postMessage");
    assert_eq!((got.header("x-auth-token"), got.header("x-user-id")), ("t", "i"));
    let expected = json!({
        "channel": "#c",
        "attachments": [{
            "title": SUBJECT, "title_link": URL, "color": "red",
            "fields": [{"title": "a", "value": "b", "short": true}],
            "actions": [{"type": "button", "text": "go", "url": "http://x", "msg": "m",
                         "is_webview": false, "msg_in_chat_window": false}],
        }],
    });
    assert_eq!(got.json(), expected);
}

#[tokio::test]
async fn mattermost_gets_attachments() {
    let empty = "username: '', fallback: '', color: '', title: '', title_link: ''";
    for (settings, expected) in [
        ("text: Text", json!({"attachments": [{"text": "Text"}]})),
        ("text: ''", json!({"attachments": [{}]})),
        (
            "text: Text, channel: c, type: t, icon_url: i, icon_emoji: e, props: {card: Card}",
            json!({"channel": "c", "type": "t", "icon_url": "i", "icon_emoji": "e",
                   "attachments": [{"text": "Text"}], "props": {"card": "Card"}}),
        ),
        (
            "text: Text, priority: {priority: Standard, requested_ack: true, \
             persistent_notifications: true}",
            json!({"attachments": [{"text": "Text"}], "priority": {"priority": "standard"}}),
        ),
        (
            "text: Text, priority: {priority: urgent, requested_ack: true, \
             persistent_notifications: true}",
            json!({"attachments": [{"text": "Text"}], "priority": {"priority": "urgent",
                   "requested_ack": true, "persistent_notifications": true}}),
        ),
        (
            "text: Text, priority: {priority: other}",
            json!({"attachments": [{"text": "Text"}], "priority": {"priority": "standard"}}),
        ),
        (
            "text: Text, attachments: [{title: A, text: B, fields: [{title: a, value: '{{ .Status \
             }}', short: true}, {title: c, value: d}]}]",
            json!({"text": "Text", "attachments": [{"title": "A", "text": "B", "fields":
                   [{"title": "a", "value": "firing", "short": true},
                    {"title": "c", "value": "d"}]}]}),
        ),
    ] {
        let section = format!("mattermost_configs: [{{webhook_url: URL, {empty}, {settings}}}]");
        let (_, body) = sent(&section, Status::Firing, "ok").await;
        assert_eq!(body, expected, "{settings}");
    }
}

#[tokio::test]
async fn wechat_gets_a_message_with_a_token() {
    let server = HttpServer::start([
        Answer::json(200, r#"{"access_token":"tok"}"#),
        Answer::json(200, r#"{"errcode":0}"#),
        Answer::json(200, r#"{"errcode":42001,"errmsg":"token expired"}"#),
        Answer::json(200, r#"{"access_token":"tok2"}"#),
        Answer::json(200, r#"{"errcode":40001,"errmsg":"bad tok2"}"#),
    ])
    .await;
    let section = format!(
        "wechat_configs: [{{api_url: '{}/cgi/', api_secret: s, corp_id: c, to_user: u, message: \
         '{{{{ .Status }}}}'}}]",
        server.url
    );
    let notifier = notifier(&section);
    notifier.notify(&one(Status::Firing)).await.unwrap();
    let got = server.take();
    let lines: Vec<String> = got.iter().map(Got::line).collect();
    let send = "POST /cgi/message/send?access_token=tok";
    assert_eq!(lines, ["GET /cgi/gettoken?corpsecret=s&corpid=c", send]);
    let expected = json!({"text": {"content": "firing"}, "touser": "u", "safe": "0",
                          "msgtype": "text", "markdown": {"content": ""}});
    assert_eq!(got[1].json(), expected);
    // The token is used again, until it is too old.
    let failure = notifier.notify(&one(Status::Firing)).await.unwrap_err();
    assert_eq!((failure.message.as_str(), failure.is_retryable), ("token expired", true));
    assert_eq!(server.one().line(), send);
    let failure = notifier.notify(&one(Status::Firing)).await.unwrap_err();
    assert_eq!((failure.message.as_str(), failure.is_retryable), ("bad <secret>", false));
    assert_eq!(server.take().len(), 2);
}
