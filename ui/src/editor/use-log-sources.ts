/** The sources of completions: the lines of the page's time range. */
import { useMemo } from "react";
import { logFields, logLabels, logLabelValues } from "../api/loki";
import { useRange } from "../time/context";
import { msToNanos } from "../time/format";
import type { CompletionSources } from "./completions";

export function useLogSources(): CompletionSources {
  const { range } = useRange();
  return useMemo(() => {
    const [start, end] = [msToNanos(range.fromMs), msToNanos(range.toMs)];
    return {
      labels: () => logLabels(start, end),
      labelValues: (name: string) => logLabelValues(name, start, end),
      fields: (query: string) => logFields({ query, start, end }),
    };
  }, [range]);
}
