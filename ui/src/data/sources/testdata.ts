/** Invented data, as of Grafana's TestData source: for boards that show what panels can do. */
import { list, record, string } from "../../api/decode";
import type { Range } from "../../time/range";
import { type Field, type Frame, frameOf, type Labels } from "../frame";
import type { DataRequest, DataSource } from "../source";
import { csvFrame } from "./csv-frame";

export interface TestDataQuery {
  scenario: string;
  refId: string;
  /** The settings of the scenario. */
  spec: Record<string, unknown>;
}

type Request = DataRequest<TestDataQuery>;

const SCENARIOS: Record<string, (request: Request) => Frame[]> = {
  random_walk: randomWalks,
  // The answer need not be slow.
  slow_query: randomWalks,
  random_walk_table: randomTable,
  csv_metric_values: csvMetricValues,
  csv_content: ({ query: { spec } }) => csvFrame(string(spec.csvContent)),
  manual_entry: manualEntry,
  predictable_pulse: pulse,
  predictable_csv_wave: csvWaves,
  no_data_points: () => [],
};

export function isScenario(name: string): boolean {
  return Object.hasOwn(SCENARIOS, name);
}

export const testdata: DataSource<TestDataQuery> = {
  type: "testdata",
  query: async function* (request) {
    yield SCENARIOS[request.query.scenario]?.(request) ?? [];
  },
};

const POINTS_MAX = 10_000;
const SERIES_MAX = 100;

function setting(value: unknown, fallback: number): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : fallback;
}

/** From 0 to 1, and always the same for the same text. */
function random(seed: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < seed.length; at += 1) hash = Math.imul(hash ^ seed.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 0x1_0000_0000;
}

/** `a=b, c="d"`, also in braces. */
function labelsOf(text: string): Labels {
  const pairs = text.replace(/[{}]/g, "").split(",");
  return Object.fromEntries(
    pairs.flatMap((pair) => {
      const at = pair.indexOf("=");
      return at <= 0
        ? []
        : [
            [
              pair.slice(0, at).trim(),
              pair
                .slice(at + 1)
                .trim()
                .replace(/^"|"$/g, ""),
            ],
          ];
    }),
  );
}

function timesOf({ fromMs, toMs }: Range, stepMs: number): number[] {
  const step = Math.max(1, stepMs, (toMs - fromMs) / POINTS_MAX);
  const first = Math.ceil(fromMs / step) * step;
  return Array.from(
    { length: Math.max(0, Math.floor((toMs - first) / step) + 1) },
    (_, index) => first + index * step,
  );
}

interface Named {
  alias: unknown;
  labels?: unknown;
}

function seriesFrame(
  { alias, labels: given }: Named,
  fallback: string,
  times: number[],
  values: Field["values"],
  interval?: number,
): Frame {
  const labels = labelsOf(string(given));
  const name = string(alias) || (Object.keys(labels).length > 0 ? undefined : fallback);
  const config = name === undefined ? {} : { displayNameFromDS: name };
  const type = values.some((value) => typeof value === "string") ? "string" : "number";
  return frameOf(
    [
      { name: "Time", type: "time", values: times, config: interval === undefined ? {} : { interval } },
      { name: "Value", type, values, labels, config } as Field,
    ],
    { meta: { type: "timeseries" } },
  );
}

function randomWalks({ query: { refId, spec }, range, intervalMs }: Request): Frame[] {
  const count = Math.min(SERIES_MAX, Math.max(1, Math.round(setting(spec.seriesCount, 1))));
  const times = timesOf(range, intervalMs);
  return Array.from({ length: count }, (_, index) => {
    const name = `${refId}-series${count > 1 ? index : ""}`;
    return seriesFrame(
      { alias: spec.alias, labels: spec.labels },
      name,
      times,
      walk(name, spec, times),
      intervalMs,
    );
  });
}

