/** The labels of the data source of a variable, which filters and groups are chosen of. */
import { useQuery } from "@tanstack/react-query";
import { logLabels, logLabelValues } from "../../api/loki";
import { labelNames, labelValues } from "../../api/prometheus";
import { matcherOf } from "../../dashboards/ad-hoc";
import { resolveSource } from "../../dashboards/data-sources";
import type { AdHocFilter, VariableModel, VariableOption } from "../../dashboards/model";
import { sourceContext } from "../../dashboards/scope";
import { msToNanos } from "../../time/format";
import { useBoard } from "./board";

/** The names of labels, or the values of one, of the data that the filters leave. */
export function useLabels(
  variable: VariableModel,
  name: string | null,
  filters: AdHocFilter[] = [],
): VariableOption[] {
  const { context } = useBoard();
  const source = resolveSource({ dataSource: variable.dataSource, spec: {} }, null, sourceContext(context));
  const { range } = context;
  // A selector needs a matcher of some text.
  const equal = [...variable.baseFilters, ...filters].filter(({ operator }) => /^=\|?$/.test(operator));
  const selectors = equal.length === 0 ? undefined : [`{${equal.flatMap(matcherOf).join(", ")}}`];
  const answer = useQuery({
    queryKey: ["filter-labels", source.kind, name, selectors],
    queryFn: ({ signal }) => {
      const scope = { range, selectors };
      if (source.kind !== "loki")
        return name === null ? labelNames(scope, signal) : labelValues(name, scope, signal);
      const [start, end] = [msToNanos(range.fromMs), msToNanos(range.toMs)];
      return name === null
        ? logLabels(start, end, signal)
        : logLabelValues(name, start, end, signal, selectors?.[0]);
    },
    enabled: name !== null || variable.options.length === 0,
  });
  if (name === null && variable.options.length > 0) return variable.options;
  return (answer.data ?? []).map((text) => ({ text, value: text }));
}
