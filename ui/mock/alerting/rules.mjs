// @ts-check
/** The rules of an AI platform, and which of their series are above the threshold since when. */

/**
 * @typedef {{ [name: string]: string }} Labels
 * @typedef {object} Active
 * @property {Labels} labels
 * @property {number} value
 * @property {number} agoS since when the expression holds
 * @property {number} [untilS] how long ago it stopped to hold
 * @typedef {object} Rule
 * @property {string} [alert]
 * @property {string} [record]
 * @property {string} expr
 * @property {number} [forS]
 * @property {Labels} [labels]
 * @property {Labels} [annotations]
 * @property {Active[]} [active]
 * @property {Labels[]} [calm] series below the threshold
 * @property {string} [error]
 * @property {boolean} [isNew] not evaluated yet
 * @typedef {{ file: string, name: string, interval: number, language?: "logql", rules: Rule[] }} Group
 */

const RUNBOOKS = "https://runbooks.example.com/ai-platform";
const FOLDER = "/etc/prometheus/rules";

/** @type {(share: string, of: string, by: string) => string} */
const ratio = (share, of, by) => `sum by (${by}) (rate(${share}[5m]))\n  /\nsum by (${by}) (rate(${of}[5m]))`;
/** @type {(metric: string, by: string, job: string) => string} */
const p95 = (metric, by, job) =>
  `histogram_quantile(0.95, sum by (${by}) (rate(${metric}_bucket{job="${job}"}[5m])))`;
/** @type {(alert: string, summary: string, description: string) => Labels} */
const annotated = (alert, summary, description) => ({
  summary,
  description,
  runbook_url: `${RUNBOOKS}/${alert.toLowerCase()}`,
});
const warning = (/** @type {string} */ type) => ({ severity: "warning", type });
const sessions = Array.from({ length: 14 }, (_, index) => `sess-${(0x3fa1 + index * 977).toString(16)}`);

