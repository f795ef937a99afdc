/** The alerts of the server, asked for again and again while a view shows them. */
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { fetchRoutes } from "../api/alerting";
import { fetchManagedAlerts, fetchSilences } from "../api/alertmanager";
import { queryInstant } from "../api/prometheus";
import { fetchRuleGroups, type RuleGroup } from "../api/rules";
import { useRange } from "../time/context";
import { type Alert, alertsOf, lastFired, resolvedOf } from "./alert";

const POLL_MS = 10_000;
/** A server that has no Alertmanager now may have one after its next start. */
const ABSENT_POLL_MS = 300_000;

/** They change only with the configuration. */
const ROUTES_FRESH_MS = 60_000;

export const ALERTING_KEY = "alerting";

export function useRuleGroups() {
  return useQuery({
    queryKey: [ALERTING_KEY, "rules"],
    queryFn: ({ signal }) => fetchRuleGroups(signal),
    refetchInterval: POLL_MS,
    staleTime: POLL_MS - 1_000,
  });
}

export function useManagedAlerts() {
  return useQuery({
    queryKey: [ALERTING_KEY, "alerts"],
    queryFn: ({ signal }) => fetchManagedAlerts(signal),
    refetchInterval: ({ state }) => (state.data === null ? ABSENT_POLL_MS : POLL_MS),
    staleTime: POLL_MS - 1_000,
  });
}

export function useSilences() {
  return useQuery({
    queryKey: [ALERTING_KEY, "silences"],
    queryFn: ({ signal }) => fetchSilences(signal),
    refetchInterval: ({ state }) => (state.data === null ? ABSENT_POLL_MS : POLL_MS),
    staleTime: POLL_MS - 1_000,
  });
}

/** The tree of routes; null when the server has none. */
export function useRoutes() {
  return useQuery({
    queryKey: [ALERTING_KEY, "routes"],
    queryFn: ({ signal }) => fetchRoutes(signal),
    staleTime: ROUTES_FRESH_MS,
    retry: false,
  });
}

/** Asks all of alerting again, after a change. */
export function useAlertingRefresh(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: [ALERTING_KEY] });
}

/** Asks again when the page is refreshed. */
export function useRefreshed(): void {
  const client = useQueryClient();
  const { nowMs } = useRange();
  useEffect(() => {
    const older = ({ state }: { state: { dataUpdatedAt: number } }) =>
      state.dataUpdatedAt > 0 && state.dataUpdatedAt < nowMs;
    void client.invalidateQueries({ queryKey: [ALERTING_KEY], predicate: older });
  }, [client, nowMs]);
}

export interface Alerts {
  /** Undefined until they are known. */
  alerts: Alert[] | undefined;
  groups: RuleGroup[];
  /** Whether Alertmanager answers; null until that is known. */
  managed: boolean | null;
  errors: unknown[];
  fetching: boolean;
  /** When the alerts were received; 0 before. */
  atMs: number;
  retry: () => void;
}

const NO_GROUPS: RuleGroup[] = [];

/** The active alerts, and those that were resolved in the time range of the page. */
export function useAlerts(): Alerts {
  const rules = useRuleGroups();
  const managed = useManagedAlerts();
  const resolved = useLastFired();
  const refresh = useAlertingRefresh();
  const alerts = useMemo(() => {
    // One that fails does not hide what the other says.
    if (rules.isPending || managed.isPending) return undefined;
    if (!rules.data && !managed.data) return undefined;
    const groups = rules.data ?? NO_GROUPS;
    const active = alertsOf(groups, managed.data ?? []);
    return [...active, ...resolvedOf(resolved.data?.series ?? [], groups, active)];
  }, [rules.isPending, rules.data, managed.isPending, managed.data, resolved.data]);
  return {
    alerts,
    groups: rules.data ?? NO_GROUPS,
    managed: managed.isPending ? null : managed.data != null,
    errors: [rules.error, managed.error],
    fetching: rules.isFetching || managed.isFetching,
    atMs: rules.dataUpdatedAt,
    retry: () => void refresh(),
  };
}

function useLastFired() {
  const { range } = useRange();
  const seconds = Math.max(60, Math.round((range.toMs - range.fromMs) / 1_000));
  return useQuery({
    queryKey: [ALERTING_KEY, "resolved", seconds, range.toMs],
    queryFn: ({ signal }) => queryInstant(lastFired(seconds), range.toMs, signal),
    placeholderData: keepPreviousData,
    retry: false,
  });
}
