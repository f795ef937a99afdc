/** The trace list: found traces, each of which opens on a click. */
import { useMemo } from "react";
import { type TraceSummary, tracesOf } from "../../data/traces";
import type { PanelProps } from "../panel";
import type { TraceListOptions, TraceSort } from "./options";
import { serviceColors } from "./service-colors";
import { TraceList } from "./trace-list";
import classes from "./traces.module.css";

export default function TraceListPanel(props: PanelProps<TraceListOptions>) {
  const { frames, options, height, onOptions, actions } = props;
  const traces = useMemo(() => sorted(tracesOf(frames), options.sort), [frames, options.sort]);
  const colors = useMemo(() => serviceColors(traces), [traces]);
  return (
    <div className={classes.panel} style={height === undefined ? undefined : { height }}>
      <TraceList
        traces={traces}
        colors={colors}
        sort={options.sort}
        onSort={onOptions && ((sort) => onOptions({ sort }))}
        loadMore={actions?.loadMore}
      />
    </div>
  );
}

const SORT_KEYS: Record<TraceSort, (trace: TraceSummary) => number> = {
  newest: (trace) => trace.startMs,
  longest: (trace) => trace.durationMs,
  errors: (trace) => trace.errorCount ?? 0,
  spans: (trace) => trace.spanCount ?? trace.matched,
};

function sorted(traces: TraceSummary[], sort: TraceSort): TraceSummary[] {
  const key = SORT_KEYS[sort];
  return traces.sort((left, right) => key(right) - key(left));
}
