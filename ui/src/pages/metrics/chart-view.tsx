/** The chart of all answers and the legend under it. */
import { useViewportSize } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { EmptyState } from "../../components/empty-state";
import { Notice } from "../../components/notice";
import { Panel } from "../../components/panel";
import { formatUnit, unitOf } from "../../format/number";
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
}

export function ChartView({ queries, range, stepMs, exemplars }: Props) {
  const { zone, setRange } = useRange();
  const navigate = useNavigate();
  const answers = queries.map((one) => one.answer);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the answers themselves are the identity that counts
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
  const unit = units.size === 1 ? ([...units][0] ?? "none") : "none";
  const format = (value: number) => formatUnit(value, unit);
  const { height: windowHeight } = useViewportSize();
  const height = Math.round(Math.min(480, Math.max(260, (windowHeight || window.innerHeight) * 0.42)));
  const settled = queries.every((one) => !one.fetching);

  if (model.total === 0) {
    if (!settled || queries.some((one) => one.error !== null)) return null;
    return <NothingFound queries={queries.length} />;
  }
  const open = ({ traceId, spanId }: ChartExemplar) => {
    if (!traceId) return;
    void navigate({ to: "/trace/$traceId", params: { traceId }, search: spanId ? { span: spanId } : {} });
  };
  return (
    <>
      {model.total > DRAWN_MAX && (
        <Notice>
          Drawing the first {DRAWN_MAX} of {model.total.toLocaleString("en")} series. Aggregate them, or keep
          the greatest with <code>topk(20, …)</code>.
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
          onZoom={setRange}
          onExemplar={open}
        />
        <Legend
          rows={model.legend}
          shown={shown}
          format={format}
          onPick={(index, toggle) => setHidden({ signature, shown: picked(shown, index, toggle) })}
          onFocus={setFocused}
        />
      </Panel>
    </>
  );
}

export function NothingFound({ queries }: { queries: number }) {
  if (queries === 0) {
    return (
      <EmptyState title="All queries are switched off">
        Click a query's letter to switch it on again.
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No series in this time range">
      The query is fine, but nothing matched it. Widen the time range, check the label values with completion
      (Ctrl Space), or look in Metrics above for what exists.
    </EmptyState>
  );
}
