/** Instant results as a table: a column per label, and the value. */
import { useMemo } from "react";
import { Panel } from "../../components/panel";
import { formatFloat } from "../../format/number";
import { type Cell, type Column, DataTable } from "../../panels/data-table";
import { useRange } from "../../time/context";
import { formatInstant } from "../../time/format";
import { NoSeries } from "./chart-view";
import { firstQuery } from "./model";
import type { QueryState } from "./use-answers";

const LABEL_COLUMNS_MAX = 16;

export function TableView({
  queries,
  atMs,
  onPick,
}: {
  queries: QueryState[];
  atMs: number;
  onPick: (expression: string) => void;
}) {
  const { zone } = useRange();
  const answers = queries.map((one) => one.answer);
  // biome-ignore lint/correctness/useExhaustiveDependencies: recomputed when an answer changes
  const table = useMemo(() => tableOf(queries), [...answers, queries.length]);
  if (table.rows.length === 0) {
    if (queries.some((one) => one.fetching || one.error !== null)) return null;
    return <NoSeries queries={queries.length} />;
  }
  const nameColumn = table.columns.findIndex((column) => column.name === "__name__");
  const pick = (row: number) => {
    const name = table.rows[row]?.[nameColumn];
    if (typeof name === "string" && name) onPick(firstQuery(name, undefined));
  };
  return (
    <Panel
      title={`${table.rows.length.toLocaleString("en")} series`}
      note={`at ${formatInstant(atMs, zone)}${nameColumn >= 0 ? " · click a row to chart its metric" : ""}`}
    >
      <DataTable
        label="Instant values"
        heightMax="calc(100vh - 250px)"
        columns={table.columns}
        rows={table.rows}
        format={formatCell}
        {...(nameColumn >= 0 ? { onSelect: pick } : {})}
      />
    </Panel>
  );
}

function formatCell(value: Cell): string {
  return typeof value === "number" ? formatFloat(value) : String(value);
}

function tableOf(queries: QueryState[]): { columns: Column[]; rows: Cell[][] } {
  const answered = queries.flatMap((one) =>
    (one.answer?.series ?? []).map((series) => ({
      letter: one.letter,
      series,
      text: one.answer?.text ?? null,
    })),
  );
  const names = new Set(answered.flatMap(({ series }) => Object.keys(series.labels)));
  const labels = [...names].sort(byImportance).slice(0, LABEL_COLUMNS_MAX);
  const many = new Set(answered.map(({ letter }) => letter)).size > 1;
  const columns: Column[] = [
    ...(many ? [{ name: "query" }] : []),
    ...labels.map((name) => ({ name })),
    {
      name: answered.some(({ series }) => series.histogram) ? "value (histograms: count)" : "value",
      right: true,
    },
  ];
  const rows = answered.map(({ letter, series, text }): Cell[] => [
    ...(many ? [letter] : []),
    ...labels.map((name) => series.labels[name] ?? ""),
    text ?? series.values.at(-1) ?? null,
  ]);
  return { columns, rows };
}

function byImportance(left: string, right: string): number {
  const rank = (name: string) => (name === "__name__" ? 0 : name === "job" ? 1 : 2);
  return rank(left) - rank(right) || left.localeCompare(right);
}
