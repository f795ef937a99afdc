/** Instant results as a table. */
import { useMemo } from "react";
import { Notice } from "../../components/notice";
import { Panel } from "../../components/panel";
import { column } from "../../data/frame";
import { seriesTable } from "../../data/series-table";
import { useAnswersOf } from "../../data/source";
import { formatItems } from "../../format/number";
import { PanelView } from "../../panels/panel-view";
import { useRange } from "../../time/context";
import { formatInstant } from "../../time/format";
import { metricQuery } from "../../url/links";
import { NoSeries } from "./chart-view";
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
  const answers = useAnswersOf(queries);
  const table = useMemo(() => seriesTable(answers.flatMap((frames) => frames ?? [])), [answers]);
  const frames = useMemo(() => [table.frame], [table]);
  const { frame, total, series } = table;
  if (frame.length === 0) {
    if (queries.some((one) => one.fetching || one.error !== null)) return null;
    return <NoSeries queries={queries.length} />;
  }
  const names = column(frame, "__name__");
  const pick = (row: number) => {
    const name = names[row];
    if (typeof name === "string" && name) onPick(metricQuery(name));
  };
  const size = formatItems(series, "series", "series");
  return (
    <>
      {frame.length < total && (
        <Notice>
          Showing the first {frame.length.toLocaleString("en")} of {total.toLocaleString("en")} samples.
          Select fewer series, or a shorter range.
        </Notice>
      )}
      <Panel
        title={total > series ? `${formatItems(total, "sample")} of ${size}` : size}
        note={`at ${formatInstant(atMs, zone)}${names.length > 0 ? " · click a row to chart its metric" : ""}`}
      >
        <PanelView
          type="table"
          frames={frames}
          options={{ label: "Instant values", sort, heightMax: "calc(100vh - 250px)", stretch: false }}
          onOptions={(change) => onSort((change as { sort?: string }).sort)}
          actions={names.length > 0 ? { openRow: pick } : {}}
        />
      </Panel>
    </>
  );
}
