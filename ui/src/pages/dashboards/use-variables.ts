/** The variables of a dashboard with their options, which are asked for again when a variable before them changes. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { DataSourceEntry } from "../../api/generated";
import type { DashboardModel } from "../../dashboards/model";
import type { VariableStates } from "../../dashboards/scope";
import { type Given, resolveVariables } from "../../dashboards/variable-states";
import { useRange } from "../../time/context";

/** Options that several variables ask for, or one after a change of another, are asked for once. */
const OPTIONS_FRESH_MS = 60_000;

interface Variables {
  /** Undefined until the first answer. */
  states: VariableStates | undefined;
  fetching: boolean;
}

export function useVariables(
  dashboard: DashboardModel,
  dataSources: DataSourceEntry[],
  given: Given,
): Variables {
  const { raw, range } = useRange();
  const client = useQueryClient();
  const ofTime = dashboard.variables.some(({ refreshOnTime }) => refreshOnTime);
  // The variables may be edited.
  const written = useMemo(() => JSON.stringify(dashboard.variables), [dashboard.variables]);
  const key = JSON.stringify([given, dataSources, ofTime ? range : null]);
  const answer = useQuery({
    queryKey: ["dashboard-variables", dashboard.uid, written, key],
    // Without a signal: an answer that is not needed any more for one variable may be that of another.
    queryFn: () =>
      resolveVariables({ dashboard, scoped: {}, raw, range, dataSources }, given, (question, ask) =>
        client.fetchQuery({
          queryKey: ["variable-options", question],
          queryFn: ask,
          staleTime: OPTIONS_FRESH_MS,
        }),
      ),
    // The panels keep the values before a change until those after it are known.
    placeholderData: keepPreviousData,
    staleTime: OPTIONS_FRESH_MS,
  });
  const none = dashboard.variables.length === 0;
  return useMemo(
    () => ({ states: none ? {} : answer.data, fetching: answer.isFetching }),
    [none, answer.data, answer.isFetching],
  );
}
