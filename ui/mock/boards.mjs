// @ts-check
/** Dashboards in Grafana's JSON, on the metrics of the mock and of the demo. */

/** @type {(x: number, y: number, w: number, h: number) => { gridPos: Record<string, number> }} */
const at = (x, y, w, h) => ({ gridPos: { x, y, w, h } });
/** @type {(expr: string, rest?: object) => object[]} */
const query = (expr, rest = {}) => [{ refId: "A", expr, ...rest }];
/** @type {(unit: string) => object} */
const unit = (unit) => ({ fieldConfig: { defaults: { unit }, overrides: [] } });

const MODEL = 'model=~"$model"';

export const AGENTS = {
  uid: "agents",
  title: "Agents",
  description: "What the agents do, and what it costs.",
  tags: ["llm", "agents"],
  schemaVersion: 39,
  time: { from: "now-1h", to: "now" },
  graphTooltip: 1,
  links: [
    { type: "link", title: "Handbook", url: "https://example.com/handbook?model=$model", targetBlank: true },
    { type: "dashboards", title: "Hosts", tags: ["linux"], asDropdown: false, keepTime: true },
  ],
  templating: {
    list: [
      {
        name: "model",
        label: "Model",
        type: "query",
        query: "label_values(alex_llm_requests_total, model)",
        datasource: { type: "prometheus", uid: "prometheus" },
        multi: true,
        includeAll: true,
        current: { text: "All", value: "$__all" },
        refresh: 1,
      },
      { name: "window", label: "Window", type: "interval", query: "1m,5m,15m", current: { value: "5m" } },
      { name: "limit", label: "Limit", type: "textbox", query: "2" },
    ],
  },
  panels: [
    {
      id: 1,
      type: "stat",
      title: "Requests",
      description: "Of the chosen models, in the last $window.",
      ...at(0, 0, 6, 4),
      ...unit("reqps"),
      targets: query(`sum(rate(alex_llm_requests_total{${MODEL}}[$window]))`, { instant: true }),
    },
    {
      id: 2,
      type: "gauge",
      title: "Sessions",
      ...at(6, 0, 6, 4),
      targets: query("alex_sessions_active", { instant: true }),
    },
    {
      id: 3,
      type: "text",
      title: "",
      ...at(12, 0, 12, 4),
      options: { mode: "markdown", content: "**Limit**: $limit requests a second. [Logs](/explore/logs)" },
    },
    {
      id: 4,
      type: "timeseries",
      title: "Requests by model",
      ...at(0, 4, 12, 8),
      ...unit("reqps"),
      options: { legend: { displayMode: "table", placement: "bottom", calcs: ["lastNotNull", "max"] } },
      targets: query(`sum by (model) (rate(alex_llm_requests_total{${MODEL}}[$__rate_interval]))`, {
        legendFormat: "{{model}}",
      }),
    },
    {
      id: 5,
      type: "timeseries",
      title: "Two hours before",
      timeShift: "2h",
      ...at(12, 4, 12, 8),
      targets: query(`sum(rate(alex_llm_requests_total{${MODEL}}[5m]))`),
    },
    {
      id: 6,
      type: "row",
      title: "Tools",
      collapsed: true,
      ...at(0, 12, 24, 1),
      panels: [
        {
          id: 7,
          type: "table",
          title: "Tools",
          ...at(0, 13, 12, 8),
          targets: query("sum by (tool_name) (alex_tool_executions_total)", {
            instant: true,
            format: "table",
          }),
        },
        {
          id: 8,
          type: "logs",
          title: "Logs",
          ...at(12, 13, 12, 8),
          targets: [{ refId: "A", datasource: { type: "loki", uid: "loki" }, expr: '{service_name=~".+"}' }],
        },
      ],
    },
  ],
};

export const HOSTS = {
  uid: "hosts",
  title: "Hosts",
  tags: ["linux"],
  schemaVersion: 39,
  panels: [
    {
      id: 1,
      type: "timeseries",
      title: "Memory",
      ...at(0, 0, 24, 8),
      ...unit("bytes"),
      targets: query("process_resident_memory_bytes"),
    },
  ],
};

/** 40 charts of a day. */
export const LARGE = {
  uid: "large",
  title: "Large",
  tags: [],
  schemaVersion: 39,
  time: { from: "now-24h", to: "now" },
  panels: Array.from({ length: 40 }, (_, index) => ({
    id: index + 1,
    type: "timeseries",
    title: `Chart ${index + 1}`,
    ...at((index % 4) * 6, Math.floor(index / 4) * 6, 6, 6),
    targets: query(`sum by (model, status) (rate(alex_llm_requests_total[${index + 5}m]))`),
  })),
};
