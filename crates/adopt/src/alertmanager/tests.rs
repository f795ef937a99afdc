//! Reading of whole files, without the corpora.

use std::ffi::OsString;
use std::io;

use signals::Labels;

use super::receiver::SlackConfig;
use super::*;
use crate::http::{Authentication, Source};

/// A file in memory.
struct Memory(&'static str);

impl Files for Memory {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.as_bytes().to_vec())
    }

    fn names(&self, _: &Path) -> io::Result<Vec<OsString>> {
        Ok(Vec::new())
    }

    fn exists(&self, _: &Path) -> bool {
        false
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn loaded(text: &'static str) -> Result<Config, Error> {
    load(Path::new("/etc/alertmanager.yml"), &Memory(text))
}

fn refused(text: &'static str) -> String {
    loaded(text).unwrap_err().to_string()
}

fn slack(config: &Config, receiver: usize) -> (&Integration, &SlackConfig) {
    let integration = &config.receivers[receiver].integrations[0];
    match &integration.settings {
        Settings::Slack(slack) => (integration, slack),
        other => panic!("{other:?}"),
    }
}

#[test]
fn routes_inherit_from_their_parents() {
    let config = loaded(
        "route:\n  receiver: a\n  group_by: [z, job]\n  group_wait: 1s\n  labels: {t: x}\n  routes:\n  \
         - matchers: [team=\"b\", \"sev =~ 'x|y'\"]\n    receiver: b\n    labels: {u: y}\n    routes:\n    \
         - match_re: {env: p.*}\n      continue: true\n      group_by: ['...']\n    - group_by: \
         []\nreceivers: [{name: a}, {name: b}]\n",
    )
    .unwrap();
    let names: Vec<&str> = config.route.all().iter().map(|route| &*route.receiver).collect();
    assert_eq!(names, ["a", "b", "b", "b"]);
    assert!(config.route.all().iter().enumerate().all(|(index, route)| route.index == index));
    let b = &config.route.routes[0];
    assert_eq!(b.group_by, GroupBy::Labels(vec!["job".to_owned(), "z".to_owned()]));
    assert_eq!(
        (b.group_wait, b.repeat_interval),
        (Duration::from_secs(1), Duration::from_secs(14_400))
    );
    let labels = [("t", "x"), ("u", "y")];
    assert_eq!(b.labels, labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert_eq!(b.routes[0].group_by, GroupBy::All);
    assert_eq!(b.routes[1].group_by, GroupBy::Labels(Vec::new()));
    assert_eq!(b.routes[0].key(), "{}/{sev=~\"'x|y'\",team=\"b\"}/{env=~\"^(?:p.*)$\"}");
    assert_eq!(b.routes[1].id(), "{}/{sev=~\"'x|y'\",team=\"b\"}/0/{}/1");
    assert_eq!(config.warnings[0].line, 7);
}

#[test]
fn an_alert_takes_the_deepest_route_and_continues_where_the_file_says_so() {
    let config = loaded(
        "route:\n  receiver: a\n  routes:\n  - {matchers: [x=1], receiver: b, continue: true}\n  - \
         {matchers: ['x=~\"1|2\"'], receiver: c, routes: [{matchers: [y=1], receiver: d}]}\n  - \
         {receiver: e, matchers: [x=1]}\nreceivers: [{name: a}, {name: b}, {name: c}, {name: d}, \
         {name: e}]\n",
    )
    .unwrap();
    for (labels, expected) in [
        (vec![("x", "1")], vec!["b", "c"]),
        (vec![("x", "2"), ("y", "1")], vec!["d"]),
        (vec![("x", "3")], vec!["a"]),
    ] {
        let found = config.route.matching(&Labels::from_pairs(labels));
        let found: Vec<&str> = found.iter().map(|route| &*route.receiver).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn receivers_have_the_settings_of_global() {
    let config = loaded(
        "global:\n  slack_api_url_file: url\n  http_config: {proxy_url: 'http://p:1'}\nroute: \
         {receiver: a}\nreceivers:\n- name: a\n  slack_configs:\n  - channel: '#x'\n    timeout: \
         1m30s\n- name: b\n  slack_configs: [{app_token: t, send_resolved: true, http_config: {}}]\n",
    )
    .unwrap();
    let (integration, settings) = slack(&config, 0);
    assert_eq!(settings.api_url, Source::File("/etc/url".into()));
    assert_eq!(settings.title, "{{ template \"slack.default.title\" . }}");
    assert_eq!(settings.timeout, Some(Duration::from_secs(90)));
    assert!(!integration.send_resolved && integration.http.proxy.url.is_some());
    let (integration, settings) = slack(&config, 1);
    let Source::Inline(url) = &settings.api_url else { panic!("{settings:?}") };
    assert_eq!(url.reveal(), "https://slack.com/api/chat.postMessage");
    assert!(integration.send_resolved && integration.http.proxy.url.is_none());
    let authentication = &integration.http.authentication;
    assert!(matches!(authentication, Some(Authentication::Authorization { .. })));
}

#[test]
fn mistakes_have_a_line_and_the_words_of_alertmanager() {
    for (text, expected) in [
        ("", "1: no route provided in config"),
        ("receivers: []\n", "1: no routes provided"),
        (
            "route:\n  receiver: a\n  routes:\n  - receiver: b\nreceivers: [{name: a}]\n",
            "4: undefined receiver \"b\" used in route",
        ),
        (
            "route: {receiver: a}\nreceivers:\n- name: a\n- name: a\n",
            "4: notification config name \"a\" is not unique",
        ),
        (
            "route: {receiver: a}\nreceivers:\n- name: a\n  email_configs:\n  - to: x@y\n",
            "5: no global SMTP smarthost set",
        ),
        (
            "route: {receiver: a}\nreceivers:\n- name: a\n  pagerduty_configs: [{url: 'ftp://x', \
             routing_key: a}]\n",
            "4: unsupported scheme \"ftp\" for URL",
        ),
        (
            "route:\n  receiver: a\n  group_wait: 1\nreceivers: [{name: a}]\n",
            "3: not a valid duration string: \"1\"",
        ),
        (
            "route: {receiver: a}\nreceivers: [{name: a}]\nroutes: []\n",
            "3: field routes not found in type config.plain",
        ),
    ] {
        assert_eq!(refused(text), format!("/etc/alertmanager.yml:{expected}"), "{text}");
    }
}

#[test]
fn what_is_not_supported_is_listed() {
    let config = loaded(
        "route: {receiver: a}\nreceivers:\n- name: a\n  sns_configs:\n  - topic_arn: t\n    sigv4: \
         {region: r, profile: p, role_arn: a}\nevent_recorder: {}\ntracing: {endpoint: e, headers: {a: {values: [b]}}}\n",
    )
    .unwrap();
    let shown: Vec<String> = config.unsupported.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "/etc/alertmanager.yml:6: profile is not supported",
            "/etc/alertmanager.yml:6: role_arn is not supported",
            "/etc/alertmanager.yml:8: tracing is not supported",
            "/etc/alertmanager.yml:7: event_recorder is not supported",
        ]
    );
}

#[test]
fn secrets_are_not_shown() {
    let config = loaded(
        "global: {slack_api_url: 'http://hunter2/'}\nroute: {receiver: a}\nreceivers:\n- name: a\n  \
         webhook_configs: [{url: 'http://x/hunter2'}]\n  victorops_configs: [{routing_key: r, \
         api_url: 'http://v/', api_key: hunter2}]\n  slack_configs: [{http_config: {basic_auth: \
         {username: u, password: hunter2}}}]\n",
    )
    .unwrap();
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    assert_eq!(
        config.redacted,
        "global: {slack_api_url: <secret>}\nroute: {receiver: a}\nreceivers:\n- name: a\n  \
         webhook_configs: [{url: <secret>}]\n  victorops_configs: [{routing_key: r, api_url: \
         'http://v/', api_key: <secret>}]\n  slack_configs: [{http_config: {basic_auth: {username: \
         u, password: <secret>}}}]\n"
    );
    let invalid = refused(
        "route: {receiver: a}\nreceivers:\n- name: a\n  slack_configs: [{api_url: \
         'http://hunter2:x/'}]\n",
    );
    assert!(invalid.contains("invalid port") && !invalid.contains("hunter2"), "{invalid}");
}

#[test]
fn an_interval_is_muted_in_its_time_zone() {
    let config = loaded(
        "route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals:\n- name: night\n  \
         time_intervals:\n  - {times: [{start_time: '22:00', end_time: '24:00'}], location: \
         Europe/Berlin, weekdays: ['monday:friday', sunday]}\n",
    )
    .unwrap();
    let night = &config.time_intervals[0];
    // Thursday, 1 January 1970, 22:00 in Berlin, and an hour earlier.
    assert!(night.contains(21 * 3600) && !night.contains(20 * 3600));
    // Saturday.
    assert!(!night.contains((48 + 21) * 3600));
}

#[test]
fn what_a_file_multiplies_is_bounded() {
    let long = "x".repeat(1 << 20);
    let routes = "{}, ".repeat(100);
    let inherited = format!(
        "route: {{receiver: a, labels: {{a: {long}}}, routes: [{routes}]}}\nreceivers: [{{name: a}}]\n"
    );
    let integrations = "{url: 'http://a/'}, ".repeat(100);
    let global = format!(
        "global: {{smtp_from: {long}}}\nroute: {{receiver: a}}\nreceivers: [{{name: a, \
         webhook_configs: [{integrations}]}}]\n"
    );
    let pattern = "'a=~\"b|c\"', ".repeat(10_000);
    let patterns = format!(
        "route: {{receiver: a}}\nreceivers: [{{name: a}}]\ninhibit_rules: [{{source_matchers: \
         [{pattern}]}}]\n"
    );
    for text in [inherited, global, patterns] {
        let reason = loaded(text.leak()).unwrap_err().reason();
        assert_eq!(reason, "inherited settings and patterns take more than 64 MiB");
    }
}
