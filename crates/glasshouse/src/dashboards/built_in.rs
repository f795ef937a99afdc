//! Dashboards that come with the program. Each is listed when its data is there.

use page_api::DashboardEntry;

use super::content;
use super::scan::version;

/// The folder that they are shown in.
const FOLDER: &str = "Built in";
/// What is shown in place of a file.
const FILE: &str = "built in";

/// A dashboard, and the metrics of which one must be there.
struct BuiltIn {
    metrics: &'static [&'static str],
    content: &'static str,
}

const ALL: [BuiltIn; 5] = [
    BuiltIn {
        metrics: &[
            "gen_ai_client_operation_duration_seconds_count",
            "gen_ai_client_inference_duration_seconds_count",
        ],
        content: include_str!("../../../../dashboards/llm-calls.json"),
    },
    BuiltIn {
        metrics: &["http_server_request_duration_seconds_count"],
        content: include_str!("../../../../dashboards/http-services.json"),
    },
    BuiltIn {
        metrics: &["node_cpu_seconds_total"],
        content: include_str!("../../../../dashboards/host.json"),
    },
    BuiltIn { metrics: &["redis_up"], content: include_str!("../../../../dashboards/redis.json") },
    BuiltIn {
        metrics: &["pg_up"],
        content: include_str!("../../../../dashboards/postgresql.json"),
    },
];

/// Those whose data is among these metrics, which are sorted.
pub(super) fn with_data(metrics: &[String]) -> impl Iterator<Item = DashboardEntry> {
    let has = |metric: &&str| metrics.binary_search_by(|other| other.as_str().cmp(metric)).is_ok();
    ALL.iter().filter(move |board| board.metrics.iter().any(&has)).filter_map(entry)
}

/// One of them with its content.
pub(super) fn find(uid: &str) -> Option<(DashboardEntry, &'static str)> {
    let all = ALL.iter().filter_map(|board| Some((entry(board)?, board.content)));
    all.into_iter().find(|(entry, _)| entry.uid == uid)
}

fn entry(board: &BuiltIn) -> Option<DashboardEntry> {
    let head = content::head(board.content.as_bytes()).ok()??;
    Some(DashboardEntry {
        uid: head.uid,
        title: head.title,
        tags: head.tags,
        folder: FOLDER.to_owned(),
        file: FILE.to_owned(),
        version: version(board.content.as_bytes()),
    })
}
