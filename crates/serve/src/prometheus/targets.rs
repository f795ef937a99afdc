//! Targets of scrapes: their state and the metadata of their metrics.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use query::promql::parse_selector;
use serde_json::{Map, Value, json};
use signals::time::to_rfc3339;
use signals::{Labels, Matcher};

use super::answer::ApiError;
use super::rules::NEVER;
use super::status::data_of;
use crate::parameters::Parameters;
use crate::routers::Api;

pub(super) fn api() -> Router<Arc<Api>> {
    Router::new()
        .route("/targets", get(targets))
        .route("/targets/metadata", get(metadata))
        .route("/scrape_pools", get(pools))
}

async fn pools(State(api): State<Arc<Api>>) -> Response {
    let mut names: Vec<String> =
        api.info.scrape_pools().into_iter().map(|pool| pool.name).collect();
    names.sort_unstable();
    data_of(&json!({ "scrapePools": names }))
}

async fn targets(State(api): State<Arc<Api>>, parameters: Parameters) -> Response {
    let state = parameters.get("state").unwrap_or_default().to_ascii_lowercase();
    let shows = |kind: &str| state.is_empty() || state == "any" || state == kind;
    let wanted = parameters.get("scrapePool").unwrap_or_default();
    let mut pools = api.info.scrape_pools();
    pools.sort_by(|a, b| a.name.cmp(&b.name));
    let counts: BTreeMap<&str, usize> =
        pools.iter().map(|pool| (pool.name.as_str(), pool.dropped_count)).collect();
    let of_pool = |name: &str| wanted.is_empty() || wanted == name;
    let (mut active, mut dropped) = (Vec::new(), Vec::new());
    for pool in pools.iter().filter(|pool| of_pool(&pool.name)) {
        let targets = pool.active.iter().filter(|_| shows("active"));
        active.extend(targets.map(|target| {
            let last_scrape = target.last_scrape.map_or_else(|| NEVER.to_owned(), to_rfc3339);
            json!({
                "discoveredLabels": object(&target.discovered),
                "labels": object(&target.labels),
                "scrapePool": pool.name,
                "scrapeUrl": target.url,
                "globalUrl": target.url,
                "lastError": target.last_error,
                "lastScrape": last_scrape,
                "lastScrapeDuration": target.last_duration.as_secs_f64(),
                "health": target.health,
                "scrapeInterval": target.interval,
                "scrapeTimeout": target.timeout,
            })
        }));
        let targets = pool.dropped.iter().filter(|_| shows("dropped"));
        dropped.extend(
            targets.map(
                |labels| json!({ "discoveredLabels": object(labels), "scrapePool": pool.name }),
            ),
        );
    }
    data_of(&json!({
        "activeTargets": active,
        "droppedTargets": dropped,
        "droppedTargetCounts": if shows("dropped") { json!(counts) } else { Value::Null },
    }))
}

async fn metadata(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let limit = match parameters.get("limit").unwrap_or_default() {
        "" => usize::MAX,
        text => text
            .parse::<i64>()
            .map_err(|_| ApiError::bad_data("limit must be a number"))
            .map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))?,
    };
    let matchers: Vec<Matcher> = match parameters.get("match_target").unwrap_or_default() {
        "" => Vec::new(),
        text => parse_selector(text).map_err(|error| ApiError::parameter("match_target", error))?,
    };
    let wanted = parameters.get("metric").unwrap_or_default();
    let mut found = Vec::new();
    for target in api.info.target_metadata() {
        // As in Prometheus, the limit ends the list only between targets.
        if found.len() >= limit {
            break;
        }
        let value = |name: &str| target.labels.get(name).unwrap_or_default();
        if !matchers.iter().all(|matcher| matcher.matches(value(&matcher.name))) {
            continue;
        }
        for metric in target.metrics.iter().filter(|m| wanted.is_empty() || wanted == m.metric) {
            let mut entry = Map::new();
            entry.insert("target".to_owned(), object(&target.labels));
            if wanted.is_empty() {
                entry.insert("metric".to_owned(), json!(metric.metric));
            }
            entry.insert("type".to_owned(), json!(metric.kind.name()));
            entry.insert("help".to_owned(), json!(metric.help));
            entry.insert("unit".to_owned(), json!(metric.unit));
            found.push(Value::Object(entry));
        }
    }
    Ok(data_of(&Value::Array(found)))
}

fn object(labels: &Labels) -> Value {
    labels.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect::<Map<_, _>>().into()
}
