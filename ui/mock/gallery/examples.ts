/** The examples of the gallery. */
import { type Frame, frameOf } from "../../src/data/frame";
import { calendarOf } from "../../src/time/calendar";
import { PAGE_TIME, type RangeState } from "../../src/time/context";

const START = Date.UTC(2026, 10, 20, 15);
const MINUTES = 60;

export const RANGE: RangeState = {
  raw: { from: "now-1h", to: "now" },
  range: { fromMs: START, toMs: START + MINUTES * 60_000 },
  nowMs: START + MINUTES * 60_000,
  problem: null,
  zone: "utc",
  setZone: () => {},
  calendar: calendarOf("utc"),
  view: PAGE_TIME,
  setView: () => {},
  refresh: undefined,
  setRefresh: () => {},
  setRaw: () => {},
  setRange: () => {},
  refreshNow: () => {},
};

export interface Example {
  title?: string;
  type: string;
  frames: Frame[];
  options?: unknown;
  fieldConfig?: unknown;
  /** Of 24 columns. */
  width: number;
  /** In rows of 30 pixels. */
  height: number;
}

function series(name: string, value: (minute: number) => number | string | null, labels = {}): Frame {
  const values = Array.from({ length: MINUTES + 1 }, (_, minute) => value(minute));
  const times = values.map((_, minute) => START + minute * 60_000);
  return frameOf(
    [
      { name: "Time", type: "time", values: times, config: { interval: 60_000 } },
      {
        name: "Value",
        type: typeof values[0] === "string" ? "string" : "number",
        values: values as never[],
        labels,
        config: { displayNameFromDS: name },
      },
    ],
    { meta: { type: "timeseries" } },
  );
}

const wave =
  (base: number, size: number, speed = 9) =>
  (minute: number) =>
    base + size * Math.sin(minute / speed) + size * 0.2 * Math.sin(minute * 1.7);

const SERVICES = [
  series("llm-gateway", wave(72, 18)),
  series("alex-agent", wave(48, 12, 7)),
  series("tool-runner", wave(24, 9, 5)),
  series("embeddings", wave(9, 4, 4)),
];
const THRESHOLDS = {
  mode: "absolute",
  steps: [
    { color: "green", value: null },
    { color: "yellow", value: 40 },
    { color: "red", value: 70 },
  ],
};
const defaults = (config: object = {}) => ({
  defaults: { thresholds: THRESHOLDS, ...config },
  overrides: [],
});
const color = (mode: string) => ({ color: { mode } });

