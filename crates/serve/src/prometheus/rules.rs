//! Rules and alerts: `/rules` and `/alerts`, as `docs/querying/api.md` of Prometheus describes them.
//! Loki has the same routes for its rules.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use query::promql::parse_selector;
use rules::{Alert, Definition, Group, Language, Rule, RuleState};
use serde_json::{Map, Value, json};
use signals::time::{MILLISECOND, to_rfc3339};
use signals::{Labels, Matcher};

use super::answer::ApiError;
use super::status::data_of;
use crate::go_float;
use crate::parameters::Parameters;
use crate::routers::Api;

/// Go's zero time.
pub(super) const NEVER: &str = "0001-01-01T00:00:00Z";

/// The routes, for rules of one language.
pub(crate) fn api(language: Language) -> Router<Arc<Api>> {
    let rules = move |State(api): State<Arc<Api>>, parameters: Parameters| async move {
        rules(&api, &parameters, language)
    };
    let alerts = move |State(api): State<Arc<Api>>| async move { alerts(&api, language) };
    Router::new().route("/rules", get(rules)).route("/alerts", get(alerts))
}

/// The groups with rules of a language.
fn groups(api: &Api, language: Language) -> Vec<Arc<Group>> {
    let is_of = |group: &Arc<Group>| {
        group.read(|group| group.rules.first().is_none_or(|state| state.rule.language == language))
    };
    api.rules.groups().into_iter().filter(is_of).collect()
}

/// What of the rules is asked for.
struct Filter {
    matchers: Vec<Vec<Matcher>>,
    names: HashSet<String>,
    groups: HashSet<String>,
    files: HashSet<String>,
    has_alerting: bool,
    has_recording: bool,
    has_alerts: bool,
}

impl Filter {
    fn read(parameters: &Parameters) -> Result<Self, ApiError> {
        let set = |name| parameters.all(name).into_iter().collect();
        let selectors = parameters.all("match[]");
        let matchers = selectors.iter().map(|selector| parse_selector(selector));
        let matchers = matchers.collect::<Result<_, _>>();
        let kind = parameters.get("type").unwrap_or_default().to_ascii_lowercase();
        if !["", "alert", "record"].contains(&kind.as_str()) {
            return Err(ApiError::parameter("type", format!("not supported value {kind:?}")));
        }
        let hides_alerts = parameters.get("exclude_alerts").unwrap_or_default();
        let hides_alerts = match hides_alerts.to_ascii_lowercase().as_str() {
            "" | "0" | "f" | "false" => false,
            "1" | "t" | "true" => true,
            other => {
                let why = format!(
                    "error converting exclude_alerts: strconv.ParseBool: parsing {other:?}: \
                     invalid syntax"
                );
                return Err(ApiError::parameter("exclude_alerts", why));
            }
        };
        Ok(Self {
            matchers: matchers.map_err(|error| ApiError::bad_data(error.to_string()))?,
            names: set("rule_name[]"),
            groups: set("rule_group[]"),
            files: set("file[]"),
            has_alerting: kind != "record",
            has_recording: kind != "alert",
            has_alerts: !hides_alerts,
        })
    }

    fn has(&self, rule: &Rule) -> bool {
        let is_kind = match rule.definition {
            Definition::Alerting(_) => self.has_alerting,
            Definition::Recording(_) => self.has_recording,
        };
        let labels = rule.labels();
        let label = |name: &str| labels.get(name).map(String::as_str).unwrap_or_default();
        let matches = |all: &Vec<Matcher>| all.iter().all(|m| m.matches(label(&m.name)));
        is_kind
            && (self.names.is_empty() || self.names.contains(rule.name()))
            && (self.matchers.is_empty() || self.matchers.iter().any(matches))
    }

    fn has_group(&self, group: &Group) -> bool {
        let file = group.identity.file.display().to_string();
        (self.groups.is_empty() || self.groups.contains(&group.identity.name))
            && (self.files.is_empty() || self.files.contains(&file))
    }
}

