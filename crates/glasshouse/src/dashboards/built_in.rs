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

/// Calls of a model, in every spelling.
const CALLS: &[&str] = &[
    "gen_ai_client_inference_duration_seconds_count",
    "gen_ai_client_operation_duration_seconds_count",
    "alex_llm_requests_total",
    "inference_requests_total",
    "llm_requests_total",
    "llm_invocation_count_total",
];

const ALL: [BuiltIn; 13] = [
    BuiltIn { metrics: CALLS, content: include_str!("../../../../dashboards/ai-overview.json") },
    BuiltIn { metrics: CALLS, content: include_str!("../../../../dashboards/llm-calls.json") },
    BuiltIn {
        metrics: &[
            "gen_ai_invoke_agent_duration_seconds_count",
            "gen_ai_invoke_workflow_duration_seconds_count",
            "gen_ai_workflow_duration_seconds_count",
            "narrative_executions_total",
        ],
        content: include_str!("../../../../dashboards/agent-runs.json"),
    },
    BuiltIn {
        metrics: &["glasshouse_task_duration_seconds_count", "alex_tasks_executions_total"],
        content: include_str!("../../../../dashboards/background-tasks.json"),
    },
    BuiltIn {
        metrics: &[
            "http_server_request_duration_seconds_count",
            "http_server_duration_milliseconds_count",
            "http_server_duration_count",
            "alex_http_requests_total",
            "http_requests_total",
        ],
        content: include_str!("../../../../dashboards/http-services.json"),
    },
    BuiltIn {
        metrics: &["browser_web_vital_count", "alex_frontend_web_vital_count"],
        content: include_str!("../../../../dashboards/web-vitals.json"),
    },
    BuiltIn {
        metrics: &["up"],
        content: include_str!("../../../../dashboards/system-health.json"),
    },
    BuiltIn {
        metrics: &[
            "process_cpu_seconds_total",
            "process_cpu_time_seconds_total",
            "go_goroutines",
            "go_goroutine_count",
            "jvm_memory_used_bytes",
            "nodejs_eventloop_delay_p99_seconds",
            "nodejs_eventloop_lag_p99_seconds",
            "dotnet_gc_collections_total",
            "cpython_gc_collections_total",
            "python_gc_collections_total",
        ],
        content: include_str!("../../../../dashboards/processes.json"),
    },
    BuiltIn {
        metrics: &[
            "DCGM_FI_DEV_GPU_UTIL",
            "nvidia_smi_utilization_gpu_ratio",
            "hw_gpu_utilization_ratio",
            "hw_gpu_utilization",
            "gpu_utilization_percent",
        ],
        content: include_str!("../../../../dashboards/gpu.json"),
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
    BuiltIn {
        metrics: &["glasshouse_build_info"],
        content: include_str!("../../../../dashboards/glasshouse.json"),
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
        is_deletable: false,
    })
}