const BOUNDS = ["0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];

function table(columns: Record<string, unknown[]>): Frame {
  const fields = Object.entries(columns).map(([name, values]) => {
    const plain = typeof values[0];
    const type = name === "Time" ? "time" : plain === "object" ? "other" : plain;
    return { name, type, values, config: {} };
  });
  return frameOf(fields as Frame["fields"], { meta: { type: "table" } });
}

const override = (column: string, properties: Record<string, unknown>) => ({
  matcher: { id: "byName", options: column },
  properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
});

export const examples: Example[] = [
  {
    type: "stat",
    frames: SERVICES.slice(0, 1),
    width: 4,
    height: 5,
    fieldConfig: defaults({ unit: "percent" }),
  },
  {
    title: "stat, background and change",
    type: "stat",
    frames: SERVICES,
    options: { colorMode: "background", showPercentChange: true },
    fieldConfig: defaults({ unit: "ms" }),
    width: 10,
    height: 5,
  },
  {
    title: "stat, small",
    type: "stat",
    frames: SERVICES.slice(1, 2),
    width: 3,
    height: 3,
    options: { graphMode: "none" },
  },
  { title: "stat, empty", type: "stat", frames: [], width: 4, height: 3 },
  {
    type: "gauge",
    frames: SERVICES.slice(0, 1),
    width: 5,
    height: 7,
    fieldConfig: defaults({ unit: "percent", min: 0, max: 100 }),
  },
  {
    title: "gauge, labels",
    type: "gauge",
    frames: SERVICES,
    options: { showThresholdLabels: true },
    fieldConfig: defaults({ unit: "percent", min: 0, max: 100 }),
    width: 12,
    height: 7,
  },
  { type: "bargauge", frames: SERVICES, width: 7, height: 7, fieldConfig: defaults({ min: 0, max: 100 }) },
  {
    title: "bargauge, lcd",
    type: "bargauge",
    frames: SERVICES,
    options: { displayMode: "lcd", orientation: "horizontal" },
    fieldConfig: defaults({ ...color("continuous-GrYlRd"), unit: "reqps" }),
    width: 8,
    height: 6,
  },
  {
    title: "bargauge, standing",
    type: "bargauge",
    frames: SERVICES,
    options: { displayMode: "basic", orientation: "vertical" },
    fieldConfig: defaults({ min: 0 }),
    width: 8,
    height: 6,
  },
  {
    type: "piechart",
    frames: SERVICES,
    options: {
      displayLabels: ["percent"],
      legend: { displayMode: "table", placement: "right", values: ["value", "percent"] },
    },
    width: 8,
    height: 7,
  },
  {
    title: "piechart, donut",
    type: "piechart",
    frames: SERVICES,
    options: {
      pieType: "donut",
      displayLabels: ["name"],
      legend: { displayMode: "list", values: ["percent"] },
    },
    width: 6,
    height: 7,
  },
  {
    type: "timeseries",
    frames: SERVICES,
    options: { legend: { displayMode: "table", placement: "right", calcs: ["mean", "max"] } },
    fieldConfig: defaults({ unit: "ms", custom: { fillOpacity: 20, thresholdsStyle: { mode: "dashed" } } }),
    width: 10,
    height: 8,
  },
  {
    title: "timeseries, list",
    type: "timeseries",
    frames: SERVICES,
    options: { legend: { displayMode: "list", calcs: ["last"] } },
    fieldConfig: defaults({ custom: { drawStyle: "bars", fillOpacity: 80, stacking: { mode: "normal" } } }),
    width: 8,
    height: 8,
  },
  {
    type: "table",
    frames: [
      table({
        service: ["llm-gateway", "alex-agent", "tool-runner", "embeddings"],
        requests: [1_204, 880, 412, 66],
        latency: [82, 55, 31, 12],
        "error rate": [0.021, 0.004, 0.13, 0],
        trend: SERVICES.map((one) => one.fields[1]?.values),
        tags: ["llm,paid", "agent", "tools,shell", "vector"],
      }),
    ],
    options: { footer: { show: true, reducer: ["sum"] }, sortBy: [{ displayName: "requests", desc: true }] },
    fieldConfig: {
      defaults: { thresholds: THRESHOLDS },
      overrides: [
        override("latency", { unit: "ms", "custom.cellOptions": { type: "color-background" } }),
        override("error rate", {
          unit: "percentunit",
          "custom.cellOptions": { type: "gauge" },
          "custom.width": 160,
        }),
        override("trend", { "custom.cellOptions": { type: "sparkline" }, "custom.width": 160 }),
        override("tags", { "custom.cellOptions": { type: "pill" } }),
        override("service", {
          links: [{ title: "Service", url: "/explore/traces" }],
          "custom.filterable": true,
        }),
      ],
    },
    width: 14,
    height: 7,
  },
  {
    type: "heatmap",
    frames: BOUNDS.map((le, row) =>
      series(
        le,
        (minute) => Math.max(0, Math.round(90 * Math.exp(-((row - 3 - 2 * Math.sin(minute / 8)) ** 2) / 3))),
        { le },
      ),
    ),
    options: { yAxis: { unit: "s" } },
    width: 10,
    height: 8,
  },
  {
    title: "heatmap, calculated",
    type: "heatmap",
    frames: SERVICES,
    options: { calculate: true, color: { scheme: "Spectral", reverse: true } },
    width: 8,
    height: 8,
  },
  {
    type: "text",
    frames: [],
    options: {
      content:
        '# Runbook\n\nCheck the **gateway** first:\n\n1. Is `up{job="gateway"}` 1?\n2. Look at [traces](/explore/traces)\n   - slow ones\n   - failed ones\n\n| Level | Who |\n|---|--:|\n| page | on call |\n\n```\nkubectl get pods\n```',
    },
    width: 6,
    height: 8,
  },
  { title: "geomap", type: "geomap", frames: SERVICES, width: 8, height: 6 },
  {
    type: "state-timeline",
    frames: [
      series("gateway", (minute) => (minute % 20 < 14 ? "up" : "degraded")),
      series("agent", (minute) => (minute > 30 && minute < 38 ? "down" : "up")),
      series("tools", (minute) => (minute < 10 ? null : "up") as string),
    ],
    fieldConfig: {
      defaults: {
        mappings: [
          {
            type: "value",
            options: { up: { color: "green" }, degraded: { color: "yellow" }, down: { color: "red" } },
          },
        ],
      },
      overrides: [],
    },
    width: 10,
    height: 6,
  },
  {
    title: "status-history",
    type: "status-history",
    frames: SERVICES,
    fieldConfig: defaults(),
    width: 14,
    height: 6,
  },
  {
    type: "barchart",
    frames: [
      table({
        service: ["llm-gateway", "alex-agent", "tool-runner", "embeddings"],
        ok: [1_204, 880, 412, 66],
        failed: [82, 155, 31, 12],
      }),
    ],
    options: { tooltip: { mode: "multi" } },
    width: 8,
    height: 7,
  },
  {
    title: "barchart, stacked",
    type: "barchart",
    frames: [
      table({
        service: ["llm-gateway", "alex-agent", "tool-runner", "embeddings"],
        ok: [1_204, 880, 412, 66],
        failed: [82, 155, 31, 12],
      }),
    ],
    options: {
      orientation: "horizontal",
      stacking: "normal",
      legend: { calcs: ["sum"], displayMode: "table" },
    },
    width: 8,
    height: 7,
  },
  { type: "histogram", frames: SERVICES, width: 8, height: 7 },
  {
    type: "xychart",
    frames: [
      table({
        size: Array.from({ length: 80 }, (_, index) => (index * 37) % 91),
        latency: Array.from({ length: 80 }, (_, index) => ((index * 37) % 91) * 2 + ((index * 13) % 40)),
        tokens: Array.from({ length: 80 }, (_, index) => 150 - ((index * 29) % 60)),
      }),
    ],
    fieldConfig: defaults({ unit: "ms" }),
    width: 8,
    height: 7,
  },
  {
    type: "trend",
    frames: [
      table({ x: [0, 1, 2, 3, 4, 5], "p50 latency": [5, 9, 14, 15, 21, 30], p99: [20, 26, 40, 41, 66, 90] }),
    ],
    width: 8,
    height: 7,
  },
  {
    type: "candlestick",
    frames: [
      table({
        Time: Array.from({ length: 30 }, (_, index) => START + index * 120_000),
        open: Array.from({ length: 30 }, (_, index) => wave(50, 12)(index * 2)),
        high: Array.from({ length: 30 }, (_, index) => wave(58, 12)(index * 2)),
        low: Array.from({ length: 30 }, (_, index) => wave(42, 12)(index * 2)),
        close: Array.from({ length: 30 }, (_, index) => wave(50, 12)(index * 2 + 2)),
        volume: Array.from({ length: 30 }, (_, index) => 10 + ((index * 7) % 13)),
      }),
    ],
    width: 10,
    height: 7,
  },
  {
    type: "nodeGraph",
    frames: [
      table({
        id: ["web", "gateway", "agent", "tools", "db"],
        title: ["web", "llm-gateway", "alex-agent", "tool-runner", "postgres"],
        mainstat: ["120 ms", "80 ms", "410 ms", "35 ms", "4 ms"],
        arc__ok: [1, 0.9, 0.7, 1, 1],
        arc__failed: [0, 0.1, 0.3, 0, 0],
      }),
      table({
        source: ["web", "gateway", "agent", "agent", "tools"],
        target: ["gateway", "agent", "tools", "db", "db"],
        mainstat: ["12/s", "11/s", "30/s", "4/s", "9/s"],
      }),
    ],
    fieldConfig: {
      defaults: {},
      overrides: [override("arc__failed", { color: { mode: "fixed", fixedColor: "red" } })],
    },
    width: 14,
    height: 7,
  },
  { type: "alertlist", frames: [], width: 8, height: 4 },
  {
    type: "annolist",
    frames: [
      table({ Time: [START, START + 600_000], text: ["Deploy 1.4", "Restart"], tags: [["ci"], ["ops"]] }),
    ],
    width: 8,
    height: 4,
  },
  { type: "dashlist", frames: [], width: 8, height: 4 },
];
