/** The search of the list of metrics: every word occurs in the metadata of a metric, or in one of its labels. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { labelNames, labelValues, type NamedMetric } from "../../api/prometheus";

/** Shorter words occur in the labels of nearly all metrics. */
const WORD_LENGTH_MIN = 3;
/** Bounds the work of the server for a word. */
const LABELS_MAX = 10;

/** The metrics that the text finds. While labels are looked up, those whose metadata it finds. */
export function useMetricSearch(metrics: NamedMetric[], text: string): NamedMetric[] {
  const words = useMemo(() => text.toLowerCase().split(/\s+/).filter(Boolean), [text]);
  const labels = useQuery({
    queryKey: ["metric labels"],
    queryFn: ({ signal }) => labelNames({}, signal),
    enabled: words.length > 0,
    retry: false,
  });
  const named = useQueries({
    queries: words.map((word) => {
      const found = word.length < WORD_LENGTH_MIN ? [] : labelsWith(word, labels.data ?? []);
      return {
        queryKey: ["metrics with labels", ...found],
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          labelValues("__name__", { selectors: found.map(present) }, signal),
        enabled: found.length > 0,
        retry: false,
      };
    }),
    combine: (answers) => answers.map(({ data }) => data),
  });
  return useMemo(() => {
    const sets = named.map((names) => new Set(names));
    return metrics.filter(({ name, type, unit, help }) => {
      const searched = `${name} ${type} ${unit} ${help}`.toLowerCase();
      return words.every((word, index) => searched.includes(word) || sets[index]?.has(name));
    });
  }, [metrics, words, named]);
}

function labelsWith(word: string, labels: string[]): string[] {
  return labels
    .filter((label) => label !== "__name__" && label.toLowerCase().includes(word))
    .slice(0, LABELS_MAX);
}

/** Selects the series that have the label. */
function present(label: string): string {
  return `{${/^[a-zA-Z_]\w*$/.test(label) ? label : JSON.stringify(label)}!=""}`;
}