/** @type {Group[]} */
export const GROUPS = [
  {
    file: `${FOLDER}/budget.yml`,
    name: "budget",
    interval: 15,
    rules: [
      {
        alert: "BudgetExceeded",
        expr: "memory_budget_used_bytes > memory_budget_total_bytes",
        forS: 60,
        labels: warning("budget"),
        annotations: annotated(
          "BudgetExceeded",
          "Memory budget of session {{ $labels.session_id }} exceeded",
          "{{ $value | humanize1024 }}B in use.",
        ),
        active: [{ labels: { session_id: sessions[0] ?? "" }, value: 9.1e8, agoS: 1_260 }],
        calm: [{ session_id: sessions[1] ?? "" }],
      },
      {
        alert: "BudgetWarning",
        expr: "memory_budget_utilization > 0.8",
        forS: 300,
        labels: warning("budget"),
        annotations: annotated(
          "BudgetWarning",
          "Memory budget of session {{ $labels.session_id }} above 80%",
          "{{ $value | humanizePercentage }} of the budget is in use.",
        ),
        active: sessions.map((session, index) => ({
          labels: { session_id: session },
          value: 0.82 + (index % 9) * 0.017,
          agoS: 60 + (sessions.length - 1 - index) * 260,
        })),
      },
    ],
  },
  {
    file: `${FOLDER}/drift.yml`,
    name: "drift",
    interval: 15,
    rules: [
      {
        alert: "DriftDetected",
        expr: "drift_score > 0.15",
        forS: 60,
        labels: warning("drift"),
        annotations: annotated(
          "DriftDetected",
          "Drift detected for {{ $labels.model }}",
          "Drift score {{ $value }} is above 0.15.",
        ),
        active: [{ labels: { model: "llama-3.3-70b", job: "drift" }, value: 0.31, agoS: 2_900 }],
        calm: [{ model: "qwen-3-32b", job: "drift" }],
      },
      {
        alert: "HighDriftScore",
        expr: "drift_score > 0.25",
        forS: 60,
        labels: { severity: "critical", type: "drift" },
        annotations: {
          ...annotated(
            "HighDriftScore",
            "High drift score for {{ $labels.model }}",
            "Drift score {{ $value }} is above 0.25. Stop the rollout of {{ $labels.model }}.",
          ),
          dashboard_url: "/d/agents",
        },
        active: [{ labels: { model: "llama-3.3-70b", job: "drift" }, value: 0.31, agoS: 1_700 }],
        calm: [{ model: "qwen-3-32b", job: "drift" }],
      },
    ],
  },
  {
    file: `${FOLDER}/errors.yml`,
    name: "error-rate",
    interval: 30,
    rules: [
      {
        alert: "HighErrorRate",
        expr: `${ratio('http_requests_total{status=~"5.."}', "http_requests_total", "service")} > 0.01`,
        labels: warning("errors"),
        annotations: annotated(
          "HighErrorRate",
          "HTTP error rate above 1% on {{ $labels.service }}",
          "{{ $value | humanizePercentage }} of the requests to {{ $labels.service }} fail.",
        ),
        active: [{ labels: { service: "gateway" }, value: 0.0432, agoS: 372 }],
        calm: [{ service: "memory-engine" }, { service: "max-serve" }],
      },
      {
        alert: "HighMaxServeErrorRate",
        expr: `${ratio('inference_requests_total{job="max-serve",status!="success"}', 'inference_requests_total{job="max-serve"}', "service, model")} > 0.01`,
        labels: warning("errors"),
        annotations: annotated(
          "HighMaxServeErrorRate",
          "MAX Serve error rate above 1% ({{ $labels.model }})",
          "{{ $value | humanizePercentage }} of the inferences of {{ $labels.model }} fail.",
        ),
        calm: [{ service: "max-serve", model: "llama-3.3-70b" }],
      },
      {
        alert: "HighMCPErrorRate",
        expr: `${ratio('mcp_requests_total{status="error"}', "mcp_requests_total", "service, server")} > 0.01`,
        labels: warning("errors"),
        annotations: annotated(
          "HighMCPErrorRate",
          "MCP error rate above 1% on {{ $labels.server }}",
          "{{ $value | humanizePercentage }} of the operations on {{ $labels.server }} fail.",
        ),
        active: [{ labels: { service: "mcpjungle", server: "web-search" }, value: 0.38, agoS: 500 }],
      },
    ],
  },
  {
    file: `${FOLDER}/gpu.yml`,
    name: "gpu",
    interval: 15,
    rules: [
      {
        alert: "HighGPUUtilization",
        expr: "gpu_utilization_percent > 90",
        forS: 300,
        labels: warning("gpu"),
        annotations: annotated(
          "HighGPUUtilization",
          "GPU {{ $labels.gpu_id }} above 90% utilization",
          "Utilization is {{ $value }}% for 5 minutes.",
        ),
        active: [
          { labels: { gpu_id: "0", instance: "gpu-a:9835" }, value: 97, agoS: 60 },
          { labels: { gpu_id: "1", instance: "gpu-a:9835" }, value: 99, agoS: 2_700 },
        ],
        calm: [{ gpu_id: "2", instance: "gpu-b:9835" }],
      },
      {
        alert: "HighGPUMemory",
        expr: "gpu_memory_used_bytes / gpu_memory_total_bytes > 0.9",
        forS: 300,
        labels: warning("gpu"),
        annotations: annotated(
          "HighGPUMemory",
          "GPU {{ $labels.gpu_id }} memory above 90%",
          "{{ $value | humanizePercentage }} of the memory of GPU {{ $labels.gpu_id }} is in use.",
        ),
        active: [{ labels: { gpu_id: "1", instance: "gpu-a:9835" }, value: 0.953, agoS: 3_300 }],
      },
      {
        alert: "HighGPUTemperature",
        expr: "gpu_temperature_celsius > 85",
        forS: 300,
        labels: warning("gpu"),
        annotations: annotated(
          "HighGPUTemperature",
          "GPU {{ $labels.gpu_id }} above 85°C",
          "GPU {{ $labels.gpu_id }} is at {{ $value }}°C.",
        ),
        active: [{ labels: { gpu_id: "1", instance: "gpu-a:9835" }, value: 87, agoS: 95 }],
        calm: [{ gpu_id: "0", instance: "gpu-a:9835" }],
      },
    ],
  },
  {
    file: `${FOLDER}/infrastructure.yml`,
    name: "service-health",
    interval: 15,
    rules: [
      {
        alert: "ServiceDown",
        expr: "up == 0",
        forS: 120,
        labels: warning("infrastructure"),
        annotations: annotated(
          "ServiceDown",
          "{{ $labels.service }} is down",
          "{{ $labels.instance }} of job {{ $labels.job }} has not answered a scrape for 2 minutes.",
        ),
        active: [
          {
            labels: { service: "mcpjungle", job: "mcpjungle", instance: "mcpjungle:8080" },
            value: 0,
            agoS: 660,
          },
          {
            labels: { service: "memory-engine", job: "memory-engine", instance: "memory:7070" },
            value: 0,
            agoS: 2_400,
            untilS: 1_500,
          },
        ],
        calm: [{ service: "gateway", job: "gateway", instance: "gateway:8000" }],
      },
      {
        alert: "HighRequestQueueDepth",
        expr: "request_queue_depth > 100",
        forS: 300,
        labels: warning("infrastructure"),
        annotations: annotated(
          "HighRequestQueueDepth",
          "Queue of {{ $labels.service }} above 100 requests",
          "{{ $value }} requests are waiting.",
        ),
        calm: [{ service: "gateway" }],
        error: "vector contains metrics with the same labelset after applying alert labels",
      },
    ],
  },
  {
    file: `${FOLDER}/infrastructure.yml`,
    name: "database",
    interval: 60,
    rules: [
      {
        alert: "PostgreSQLPoolExhausted",
        expr: "sum by (service, instance) (pg_stat_activity_count) > 90",
        forS: 300,
        labels: warning("infrastructure"),
        annotations: annotated(
          "PostgreSQLPoolExhausted",
          "PostgreSQL connections above 90",
          "{{ $value }} connections are open.",
        ),
      },
      {
        alert: "RedisMemoryHigh",
        expr: "redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 0.9",
        forS: 300,
        labels: warning("infrastructure"),
        annotations: annotated(
          "RedisMemoryHigh",
          "Redis memory above 90%",
          "{{ $value | humanizePercentage }} of maxmemory is in use.",
        ),
      },
    ],
  },
  {
    file: `${FOLDER}/latency.yml`,
    name: "latency",
    interval: 15,
    rules: [
      {
        alert: "HighGatewayLatency",
        expr: `${p95("http_request_duration_seconds", "service, le", "gateway")} > 2`,
        labels: warning("latency"),
        annotations: annotated(
          "HighGatewayLatency",
          "Gateway P95 latency above 2s",
          "P95 over 5 minutes is {{ $value | humanizeDuration }}.",
        ),
        active: [{ labels: { service: "gateway" }, value: 3.42, agoS: 760 }],
      },
      {
        alert: "HighMCPJungleLatency",
        expr: `${p95("mcp_operation_duration_seconds", "service, server, le", "mcpjungle")} > 2`,
        labels: warning("latency"),
        annotations: annotated(
          "HighMCPJungleLatency",
          "MCPJungle P95 latency above 2s on {{ $labels.server }}",
          "P95 of MCP server {{ $labels.server }} is {{ $value | humanizeDuration }}.",
        ),
        active: [{ labels: { service: "mcpjungle", server: "web-search" }, value: 9.8, agoS: 640 }],
      },
      {
        alert: "HighMaxServeLatency",
        expr: `${p95("inference_duration_seconds", "service, model, le", "max-serve")} > 2`,
        labels: warning("latency"),
        annotations: annotated(
          "HighMaxServeLatency",
          "MAX Serve inference P95 latency above 2s ({{ $labels.model }})",
          "P95 inference time of {{ $labels.model }} is {{ $value | humanizeDuration }}.",
        ),
        calm: [{ service: "max-serve", model: "llama-3.3-70b" }],
      },
      {
        alert: "HighMemoryEngineLatency",
        expr: `${p95("memory_operation_duration_seconds", "service, le", "memory-engine")} > 2`,
        labels: warning("latency"),
        annotations: annotated(
          "HighMemoryEngineLatency",
          "Memory Engine P95 latency above 2s",
          "P95 over 5 minutes is {{ $value | humanizeDuration }}.",
        ),
        calm: [{ service: "memory-engine" }],
      },
    ],
  },
  {
    file: `${FOLDER}/recording.yml`,
    name: "ai-platform-recording",
    interval: 15,
    rules: [
      {
        record: "service:http_request_duration_seconds:p95",
        expr: "histogram_quantile(0.95, sum by (service, le) (rate(http_request_duration_seconds_bucket[5m])))",
      },
      { record: "service:http_requests:rate5m", expr: "sum by (service) (rate(http_requests_total[5m]))" },
      {
        record: "service:http_errors:ratio_rate5m",
        expr: ratio('http_requests_total{status=~"5.."}', "http_requests_total", "service"),
      },
      {
        record: "model:inference_tokens:rate5m",
        expr: "sum by (model, type) (rate(inference_tokens_total[5m]))",
      },
      { record: "gpu:memory_used:ratio", expr: "gpu_memory_used_bytes / gpu_memory_total_bytes" },
      {
        record: "cache_type:cache_hits:ratio_rate5m",
        expr: "sum by (cache_type) (rate(cache_hits_total[5m]))\n  /\n(sum by (cache_type) (rate(cache_hits_total[5m])) + sum by (cache_type) (rate(cache_misses_total[5m])))",
        isNew: true,
      },
    ],
  },
  {
    file: "/etc/loki/rules/fake/logs.yml",
    name: "logs",
    interval: 60,
    language: "logql",
    rules: [
      {
        alert: "ManyErrorLogs",
        expr: 'sum by (service_name) (count_over_time({service_name=~".+"} | detected_level="error" [5m])) > 20',
        forS: 600,
        labels: { severity: "info", type: "logs" },
        annotations: annotated(
          "ManyErrorLogs",
          "{{ $labels.service_name }} logs many errors",
          "{{ $value }} lines in 5 minutes.",
        ),
        active: [{ labels: { service_name: "llm-gateway" }, value: 34, agoS: 80 }],
      },
    ],
  },
];

/** Metrics of the rules that the mock has no series of. */
export const NEVER_SEEN = [
  "pg_stat_activity_count",
  "redis_memory_used_bytes",
  "redis_memory_max_bytes",
  "cache_hits_total",
  "cache_misses_total",
];
