/** Instant results as a table. */
import { useMemo } from "react";
import { Notice } from "../../components/notice";
import { Panel } from "../../components/panel";
import { formatExact, formatItems } from "../../format/number";
import { type Cell, DataTable } from "../../panels/data-table";
import { useRange } from "../../time/context";
import { formatInstant } from "../../time/format";
import { metricQuery } from "../../url/links";
import { NoSeries } from "./chart-view";
import { resultTable } from "./result-table";
import type { QueryState } from "./use-answers";

interface Props {
  queries: QueryState[];
  atMs: number;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
  onPick: (expression: string) => void;
}

export function TableView({ queries, atMs, sort, onSort, onPick }: Props) {
  const { zone } = useRange();
  const answers = queries.map((one) => one.frames);
  // biome-ignore lint/correctness/useExhaustiveDependencies: recomputed when an answer changes
  const table = useMemo(() => resultTable(queries), [...answers, queries.length]);
  const { columns, rows, total, series } = table;
  if (rows.length === 0) {
    if (queries.some((one) => one.fetching || one.error !== null)) return null;
    return <NoSeries queries={queries.length} />;
  }
  const nameColumn = columns.findIndex((column) => column.name === "__name__");
  const timeColumn = columns.length - 2;
  const format = (value: Cell, column: number) => {
    if (typeof value !== "number") return String(value);
    const isTime = column === timeColumn && columns[column]?.name === "time";
    return isTime ? formatInstant(value, zone, true) : formatExact(value);
  };
  const pick = (row: number) => {
    const name = rows[row]?.[nameColumn];
    if (typeof name === "string" && name) onPick(metricQuery(name));
  };
  const size = formatItems(series, "series", "series");
  return (
    <>
      {rows.length < total && (
        <Notice>
          Showing the first {rows.length.toLocaleString("en")} of {total.toLocaleString("en")} samples. Select
          fewer series, or a shorter range.
        </Notice>
      )}
      <Panel
        title={total > series ? `${formatItems(total, "sample")} of ${size}` : size}
        note={`at ${formatInstant(atMs, zone)}${nameColumn >= 0 ? " · click a row to chart its metric" : ""}`}
      >
        <DataTable
          label="Instant values"
          heightMax="calc(100vh - 250px)"
          columns={columns}
          rows={rows}
          format={format}
          sort={sort}
          onSort={onSort}
          {...(nameColumn >= 0 ? { onOpen: pick } : {})}
        />
      </Panel>
    </>
  );
}