/** The steps are the same in every answer. */
function walk(seed: string, spec: Record<string, unknown>, times: number[]): number[] {
  const spread = setting(spec.spread, 1);
  const noise = setting(spec.noise, 0);
  const [min, max] = [
    setting(spec.min, Number.NEGATIVE_INFINITY),
    setting(spec.max, Number.POSITIVE_INFINITY),
  ];
  let at = setting(spec.startValue, random(seed) * 100);
  return times.map((time) => {
    at = Math.min(max, Math.max(min, at + (random(`${seed} ${time}`) - 0.5) * spread));
    return at + random(`${time} ${seed}`) * noise;
  });
}

function randomTable({ query: { refId, spec }, range, intervalMs }: Request): Frame[] {
  const times = timesOf(range, intervalMs).slice(0, 500);
  const values = walk(refId, spec, times);
  const number = (name: string, of: (value: number) => number): Field => ({
    name,
    type: "number",
    values: values.map(of),
    config: {},
  });
  const info = values.map((value, row) => (value >= (values[row - 1] ?? value) ? "up" : "down"));
  return [
    frameOf(
      [
        { name: "Time", type: "time", values: times, config: {} },
        number("Value", (value) => value),
        number("Min", (value) => value - 1),
        number("Max", (value) => value + 1),
        { name: "Info", type: "string", values: info, config: {} },
      ],
      { meta: { type: "table" } },
    ),
  ];
}

/** Values that are spread over the range: `1,20,90`. */
function csvMetricValues({ query: { refId, spec }, range: { fromMs, toMs } }: Request): Frame[] {
  const parts = string(spec.stringInput)
    .split(",", POINTS_MAX)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length === 0) return [];
  const step = (toMs - fromMs) / Math.max(1, parts.length - 1);
  const numeric = parts.every((part) => part === "null" || Number.isFinite(Number(part)));
  const values = parts.map((part) => (part === "null" ? null : numeric ? Number(part) : part));
  const times = values.map((_, index) => Math.round(fromMs + index * step));
  return [seriesFrame({ alias: spec.alias, labels: spec.labels }, `${refId}-series`, times, values)];
}

function manualEntry({ query: { refId, spec }, range: { fromMs, toMs } }: Request): Frame[] {
  const points = list(spec.points)
    .slice(0, POINTS_MAX)
    .map((point) => list(point).map(Number))
    .filter(([, time = Number.NaN]) => time >= fromMs && time <= toMs);
  const [times, values] = [points.map(([, time = 0]) => time), points.map(([value = 0]) => value)];
  return [seriesFrame({ alias: spec.alias, labels: spec.labels }, `${refId}-series`, times, values)];
}

function pulse({ query: { refId, spec }, range }: Request): Frame[] {
  const { timeStep, onCount, onValue, offCount, offValue } = record(spec.pulseWave);
  const stepMs = Math.max(1, setting(timeStep, 60)) * 1_000;
  const [on, off] = [Math.max(0, setting(onCount, 3)), Math.max(0, setting(offCount, 3))];
  const times = timesOf(range, stepMs);
  const values = times.map((time) =>
    Math.round(time / stepMs) % Math.max(1, on + off) < on ? setting(onValue, 2) : setting(offValue, 1),
  );
  return [seriesFrame({ alias: spec.alias, labels: spec.labels }, `${refId}-series`, times, values, stepMs)];
}

function csvWaves({ query: { refId, spec }, range }: Request): Frame[] {
  const waves = Array.isArray(spec.csvWave) ? spec.csvWave : [spec.csvWave];
  return waves.slice(0, SERIES_MAX).map((wave, index) => {
    const { timeStep, valuesCSV, name, labels } = record(wave);
    const stepMs = Math.max(1, setting(timeStep, 60)) * 1_000;
    const given = string(valuesCSV).split(",", POINTS_MAX).map(Number);
    const times = timesOf(range, stepMs);
    const values = times.map((time) => {
      const value = given[Math.round(time / stepMs) % given.length];
      return Number.isFinite(value) ? value : null;
    });
    const series = `${refId}-series${waves.length > 1 ? index : ""}`;
    return seriesFrame(
      { alias: string(name) || spec.alias, labels },
      series,
      times,
      values as (number | null)[],
      stepMs,
    );
  });
}
