/** Turns instant results into rows: a column per label, and the value. */
import { type Labels, seriesName } from "../../api/prometheus";
import { column } from "../../data/frame";
import type { Cell, Column } from "../../panels/data-table";
import type { QueryState } from "./use-answers";

/** Further labels share one column. */
const LABEL_COLUMNS_MAX = 16;
/** A range selector returns all samples of its range. */
const ROWS_MAX = 20_000;

export interface ResultTable {
  columns: Column[];
  rows: Cell[][];
  /** All rows of the answers, of which at most `ROWS_MAX` are in the table. */
  total: number;
  series: number;
}

type Answered = Pick<QueryState, "letter" | "frames">;

export function resultTable(queries: Answered[]): ResultTable {
  const found = queries.flatMap(({ letter, frames = [] }) =>
    frames.flatMap((frame) => {
      const value = frame.fields.find(({ name }) => name === "Value");
      if (!value) return [];
      return [
        {
          letter,
          labels: value.labels ?? {},
          times: column(frame, "Time") as readonly number[],
          values: value.values as readonly Cell[],
          histogram: value.config.custom?.histogram === true,
          ranged: frame.meta.type === "timeseries",
        },
      ];
    }),
  );
  const names = [...new Set(found.flatMap((series) => Object.keys(series.labels)))].sort(byImportance);
  const labels = names.slice(0, LABEL_COLUMNS_MAX);
  const others = names.slice(LABEL_COLUMNS_MAX);
  const many = new Set(found.map(({ letter }) => letter)).size > 1;
  const timed = found.some(({ ranged }) => ranged);
  const histogram = found.some((series) => series.histogram);
  const columns: Column[] = [
    ...(many ? [{ name: "query" }] : []),
    ...labels.map((name) => ({ name })),
    ...(others.length > 0 ? [{ name: "other labels" }] : []),
    ...(timed ? [{ name: "time" }] : []),
    { name: histogram ? "value (histograms: count)" : "value", right: true },
  ];
  const rows: Cell[][] = [];
  let total = 0;
  for (const { letter, ranged, ...series } of found) {
    const head: Cell[] = [
      ...(many ? [letter] : []),
      ...labels.map((name) => series.labels[name] ?? ""),
      ...(others.length > 0 ? [otherLabels(series.labels, others)] : []),
    ];
    const last = series.times.length - 1;
    const from = ranged ? 0 : Math.max(0, last);
    total += Math.max(0, last - from + 1);
    for (let at = from; at <= last && rows.length < ROWS_MAX; at += 1) {
      const value = series.values[at] ?? null;
      rows.push(timed ? [...head, series.times[at] ?? null, value] : [...head, value]);
    }
  }
  return { columns, rows, total, series: found.length };
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
