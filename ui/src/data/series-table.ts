/** Turns series into one table: a column per label, and the value. */
import { seriesName } from "../api/prometheus";
import { column, type Field, type Frame, frameOf, type Labels } from "./frame";

/** Further labels share one column. */
const LABEL_COLUMNS_MAX = 16;
/** A range selector returns all samples of its range. */
const ROWS_MAX = 20_000;

export interface SeriesTable {
  frame: Frame;
  /** All samples, of which at most `ROWS_MAX` are in the table. */
  total: number;
  series: number;
}

type Value = string | number | null;

interface Series {
  query: string;
  labels: Labels;
  times: readonly number[];
  values: readonly Value[];
  histogram: boolean;
  /** Whether all samples are shown, and not only the last. */
  ranged: boolean;
}

export function seriesTable(frames: Frame[]): SeriesTable {
  const found = frames.flatMap(seriesOf);
  const names = [...new Set(found.flatMap(({ labels }) => Object.keys(labels)))].sort(byImportance);
  const labels = names.slice(0, LABEL_COLUMNS_MAX);
  const others = names.slice(LABEL_COLUMNS_MAX);
  const many = new Set(found.map(({ query }) => query)).size > 1;
  const timed = found.some(({ ranged }) => ranged);
  const columns: Field[] = [
    ...(many ? [texts("query")] : []),
    ...labels.map((name) => ({ ...texts(name), config: { custom: { scope: "label" } } })),
    ...(others.length > 0 ? [texts("other labels")] : []),
    ...(timed ? [{ name: "time", type: "time", values: [], config: {} } satisfies Field] : []),
    valueColumn(found),
  ];
  // Filled here, and read only from then on.
  const cells = columns.map(({ values }) => values as unknown[]);
  let total = 0;
  for (const one of found) {
    const last = one.times.length - 1;
    const from = one.ranged ? 0 : Math.max(0, last);
    total += Math.max(0, last - from + 1);
    for (let at = from; at <= last && (cells[0]?.length ?? 0) < ROWS_MAX; at += 1) {
      const row: unknown[] = [
        ...(many ? [one.query] : []),
        ...labels.map((name) => one.labels[name] ?? ""),
        ...(others.length > 0 ? [otherLabels(one.labels, others)] : []),
        ...(timed ? [one.times[at] ?? null] : []),
        one.values[at] ?? null,
      ];
      row.forEach((cell, index) => {
        cells[index]?.push(cell);
      });
    }
  }
  return { frame: frameOf(columns, { meta: { type: "table" } }), total, series: found.length };
}

function seriesOf(frame: Frame): Series[] {
  const value = frame.fields.find(({ name }) => name === "Value");
  if (!value || frame.meta.type === "exemplars") return [];
  return [
    {
      query: frame.refId ?? "",
      labels: value.labels ?? {},
      times: column(frame, "Time") as readonly number[],
      values: value.values as readonly Value[],
      histogram: value.config.custom?.histogram === true,
      ranged: frame.meta.type === "timeseries",
    },
  ];
}

function texts(name: string): Field {
  return { name, type: "string", values: [], config: {} };
}

function valueColumn(found: Series[]): Field {
  const name = found.some(({ histogram }) => histogram) ? "value (histograms: count)" : "value";
  const numeric = found.every(({ values }) => typeof values[0] !== "string");
  return { name, type: numeric ? "number" : "string", values: [], config: {} };
}

function otherLabels(labels: Labels, names: string[]): string {
  const kept = names.filter((name) => labels[name] !== undefined);
  return kept.length === 0
    ? ""
    : seriesName(Object.fromEntries(kept.map((name) => [name, labels[name] ?? ""])));
}

function byImportance(left: string, right: string): number {
  const rank = (name: string) => (name === "__name__" ? 0 : name === "job" ? 1 : 2);
  return rank(left) - rank(right) || left.localeCompare(right);
}
