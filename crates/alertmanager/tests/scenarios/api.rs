//! What the API returns.

use alertmanager::api::{
    AlertsQuery, ApiError, GettableSilence, PostableSilence, SilencesQuery, VersionInfo,
};
use serde_json::{Value, json};

use crate::world::{Settings as _, World, alert, at, silence};

const CONFIG: &str = "
route: {receiver: default, group_by: [], group_wait: 1s}
receivers:
- {name: default, webhook_configs: [{url: 'http://user:secret@a'}]}
- {name: other, labels: {team: x}}
inhibit_rules: [{source_match: {severity: critical}, target_match: {severity: warning}, equal: [alertname]}]
";

fn json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn alerts(world: &World, query: &AlertsQuery) -> Result<Vec<Value>, ApiError> {
    let now = world.simulation.now();
    let alerts = world.simulation.alertmanager().alerts(query, now)?;
    Ok(alerts.into_iter().map(json).collect())
}

#[test]
fn an_alert_has_the_json_of_alertmanager() {
    let mut world = World::new(CONFIG);
    let mut posted = alert(&["alertname=test", "severity=warning"]).from(0.5).annotated("text");
    posted.generator_url = Some("http://prometheus/graph".to_owned());
    world.push(1.25, &[posted]);
    let listed = alerts(&world, &AlertsQuery::default()).unwrap();
    let expected = json!([{
        "annotations": {"ann": "text"},
        "endsAt": "2026-08-22T13:25:01.250Z",
        "fingerprint": listed[0]["fingerprint"],
        "receivers": [{"name": "default"}],
        "startsAt": "2026-08-22T13:20:00.500Z",
        "status": {"inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": "active"},
        "updatedAt": "2026-08-22T13:20:01.250Z",
        "generatorURL": "http://prometheus/graph",
        "labels": {"alertname": "test", "severity": "warning"},
    }]);
    assert_eq!(Value::from(listed), expected);
    let groups = world.simulation.alertmanager();
    let groups = json(groups.groups(&AlertsQuery::default(), at(1.25)).unwrap());
    let group = json!({
        "alerts": expected, "labels": {}, "receiver": {"name": "default"}, "routeLabels": {},
    });
    assert_eq!(groups, json!([group]));
}

#[test]
fn the_state_of_an_alert_is_that_of_now() {
    let mut world = World::new(CONFIG);
    world.push(1.0, &[alert(&["alertname=test", "severity=warning"])]).until(5.0);
    let id = world.silence(6.0, (6.0, 100.0), &["alertname=test"]);
    let status = |world: &World| {
        let listed = alerts(world, &AlertsQuery::default()).unwrap();
        listed.iter().map(|alert| alert["status"].clone()).collect::<Vec<_>>()
    };
    let silenced = json!(
        {"inhibitedBy": [], "mutedBy": [], "silencedBy": [id], "state": "suppressed"}
    );
    assert_eq!(status(&world), std::slice::from_ref(&silenced));
    world.push(7.0, &[alert(&["alertname=test", "severity=critical"])]);
    let listed = alerts(&world, &AlertsQuery::default()).unwrap();
    let critical = listed.iter().find(|a| a["labels"]["severity"] == "critical").unwrap();
    let warning = listed.iter().find(|a| a["labels"]["severity"] == "warning").unwrap();
    assert_eq!(warning["status"]["inhibitedBy"], json!([critical["fingerprint"]]));
    assert_eq!(critical["status"], silenced);
    world.simulation.expire_silence(&id).unwrap();
    world.until(8.0);
    let states: Vec<Value> = status(&world).iter().map(|status| status["state"].clone()).collect();
    assert!(states.contains(&json!("active")) && states.contains(&json!("suppressed")));
}

