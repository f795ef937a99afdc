//! Mail, against a server in this process.

use notify::{Failure, Notify as _, Reason, Sent};
use template::alertmanager::Status;

use crate::support::{Mail, SmtpServer, certificate, notifier, one};

/// Extensions with a password.
const PLAIN: &str = "250-mail.example\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN";
const STARTTLS: &str = "250-mail.example\r\n250 STARTTLS";

async fn notified(server: &SmtpServer, settings: &str) -> (Mail, Result<Sent, Failure>) {
    let section = format!(
        "email_configs: [{{to: 'a@b.c', from: 'am@example.org', smarthost: 'localhost:{}', \
         {settings}}}]",
        server.port
    );
    let sent = notifier(&section).notify(&one(Status::Firing)).await;
    (server.take(), sent)
}

/// The decoded parts of a mail by their type.
fn parts(text: &str) -> Vec<(String, String)> {
    let boundary = text.split_once("boundary=").unwrap().1.split_once("\r\n").unwrap().0;
    let boundary = format!("--{boundary}");
    let parts = text.split(&boundary).skip(1);
    let parts = parts.filter(|part| !part.starts_with("--"));
    let decoded = parts.map(|part| {
        let (head, body) = part.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("Content-Transfer-Encoding: quoted-printable"), "{head}");
        let kind = head.split_once("Content-Type: ").unwrap().1.lines().next().unwrap();
        let body = body.strip_suffix("\r\n").unwrap().replace("\r\n..", "\r\n.");
        (kind.to_owned(), decoded(&body))
    });
    decoded.collect()
}

