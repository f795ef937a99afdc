/** The chart of all queries, and its legend. */
import { useViewportSize } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { EmptyState } from "../../components/empty-state";
import { Notice } from "../../components/notice";
import { Panel } from "../../components/panel";
import { unitOf } from "../../format/number";
import { formatAxisValue } from "../../format/units";
import type { ChartExemplar } from "../../panels/chart-cursor";
import { Legend, picked } from "../../panels/legend";
import { TimeChart } from "../../panels/time-chart";
import { useRange } from "../../time/context";
import type { Range } from "../../time/range";
import classes from "./metrics.module.css";
import { type Answered, chartExemplars, chartModel, DRAWN_MAX } from "./model";
import { type QueryState, useExemplars } from "./use-answers";

interface Props {
  queries: QueryState[];
  range: Range;
  stepMs: number;
  exemplars: boolean;
  /** In pixels; by default a part of the window. */
  height?: number;
  /** The sorted column of the legend; the legend keeps it without `onSort`. */
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
}

export function ChartView(props: Props) {
  const { queries, range, stepMs, exemplars, height: given } = props;
  const { zone, setRange } = useRange();
  const navigate = useNavigate();
  const answers = queries.map((one) => one.answer);
  // biome-ignore lint/correctness/useExhaustiveDependencies: recomputed when an answer changes
  const model = useMemo(() => {
    const answered = queries.filter((one): one is QueryState & Answered => one.answer !== undefined);
    return chartModel(answered, range, stepMs);
  }, [range, stepMs, ...answers, queries.length]);
  const found = useExemplars(queries, range, stepMs, exemplars);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  const dots = useMemo(
    () =>
      exemplars
        ? chartExemplars(
            found.flatMap((one) => one ?? []),
            range,
          )
        : [],
    [exemplars, range, ...found, found.length],
  );
  const signature = model.series.map((series) => series.name).join("\n");
  const [hidden, setHidden] = useState<{ signature: string; shown: boolean[] } | null>(null);
  const shown = useMemo(
    () => (hidden?.signature === signature ? hidden.shown : model.series.map(() => true)),
    [hidden, signature, model],
  );
  const [focused, setFocused] = useState<number | null>(null);
  const units = new Set(queries.map((one) => unitOf(one.expression)));
  const unit = units.size === 1 ? ([...units][0] ?? "short") : "short";
  const format = (value: number) => formatAxisValue(value, unit);
  const { height: windowHeight } = useViewportSize();
  const height =
    given ?? Math.round(Math.min(480, Math.max(260, (windowHeight || window.innerHeight) * 0.42)));
  const settled = queries.every((one) => !one.fetching);

  if (model.total === 0) {
    if (!settled || queries.some((one) => one.error !== null)) return null;
    return <NoSeries queries={queries.length} />;
  }
  const open = ({ traceId, spanId }: ChartExemplar) => {
    if (!traceId) return;
    void navigate({ to: "/trace/$traceId", params: { traceId }, search: spanId ? { span: spanId } : {} });
  };
  return (
    <>
      {model.total > DRAWN_MAX && (
        <Notice>
          Showing the first {DRAWN_MAX} of {model.total.toLocaleString("en")} series. Aggregate them, or
          select the largest with <code>topk(20, …)</code>.
        </Notice>
      )}
      <Panel className={classes.chart}>
        <TimeChart
          times={model.times}
          series={model.series}
          shown={shown}
          focused={focused}
          range={range}
          zone={zone}
          height={height}
          format={format}
          exemplars={dots}
          exemplarsInUnit={unit !== "short"}
          onZoom={setRange}
          onExemplar={open}
        />
        <Legend
          rows={model.legend}
          shown={shown}
          format={format}
          onPick={(index, toggle) => setHidden({ signature, shown: picked(shown, index, toggle) })}
          onFocus={setFocused}
          sort={props.sort}
          onSort={props.onSort}
        />
      </Panel>
    </>
  );
}

export function NoSeries({ queries }: { queries: number }) {
  if (queries === 0) {
    return (
      <EmptyState title="All queries are disabled">Click the letter of a query to enable it.</EmptyState>
    );
  }
  return (
    <EmptyState title="No series in this time range">
      No series matches the query. Widen the time range, complete label values with Ctrl Space, or choose a
      metric from the list under Metrics.
    </EmptyState>
  );
}