fn rules(api: &Api, parameters: &Parameters, language: Language) -> Result<Response, ApiError> {
    let filter = Filter::read(parameters)?;
    let limit = match parameters.get("group_limit") {
        None | Some("") => None,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if limit > 0 => Some(limit),
            _ => {
                let why = "group_limit needs to be a valid number and greater than 0";
                return Err(ApiError::parameter("group_limit", why));
            }
        },
    };
    let after = parameters.get("group_next_token").unwrap_or_default();
    if !after.is_empty() && limit.is_none() {
        let why = "group_limit needs to be present in order to paginate over the groups";
        return Err(ApiError::parameter("group_next_token", why));
    }
    let mut groups = groups(api, language);
    if !after.is_empty() {
        let Some(first) = groups.iter().position(|group| token(group) == after) else {
            let why = format!("invalid group_next_token '{after}'. were rule groups changed?");
            return Err(ApiError::parameter("group_next_token", why));
        };
        groups.drain(..first);
    }
    let mut shown = Vec::new();
    let mut next = None;
    for group in groups.iter().filter(|group| filter.has_group(group)) {
        let Some(value) = group_value(group, &filter) else { continue };
        if limit == Some(shown.len()) {
            next = Some(token(group));
            break;
        }
        shown.push(value);
    }
    let mut data = json!({ "groups": shown });
    if let (Some(next), Some(data)) = (next, data.as_object_mut()) {
        data.insert("groupNextToken".to_owned(), next.into());
    }
    Ok(data_of(&data))
}

/// The name of a page of groups: that of its first group.
fn token(group: &Group) -> String {
    hex::encode(group.identity.to_string())
}

/// A group with the rules that are asked for; `None` if it has none of them.
fn group_value(group: &Group, filter: &Filter) -> Option<Value> {
    let state = group.state();
    let rules: Vec<Value> = state
        .rules
        .iter()
        .filter(|rule| filter.has(&rule.rule))
        .map(|rule| rule_value(rule, filter.has_alerts))
        .collect();
    (!rules.is_empty()).then(|| {
        json!({
            "name": group.identity.name,
            "file": group.identity.file.display().to_string(),
            "rules": rules,
            "interval": group.interval_ms as f64 / 1000.0,
            "limit": group.limit.unwrap_or(0),
            "evaluationTime": state.duration.as_secs_f64(),
            "lastEvaluation": time(state.evaluated_at_ms),
        })
    })
}

fn rule_value(state: &RuleState, has_alerts: bool) -> Value {
    let rule = &state.rule;
    let mut value = json!({
        "name": rule.name(),
        "query": rule.expr,
        "labels": rule.labels(),
        "health": state.health.name(),
        "evaluationTime": state.duration.as_secs_f64(),
        "lastEvaluation": time(state.evaluated_at_ms),
    });
    let Some(fields) = value.as_object_mut() else { return value };
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    if let Some(error) = &state.last_error {
        set("lastError", error.as_str().into());
    }
    match &rule.definition {
        Definition::Recording(_) => {
            set("type", "recording".into());
        }
        Definition::Alerting(alerting) => {
            set("type", "alerting".into());
            set("state", state.state().map_or("unknown", rules::AlertState::name).into());
            set("duration", (alerting.hold_ms as f64 / 1000.0).into());
            set("keepFiringFor", (alerting.keep_firing_for_ms as f64 / 1000.0).into());
            set("annotations", json!(alerting.annotations));
            let alerts: Vec<Value> = state.active_alerts().map(alert_value).collect();
            set("alerts", if has_alerts { alerts.into() } else { Value::Null });
        }
    }
    value
}

fn alerts(api: &Api, language: Language) -> Response {
    let mut alerts = Vec::new();
    for group in groups(api, language) {
        let state = group.state();
        alerts.extend(state.rules.iter().flat_map(RuleState::active_alerts).map(alert_value));
    }
    data_of(&json!({ "alerts": alerts }))
}

fn alert_value(alert: &Alert) -> Value {
    let mut value = json!({
        "labels": object(&alert.labels),
        "annotations": alert.annotations,
        "state": alert.state.name(),
        "activeAt": time(Some(alert.active_at_ms)),
        "value": go_float::scientific(alert.value),
    });
    if let (Some(since), Some(fields)) = (alert.keep_firing_since_ms, value.as_object_mut()) {
        fields.insert("keepFiringSince".to_owned(), time(Some(since)).into());
    }
    value
}

fn object(labels: &Labels) -> Map<String, Value> {
    let pairs: BTreeMap<_, _> = labels.iter().collect();
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

fn time(unix_ms: Option<i64>) -> String {
    unix_ms.map_or_else(|| NEVER.to_owned(), |ms| to_rfc3339(ms.saturating_mul(MILLISECOND)))
}