fn decoded(text: &str) -> String {
    let text = text.replace("=\r\n", "").replace("\r\n", "\n");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'=' {
            let (digits, after) = rest.split_at(2);
            bytes.push(u8::from_str_radix(str::from_utf8(digits).unwrap(), 16).unwrap());
            rest = after;
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The headers of a mail, unfolded.
fn headers(text: &str) -> Vec<String> {
    let head = text.split_once("\r\n\r\n").unwrap().0.replace("\r\n ", " ");
    head.split("\r\n").map(str::to_owned).collect()
}

#[tokio::test]
async fn a_mail_has_headers_and_two_bodies() {
    let server = SmtpServer::start(&[]).await;
    let settings = "require_tls: false, hello: me, to: 'a@b.c, \"X, Y\" <x@y.z>', text: \
                    '{{ .CommonAnnotations.summary }}', html: '<b>{{ .Status }} é</b>', headers: \
                    {x-team: '{{ .GroupLabels.alertname }} é', subject: 'S'}, threading: \
                    {enabled: true, thread_by_date: daily}";
    let section = format!(
        "email_configs: [{{from: 'AM <am@example.org>', smarthost: 'localhost:{}', {settings}}}]",
        server.port
    );
    let sent = notifier(&section).notify(&one(Status::Firing)).await.unwrap();
    let mail = server.take();
    assert_eq!(
        mail.commands,
        [
            "EHLO me",
            "MAIL FROM:<am@example.org> BODY=8BITMIME",
            "RCPT TO:<a@b.c>",
            "RCPT TO:<x@y.z>",
            "DATA",
            "QUIT",
        ]
    );
    let found = headers(&mail.text);
    let thread = "<alert-6b86b273ff34fce1-2026-12-01@alertmanager>";
    for expected in [
        "From: AM <am@example.org>",
        "To: a@b.c, \"X, Y\" <x@y.z>",
        "Subject: S",
        "X-Team: =?utf-8?q?Down_=C3=A9?=",
        "Date: Tue, 01 Dec 2026 10:00:00 +0000",
        "MIME-Version: 1.0",
        &format!("References: {thread}"),
        &format!("In-Reply-To: {thread}"),
    ] {
        assert!(found.iter().any(|header| header == expected), "{expected}: {found:?}");
    }
    let id = found.iter().find(|header| header.starts_with("Message-Id: <")).unwrap();
    assert!(id.ends_with("@example.org>"), "{id}");
    assert_eq!(
        parts(&mail.text),
        [
            ("text/plain; charset=UTF-8".to_owned(), "It is down".to_owned()),
            ("text/html; charset=UTF-8".to_owned(), "<b>firing é</b>".to_owned()),
        ]
    );
    assert!(sent.message.contains("Subject: S\n") && sent.message.ends_with("\n\nIt is down"));
}

#[tokio::test]
async fn a_mail_is_html_by_default() {
    let server = SmtpServer::start(&[]).await;
    let (mail, sent) = notified(&server, "require_tls: false").await;
    sent.unwrap();
    let subject = "Subject: [FIRING:1] Down (api critical)".to_owned();
    assert!(headers(&mail.text).contains(&subject), "{}", mail.text);
    let parts = parts(&mail.text);
    assert_eq!(parts.len(), 1);
    assert!(parts[0].1.starts_with("<!DOCTYPE html>"), "{}", parts[0].1);
    assert!(mail.text.lines().all(|line| line.len() <= 200), "{}", mail.text);
}

#[tokio::test]
async fn values_add_no_headers_recipients_or_commands() {
    let server = SmtpServer::start(&[]).await;
    let hostile = "x\r\nBcc: evil@x.y\r\n\r\n.\r\nMAIL FROM:<e@x.y>\n.\nRCPT TO:<e@x.y>\r.\r";
    let mut notification = one(Status::Firing);
    let alert = &mut notification.alerts[0];
    alert.labels.insert("job".to_owned(), hostile.to_owned());
    alert.annotations.insert("summary".to_owned(), hostile.to_owned());
    let section = format!(
        "email_configs: [{{to: 'a@b.c', from: 'am@example.org', smarthost: 'localhost:{}', \
         require_tls: false, text: '{{{{ .CommonAnnotations.summary }}}}', headers: {{x-a: '{{{{ \
         .CommonLabels.job }}}}'}}}}]",
        server.port
    );
    notifier(&section).notify(&notification).await.unwrap();
    let mail = server.take();
    let verbs: Vec<&str> =
        mail.commands.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(verbs, ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"], "{:?}", mail.commands);
    let found = headers(&mail.text);
    assert!(found.iter().all(|header| !header.starts_with("Bcc")), "{found:?}");
    assert_eq!(parts(&mail.text)[0].1, hostile.replace("\r\n", "\n"));
    for to in ["{{ .CommonLabels.job }}", "a@b.c>{{ .CommonLabels.job }}", "{{ .Status }}"] {
        let section = section.replace("a@b.c", to);
        let failure = notifier(&section).notify(&notification).await.unwrap_err();
        assert!(failure.message.starts_with("parse 'to' addresses: "), "{}", failure.message);
        assert!(server.take().commands.is_empty() && !failure.is_retryable);
    }
}

#[tokio::test]
async fn a_subject_of_a_megabyte_is_cut() {
    let server = SmtpServer::start(&[]).await;
    let mut notification = one(Status::Firing);
    let long = "<b>\u{1f525}".repeat(130_000);
    notification.alerts[0].labels.insert("job".to_owned(), long);
    let section = format!(
        "email_configs: [{{to: 'a@b.c', from: 'am@example.org', smarthost: 'localhost:{}', \
         require_tls: false}}]",
        server.port
    );
    let sent = notifier(&section).notify(&notification).await.unwrap();
    let mail = server.take();
    assert!(mail.text.split("\r\n").all(|line| line.len() <= 200));
    let head = mail.text.split_once("\r\n\r\n").unwrap().0;
    assert!(head.len() < 16_000, "{}", head.len());
    assert!(sent.message.len() <= 64 << 10);
}

#[tokio::test]
async fn a_mail_needs_tls_unless_the_settings_say_otherwise() {
    let server = SmtpServer::start(&[("EHLO", PLAIN)]).await;
    let settings = "auth_username: u, auth_password: hunter2";
    let (mail, sent) = notified(&server, settings).await;
    let failure = sent.unwrap_err();
    let expected = format!(
        "'require_tls' is true (default) but \"localhost:{}\" does not advertise the STARTTLS \
         extension",
        server.port
    );
    assert_eq!((failure.message, failure.is_retryable), (expected, true));
    // Neither a password nor a mail was sent.
    assert_eq!(mail.commands, ["EHLO localhost"]);
}

#[tokio::test]
async fn a_mail_is_sent_over_tls_to_a_server_that_is_trusted() {
    let trusted = format!("tls_config: {{ca_file: '{}'}}", certificate());
    let server = SmtpServer::start(&[("EHLO", STARTTLS), ("STARTTLS", "220 go")]).await;
    let (mail, sent) = notified(&server, &trusted).await;
    sent.unwrap();
    let expected = [
        "EHLO localhost",
        "STARTTLS",
        "TLS EHLO localhost",
        "TLS MAIL FROM:<am@example.org>",
        "TLS RCPT TO:<a@b.c>",
        "TLS DATA",
    ];
    assert_eq!(mail.commands[..6], expected);

    let server = SmtpServer::start_with_tls(&[]).await;
    let (mail, sent) = notified(&server, &format!("force_implicit_tls: true, {trusted}")).await;
    sent.unwrap();
    assert_eq!(mail.commands[0], "TLS EHLO localhost");
}

#[tokio::test]
async fn a_server_that_is_not_trusted_gets_nothing() {
    const INJECTED: &str = "220 go\r\n250 injected";
    for (answers, settings, expected) in [
        (&[("EHLO", STARTTLS), ("STARTTLS", "220 go")], "", "invalid peer certificate"),
        (
            &[("EHLO", STARTTLS), ("STARTTLS", "220 go")],
            "tls_config: {ca_file: 'CA', server_name: other.example}",
            "not valid for name",
        ),
        (&[("EHLO", STARTTLS), ("STARTTLS", "454 no")], "", "send STARTTLS command: 454 no"),
        (&[("EHLO", STARTTLS), ("STARTTLS", INJECTED)], "", "the server sent more before TLS"),
    ] {
        let server = SmtpServer::start(answers).await;
        let (mail, sent) = notified(&server, &settings.replace("CA", &certificate())).await;
        let failure = sent.unwrap_err();
        assert!(failure.message.contains(expected), "{}", failure.message);
        assert_eq!(mail.commands[..2], ["EHLO localhost", "STARTTLS"]);
        assert!(!mail.commands.iter().any(|line| line.contains("MAIL")), "{mail:?}");
    }
}

#[tokio::test]
async fn the_first_mechanism_with_a_password_is_used() {
    // Username: and Password: in base64.
    let login: &[_] = &[
        ("EHLO", "250-m\r\n250 AUTH XOAUTH2 LOGIN"),
        ("AUTH LOGIN", "334 VXNlcm5hbWU6"),
        ("dQ==", "334 UGFzc3dvcmQ6"),
        ("cA==", "235 ok"),
    ];
    let cram: &[_] = &[
        ("EHLO", "250-m\r\n250 AUTH CRAM-MD5 PLAIN"),
        ("AUTH CRAM-MD5", "334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"),
        ("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw", "235 ok"),
    ];
    let plain: &[_] = &[("EHLO", PLAIN), ("AUTH PLAIN aQB1AHA=", "235 ok")];
    for (answers, settings, count) in [
        (plain, "auth_username: u, auth_password: p, auth_identity: i", 2),
        (login, "auth_username: u, auth_password: p", 4),
        (cram, "auth_username: tim, auth_secret: tanstaaftanstaaf, auth_password: p", 3),
        (plain, "auth_password: p", 1),
    ] {
        let server = SmtpServer::start(answers).await;
        let (mail, sent) = notified(&server, &format!("require_tls: false, {settings}")).await;
        sent.unwrap();
        assert!(mail.commands[count].starts_with("MAIL"), "{:?}", mail.commands);
    }
}

#[tokio::test]
async fn what_a_server_refuses_is_told_without_secrets() {
    let user = "auth_username: u, auth_password: hunter2";
    for (answers, settings, expected, reason) in [
        (
            &[("EHLO", PLAIN), ("AUTH", "535 bad password hunter2")][..],
            user,
            "PLAIN auth: 535 bad password <secret>",
            Reason::AuthError,
        ),
        (
            &[("EHLO", PLAIN)],
            "auth_username: u",
            "find auth mechanism: missing password for PLAIN auth mechanism\nmissing password for \
             LOGIN auth mechanism",
            Reason::Other,
        ),
        (
            &[("EHLO", PLAIN)],
            "auth_username: u, auth_password_file: /none",
            "find auth mechanism: could not read /none: No such file or directory (os error 2)\ncould \
             not read /none: No such file or directory (os error 2)",
            Reason::Other,
        ),
        (
            &[("EHLO", "250-m\r\n250 AUTH LOGIN"), ("AUTH LOGIN", "334 YQ==")],
            user,
            "LOGIN auth: unexpected server challenge",
            Reason::AuthError,
        ),
        (&[("", "554 no")], "", "create SMTP client: 554 no", Reason::Other),
        (&[("EHLO", "501 a"), ("HELO", "501 b")], "", "send EHLO command: 501 b", Reason::Other),
        (
            &[("MAIL", "530 authentication Required")],
            "",
            "send MAIL command: 530 authentication Required",
            Reason::Other,
        ),
        (
            &[("RCPT", "550-no\r\n550 such user")],
            "",
            "send RCPT command: 550 no\nsuch user",
            Reason::Other,
        ),
        (&[("DATA", "451 later")], "", "send DATA command: 451 later", Reason::Other),
        (&[(".", "552 too large")], "", "delivery failure: 552 too large", Reason::Other),
        (&[("MAIL", "what")], "", "send MAIL command: short response: what", Reason::Other),
    ] {
        let server = SmtpServer::start(answers).await;
        let (_, sent) = notified(&server, &format!("require_tls: false, {settings}")).await;
        let failure = sent.unwrap_err();
        assert_eq!((failure.message.as_str(), failure.reason), (expected, reason));
        assert!(failure.is_retryable && failure.unsent.contains("Subject: "), "{failure:?}");
    }
}

#[tokio::test]
async fn settings_that_cannot_work_fail_before_anything_is_sent() {
    let server = SmtpServer::start(&[]).await;
    for (settings, expected) in [
        ("from: '{{ .x }}'", "execute 'from' template: "),
        ("from: 'a@b, c@d'", "must be exactly one 'from' address (got: 2)"),
        ("from: 'xxx'", "parse 'from' addresses: \"xxx\": no @ in address"),
        ("to: '{{ '", "execute 'to' template: template: :1: unclosed action"),
        ("headers: {subject: '{{ '}", "execute \"Subject\" header template: "),
        ("text: '{{ '", "execute text template: "),
        ("html: '{{ '", "execute html template: "),
    ] {
        let section = format!(
            "email_configs: [{{smarthost: 'localhost:{}', require_tls: false, {}{}{settings}}}]",
            server.port,
            if settings.starts_with("to") { "" } else { "to: 'a@b', " },
            if settings.starts_with("from") { "" } else { "from: 'a@b', " },
        );
        let failure = notifier(&section).notify(&one(Status::Firing)).await.unwrap_err();
        assert!(failure.message.starts_with(expected), "{}", failure.message);
        assert!(!failure.is_retryable && server.take().commands.is_empty());
    }
}

#[tokio::test]
async fn a_server_that_talks_too_much_is_left() {
    let long: &'static str = "x".repeat(10_000).leak();
    let endless: &'static str = "250-x\r\n".repeat(1000).leak();
    for (answer, expected) in [(long, "line of the server is too long"), (endless, "too long")] {
        let answers: &'static [_] = vec![("EHLO", answer)].leak();
        let server = SmtpServer::start(answers).await;
        let (_, sent) = notified(&server, "require_tls: false").await;
        let failure = sent.unwrap_err();
        assert!(failure.message.contains(expected), "{}", failure.message);
    }
}