#[test]
fn filters_select_alerts() {
    let mut world = World::new(CONFIG);
    world.push(
        1.0,
        &[
            alert(&["alertname=a", "severity=critical"]),
            alert(&["alertname=a", "severity=warning"]),
            alert(&["alertname=b"]),
            alert(&["alertname=c"]),
            alert(&["alertname=old"]).from(0.0).to(0.5),
        ],
    );
    world.silence(1.0, (1.0, 100.0), &["alertname=b"]);
    let all = AlertsQuery::default;
    let filter = |texts: &[&str]| AlertsQuery {
        filter: texts.iter().map(|text| (*text).to_owned()).collect(),
        ..all()
    };
    let receiver = |pattern: &str| AlertsQuery { receiver: Some(pattern.to_owned()), ..all() };
    let labels = |text: &str| AlertsQuery { receiver_matchers: vec![text.to_owned()], ..all() };
    for (query, expected) in [
        (all(), "a,critical a,warning b c"),
        (AlertsQuery { active: false, ..all() }, "a,warning b"),
        (AlertsQuery { silenced: false, ..all() }, "a,critical a,warning c"),
        (AlertsQuery { inhibited: false, ..all() }, "a,critical b c"),
        (AlertsQuery { active: false, silenced: false, inhibited: false, ..all() }, ""),
        (filter(&["alertname=a", "severity!=warning"]), "a,critical"),
        (filter(&["severity=\"\""]), "b c"),
        (filter(&["severity!=\"\""]), "a,critical a,warning"),
        (filter(&["alertname=~\"b|c\""]), "b c"),
        (receiver("def.*"), "a,critical a,warning b c"),
        (receiver("def"), ""),
        (labels("name=default"), "a,critical a,warning b c"),
        (labels("team=x"), ""),
    ] {
        let mut found: Vec<String> = alerts(&world, &query)
            .unwrap()
            .iter()
            .map(|alert| {
                let labels = alert["labels"].as_object().unwrap();
                let values: Vec<&str> = labels.values().map(|v| v.as_str().unwrap()).collect();
                values.join(",")
            })
            .collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), expected, "{query:?}");
    }
    for (query, message) in [
        (filter(&["a"]), "bad matcher format: a"),
        (filter(&["{a=b}"]), "unexpected open or close brace: {a=b}"),
        (
            receiver("("),
            "failed to parse receiver param: error parsing regexp: missing closing ): `^(?:()$`",
        ),
        (labels("a"), "failed to parse receiver_matchers param: bad matcher format: a"),
    ] {
        let error = alerts(&world, &query).unwrap_err();
        assert_eq!(error, ApiError::BadRequest(message.to_owned()));
        let groups = world.simulation.alertmanager().groups(&query, at(1.0));
        assert_eq!(groups.unwrap_err(), error);
    }
}

fn set(world: &mut World, silence: &Value) -> Result<String, ApiError> {
    let silence: PostableSilence = serde_json::from_value(silence.clone()).unwrap();
    world.simulation.set_silence(silence)
}

#[test]
fn a_silence_has_the_json_of_alertmanager() {
    let mut world = World::new(CONFIG);
    let posted = json!({
        "matchers": [
            {"name": "a", "value": "b", "isRegex": false},
            {"name": "c", "value": "d.*", "isRegex": true, "isEqual": false},
        ],
        "startsAt": "2026-08-22T16:00:00+02:00",
        "endsAt": "2026-08-22T15:00:00Z",
        "createdBy": "me",
        "comment": "why",
        "annotations": {"ticket": "1"},
    });
    let id = set(&mut world, &posted).unwrap();
    let expected = json!({
        "id": id,
        "status": {"state": "pending"},
        "updatedAt": "2026-08-22T13:20:00.000Z",
        "annotations": {"ticket": "1"},
        "comment": "why",
        "createdBy": "me",
        "endsAt": "2026-08-22T15:00:00.000Z",
        "matchers": [
            {"isEqual": true, "isRegex": false, "name": "a", "value": "b"},
            {"isEqual": false, "isRegex": true, "name": "c", "value": "d.*"},
        ],
        "startsAt": "2026-08-22T14:00:00.000Z",
    });
    let now = world.simulation.now();
    let alertmanager = world.simulation.alertmanager();
    assert_eq!(json(alertmanager.silence(&id, now)), expected);
    assert_eq!(
        json(alertmanager.silences(&SilencesQuery::default(), now).unwrap()),
        json!([expected])
    );
    assert_eq!(alertmanager.silence("unknown", now), None);
}

