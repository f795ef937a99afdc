/** The chart of all queries. */
import { useMemo } from "react";
import { EmptyState } from "../../components/empty-state";
import { Panel } from "../../components/panel";
import { useAnswersOf } from "../../data/source";
import { unitOf } from "../../format/number";
import { PanelView } from "../../panels/panel-view";
import { useChartHeight } from "../../panels/use-chart-height";
import { queryDuration } from "../../time/duration";
import classes from "./metrics.module.css";
import { prefixed } from "./model";
import type { QueryState } from "./use-answers";

interface Props {
  queries: QueryState[];
  /** The sorted column of the legend. */
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
}

export function ChartView({ queries, sort, onSort }: Props) {
  const height = useChartHeight();
  const answers = useAnswersOf(queries);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another query has another answer
  const frames = useMemo(() => prefixed(queries), [answers]);
  if (!frames.some(({ meta }) => meta.type === "timeseries")) {
    if (queries.some((one) => one.fetching || one.error !== null)) return null;
    return <NoSeries queries={queries.length} stepMs={queries[0]?.stepMs} />;
  }
  return (
    <Panel className={classes.chart}>
      <PanelView
        type="timeseries"
        frames={frames}
        options={{ legend: { displayMode: "table", calcs: ["lastNotNull", "min", "max", "mean"], sort } }}
        fieldConfig={{ defaults: {}, overrides: queries.map(unitOverride) }}
        height={height}
        onOptions={(change) => onSort((change as { legend?: { sort?: string } }).legend?.sort)}
      />
    </Panel>
  );
}

/** The unit of a query is guessed from its text. */
function unitOverride({ letter, expression }: QueryState) {
  return {
    matcher: { id: "byFrameRefID", options: letter },
    properties: [{ id: "unit", value: unitOf(expression) }],
  };
}

/** How far PromQL looks back for a sample of a series. */
const LOOKBACK_MS = 300_000;

export function NoSeries({ queries, stepMs = 0 }: { queries: number; stepMs?: number | undefined }) {
  if (queries === 0) {
    return (
      <EmptyState title="All queries are disabled">Click the letter of a query to enable it.</EmptyState>
    );
  }
  if (stepMs > LOOKBACK_MS) {
    return (
      <EmptyState title="No series in this time range">
        No series matches the query in the 5 minutes before any of its steps, which are{" "}
        {queryDuration(stepMs)} apart. Narrow the time range, choose a shorter step, or use a function over
        time, for example <code>avg_over_time</code>.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No series in this time range">
      No series matches the query. Widen the time range, complete label values with Ctrl Space, or choose a
      metric from the list under Metrics.
    </EmptyState>
  );
}
