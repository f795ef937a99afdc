/** Alerts: what fires, what is pending, what is muted and by what, and what was resolved. */
import { Button, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { AlertsSearch } from "../../alerting-routes";
import type { Alert } from "../../alerts/alert";
import { ALERT_STATES, type AlertState } from "../../alerts/states";
import { ALERTING_KEY, type Alerts as AlertsState, useAlerts } from "../../alerts/use-alerts";
import { fetchAlertGroups } from "../../api/alertmanager";
import { EmptyState } from "../../components/empty-state";
import { FindInput } from "../../components/find-input";
import { Icon } from "../../components/icon";
import { RequestState } from "../../components/request-state";
import { toggled } from "../../url/search";
import { AlertDetails } from "./alert-details";
import { AlertRowView } from "./alert-row";
import {
  type AlertRow,
  byAlertGroup,
  byName,
  countStates,
  found,
  inState,
  rowsOf,
  type StateCounts,
} from "./alert-rows";
import classes from "./alerts.module.css";
import { NoRules } from "./no-rules";
import { NobodyNotified } from "./nobody-notified";
import { AlertsPage, Split } from "./page";
import { leaveFilter, RowList } from "./row-list";
import { shownAlert } from "./shown-alert";
import { useSilenceKey } from "./use-silence-key";

const route = getRouteApi("/alerts");
export type ChangeAlerts = (part: Partial<AlertsSearch>, replace?: boolean) => void;

const NONE: Alert[] = [];

export default function Alerts() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change: ChangeAlerts = (part, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace });
  const state = useAlerts();
  const { alerts = NONE } = state;
  const matched = useMemo(() => found(alerts, search), [alerts, search]);
  const shown = useMemo(() => shownAlert(alerts, search.alert, state), [alerts, search.alert, state]);
  const isKnown = state.alerts !== undefined;
  const noRules = isKnown && alerts.length === 0 && state.groups.length === 0 && search.alert === undefined;
  return (
    <AlertsPage title={shown ? `${shown.name} · Alerts` : "Alerts"}>
      <RequestState
        fetching={state.fetching}
        polling={isKnown}
        errors={state.errors}
        shownAtMs={isKnown ? state.atMs : 0}
        cancel={() => {}}
        retry={state.retry}
      />
      {isKnown && !noRules && <NobodyNotified />}
      {noRules ? (
        <NoRules />
      ) : (
        <>
          <Tools
            search={search}
            counts={countStates(matched)}
            managed={state.managed === true}
            change={change}
          />
          {isKnown && (
            <Split
              list={<List state={state} matched={matched} search={search} change={change} />}
              details={
                shown && (
                  <AlertDetails
                    key={shown.key}
                    alert={shown}
                    alerts={alerts}
                    nowMs={state.atMs}
                    close={() => change({ alert: undefined })}
                    find={(matcher) => change({ find: [search.find, matcher].filter(Boolean).join(" ") })}
                  />
                )
              }
            />
          )}
        </>
      )}
    </AlertsPage>
  );
}

interface ToolsProps {
  search: AlertsSearch;
  counts: StateCounts;
  managed: boolean;
  change: ChangeAlerts;
}

const LABELS: Record<AlertState, string> = {
  firing: "Firing",
  pending: "Pending",
  silenced: "Silenced",
  inhibited: "Inhibited",
  resolved: "Resolved",
};

function Tools({ search, counts, managed, change }: ToolsProps) {
  return (
    <div className={classes.tools}>
      <FindInput
        value={search.find}
        onChange={(find) => change({ find }, true)}
        label="Filter alerts"
        placeholder='severity="critical" or words'
        group="Alerts"
        onDown={leaveFilter}
        width={300}
      />
      <div className={classes.scrolls}>
        <SegmentedControl
          aria-label="State"
          value={search.state ?? "active"}
          onChange={(value) => change({ state: ALERT_STATES.find((state) => state === value) })}
          data={[
            { value: "active", label: "Active" },
            ...ALERT_STATES.map((state) => ({ value: state, label: `${LABELS[state]} ${counts[state]}` })),
          ]}
        />
      </div>
      {managed && (
        <SegmentedControl
          aria-label="Group by"
          value={search.by ?? "name"}
          onChange={(value) => change({ by: value === "group" ? "group" : undefined, closed: undefined })}
          data={[
            { value: "name", label: "By name" },
            { value: "group", label: "By receiver" },
          ]}
        />
      )}
      {search.receiver !== undefined && (
        <Button
          rightSection={<Icon name="close" size={11} />}
          onClick={() => change({ receiver: undefined })}
        >
          Receiver {search.receiver}
        </Button>
      )}
    </div>
  );
}

interface ListProps {
  state: AlertsState;
  matched: Alert[];
  search: AlertsSearch;
  change: ChangeAlerts;
}

function List({ state, matched, search, change }: ListProps) {
  const [selected, setSelected] = useState<string | null>(null);
  const groups = useQuery({
    queryKey: [ALERTING_KEY, "groups"],
    queryFn: ({ signal }) => fetchAlertGroups(signal),
    enabled: search.by === "group",
  });
  const { closed, by } = search;
  const rows = useMemo(() => {
    const wanted = inState(matched, search.state);
    const grouped = by === "group" && groups.data ? byAlertGroup(wanted, groups.data) : byName(wanted);
    return rowsOf(grouped, new Set(closed), by === "group" && groups.data != null);
  }, [matched, search.state, closed, by, groups.data]);
  const open = (row: AlertRow) => {
    if (row.kind === "group") return change({ closed: toggled(closed, row.key) }, true);
    setSelected(row.key);
    change({ alert: row.alert.key === search.alert ? undefined : row.alert.key }, search.alert !== undefined);
  };
  const current = rows.find((row) => row.key === selected);
  const target = current?.kind === "alert" ? current.alert : undefined;
  const openKey = rows.find((row) => row.kind === "alert" && row.alert.key === search.alert)?.key;
  useSilenceKey(search.alert === undefined ? target : undefined);
  if (rows.length === 0) return <NoMatch state={state} search={search} change={change} />;
  return (
    <RowList
      rows={rows}
      what="alert"
      label="Alerts"
      selected={selected}
      onSelect={setSelected}
      onOpen={open}
      openKey={openKey}
      onClose={() => change({ alert: undefined })}
    >
      {(row) => <AlertRowView row={row} openKey={openKey} nowMs={state.atMs} onOpen={() => open(row)} />}
    </RowList>
  );
}

function NoMatch({ state, search, change }: Omit<ListProps, "matched">) {
  const filtered = search.find !== undefined || search.receiver !== undefined;
  const clear = () => change({ find: undefined, state: undefined, receiver: undefined });
  if (filtered) {
    return (
      <EmptyState
        title="No alert matches the filter"
        actions={<Button onClick={clear}>Clear the filter</Button>}
      >
        Words are searched in labels and annotations; <code>name="value"</code> and <code>name=~"a|b"</code>{" "}
        match a label. Remove a word, or choose another state.
      </EmptyState>
    );
  }
  const rules = state.groups.flatMap((group) => group.rules).filter(({ kind }) => kind === "alerting").length;
  const title = search.state ? `No alert is ${search.state}` : "Nothing is firing";
  return (
    <EmptyState title={title} actions={<Link to="/alerts/rules">Show the rules</Link>}>
      {search.state === "resolved"
        ? "No alert was resolved in the time range. Select a longer one."
        : `${rules} alerting rules are evaluated. An alert appears here when its expression returns a series.`}
    </EmptyState>
  );
}