#[test]
fn invalid_silences_have_the_messages_of_alertmanager() {
    let mut world = World::new(CONFIG);
    let matcher = |name: &str, value: &str, is_regex: bool| json!({"name": name, "value": value, "isRegex": is_regex});
    let valid = json!({
        "matchers": [matcher("a", "b", false)],
        "startsAt": "2026-08-22T14:00:00Z",
        "endsAt": "2026-08-22T15:00:00Z",
        "createdBy": "", "comment": "",
    });
    for (key, value, message) in [
        ("comment", json!(null), "comment in body is required"),
        ("createdBy", json!(null), "createdBy in body is required"),
        ("endsAt", json!(null), "endsAt in body is required"),
        ("startsAt", json!(null), "startsAt in body is required"),
        ("matchers", json!(null), "matchers in body is required"),
        ("matchers", json!([]), "matchers in body should have at least 1 items"),
        ("id", json!("unknown"), "silence not found"),
        (
            "startsAt",
            json!("2026-08-22T15:00:00Z"),
            "Failed to create silence: start time must be before end time",
        ),
        (
            "matchers",
            json!([matcher("a", "", false), matcher("b", "x*", true)]),
            "invalid silence: matcher set 0: at least one matcher must not match the empty string",
        ),
        (
            "matchers",
            json!([matcher("", "b", false)]),
            "invalid silence: invalid label matcher 0 in set 0: invalid label name \"\"",
        ),
        (
            "matchers",
            json!([matcher("a", "b", false), matcher("a", "[", true)]),
            "invalid silence: invalid label matcher 1 in set 0: invalid regular expression \"[\": \
             error parsing regexp: missing closing ]: `[`",
        ),
    ] {
        let mut posted = valid.clone();
        posted[key] = value;
        assert_eq!(set(&mut world, &posted).unwrap_err().to_string(), message, "{key}");
    }
    let mut past = valid.clone();
    (past["startsAt"], past["endsAt"]) = (json!("2025-01-01"), json!("2025-01-02"));
    let message = "Failed to create silence: end time can't be in the past";
    assert_eq!(set(&mut world, &past).unwrap_err().to_string(), message);
    assert!(set(&mut world, &valid).is_ok());
}

#[test]
fn silences_are_listed_by_state() {
    let mut world = World::new(CONFIG);
    for (name, (start, end)) in [
        ("expired first", (0.0, 2.0)),
        ("expired last", (0.0, 4.0)),
        ("pending last", (90.0, 91.0)),
        ("pending first", (80.0, 99.0)),
        ("ends last", (0.0, 70.0)),
        ("ends first", (0.0, 60.0)),
    ] {
        let comment = Some(name.to_owned());
        let silence = PostableSilence { comment, ..silence((start, end), &["a=b", "c=~d"]) };
        world.simulation.set_silence(silence).unwrap();
    }
    world.until(10.0);
    let listed = |query: &SilencesQuery| {
        let silences = world.simulation.alertmanager().silences(query, at(10.0)).unwrap();
        let comments: Vec<String> =
            silences.into_iter().map(|silence: GettableSilence| silence.comment).collect();
        comments.join(", ")
    };
    let (active, pending) = ("ends first, ends last", "pending first, pending last");
    let expired = "expired last, expired first";
    let all = SilencesQuery::default;
    let filter = |text: &str| SilencesQuery { filter: vec![text.to_owned()], ..all() };
    for (query, expected) in [
        (all(), format!("{active}, {pending}, {expired}")),
        (SilencesQuery { active: false, expired: false, ..all() }, pending.to_owned()),
        (SilencesQuery { expired: false, ..all() }, format!("{active}, {pending}")),
        (filter("a=b"), format!("{active}, {pending}, {expired}")),
        // A filter names a matcher; it is not matched against anything.
        (filter("a=~b"), String::new()),
        (filter("c=d"), String::new()),
    ] {
        assert_eq!(listed(&query), expected, "{query:?}");
    }
}

#[test]
fn the_status_shows_no_secrets_and_no_cluster() {
    let mut world = World::new(CONFIG);
    world.until(9.0);
    let version = VersionInfo { version: "1".to_owned(), ..VersionInfo::default() };
    let status = json(world.simulation.alertmanager().status(version));
    assert_eq!(status["cluster"], json!({"status": "disabled", "peers": []}));
    assert_eq!(status["uptime"], "2026-08-22T13:20:00.000Z");
    assert_eq!(status["versionInfo"]["version"], "1");
    let original = status["config"]["original"].as_str().unwrap();
    assert!(original.contains("receiver: default") && !original.contains("secret@"), "{original}");
}

#[test]
fn receivers_are_listed_with_their_labels() {
    let world = World::new(CONFIG);
    let receivers = |matchers: &[&str]| {
        let matchers: Vec<String> = matchers.iter().map(|text| (*text).to_owned()).collect();
        world.simulation.alertmanager().receivers(&matchers)
    };
    let other = json!({"name": "other", "labels": {"name": "other", "team": "x"}});
    let default = json!({"name": "default", "labels": {"name": "default"}});
    assert_eq!(json(receivers(&[]).unwrap()), json!([default, other]));
    assert_eq!(json(receivers(&["team=~x|y", "name!=default"]).unwrap()), json!([other]));
    let error = receivers(&["team"]).unwrap_err().to_string();
    assert_eq!(error, "failed to parse receiver_matchers param: bad matcher format: team");
}
