/** The sources of completions: the series of the page's time range. */
import { useMemo, useRef } from "react";
import { labelNames, labelValues, listMetrics } from "../api/prometheus";
import type { Range } from "../time/range";
import type { CompletionSources } from "./completions";

/** A short range may have no series yet that the query is written for. */
const SPAN_MS_MIN = 6 * 3_600_000;

export function useMetricSources(range: Range): CompletionSources {
  const latest = useRef(range);
  latest.current = range;
  return useMemo(() => {
    const wide = () => {
      const { fromMs, toMs } = latest.current;
      return { fromMs: Math.min(fromMs, toMs - SPAN_MS_MIN), toMs };
    };
    return {
      metrics: () => listMetrics({ range: wide() }),
      labels: (selectors) => labelNames({ selectors, range: wide() }),
      labelValues: (name, selectors) => labelValues(name, { selectors, range: wide() }),
    };
  }, []);
}
