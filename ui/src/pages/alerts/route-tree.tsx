/** Routes: which receiver an alert goes to, when, and a test of both. */
import { Button, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import type { RouteTreeSearch } from "../../alerting-routes";
import { ownLabels } from "../../alerts/alert";
import { parseMatchers } from "../../alerts/matchers";
import { ALERTING_KEY, useAlerts, useRoutes } from "../../alerts/use-alerts";
import { testRoutes } from "../../api/alerting";
import type { RouteNode } from "../../api/generated";
import type { Labels } from "../../api/prometheus";
import { ErrorMessage } from "../../components/error-message";
import { LoadingBar } from "../../components/loading-bar";
import { queryDuration } from "../../time/duration";
import classes from "./alerts.module.css";
import { NoConfiguration, useIsNotifying } from "./nobody-notified";
import { AlertsPage, Split } from "./page";
import { RouteDetails } from "./route-details";
import { type RouteRow, rowsOf } from "./route-rows";
import rowClasses from "./route-tree.module.css";
import { RowButton, RowList } from "./row-list";

const route = getRouteApi("/alerts/routes");

type Change = (part: Partial<RouteTreeSearch>, replace?: boolean) => void;

export default function RouteTree() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change: Change = (part, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace });
  const answer = useRoutes();
  const isNotifying = useIsNotifying();
  return (
    <AlertsPage title="Routes">
      <LoadingBar active={answer.isLoading} />
      {answer.error && <ErrorMessage error={answer.error} retry={() => void answer.refetch()} />}
      {isNotifying === false && <NoConfiguration />}
      {isNotifying && answer.data && <Tree root={answer.data} search={search} change={change} />}
    </AlertsPage>
  );
}

function labelsOf(text: string | undefined): Labels | null {
  const matchers = parseMatchers(text ?? "");
  if (!matchers || matchers.length === 0 || matchers.some((one) => one.isRegex || !one.isEqual)) return null;
  return Object.fromEntries(matchers.map(({ name, value }) => [name, value]));
}

function Tree({ root, search, change }: { root: RouteNode; search: RouteTreeSearch; change: Change }) {
  const [selected, setSelected] = useState<string | null>(null);
  const labels = useMemo(() => labelsOf(search.labels), [search.labels]);
  const test = useQuery({
    queryKey: [ALERTING_KEY, "routes test", labels],
    queryFn: ({ signal }) => testRoutes(labels ?? {}, signal),
    enabled: labels !== null,
    retry: false,
  });
  const reached = labels ? test.data?.routes : undefined;
  const rows = useMemo(() => rowsOf(root, reached), [root, reached]);
  const shown = rows.find(({ key }) => key === search.route)?.node;
  const open = ({ key }: RouteRow) => {
    setSelected(key);
    change({ route: key === search.route ? undefined : key }, search.route !== undefined);
  };
  return (
    <>
      <Test text={search.labels} change={change} />
      {test.error && <ErrorMessage error={test.error} title="The labels were rejected" />}
      {labels && test.data && (
        <p className={rowClasses.outcome} role="status">
          {test.data.receivers.length > 0 ? (
            <>
              This alert goes to <b>{test.data.receivers.join(", ")}</b>.
            </>
          ) : (
            "This alert goes to no receiver."
          )}
        </p>
      )}
      <Split
        list={
          <RowList
            rows={rows}
            what="route"
            label="Routes"
            selected={selected}
            onSelect={setSelected}
            onOpen={open}
            openKey={search.route}
            onClose={() => change({ route: undefined })}
          >
            {(row) => <RouteRowView row={row} open={row.key === search.route} onOpen={() => open(row)} />}
          </RowList>
        }
        details={
          shown && <RouteDetails key={shown.id} node={shown} close={() => change({ route: undefined })} />
        }
      />
    </>
  );
}

/** "Where would this go": labels that are typed, or those of an alert. */
function Test({ text = "", change }: { text: string | undefined; change: Change }) {
  const [draft, setDraft] = useState(text);
  useEffect(() => setDraft(text), [text]);
  const { alerts = [] } = useAlerts();
  const options = [...new Map(alerts.map((alert) => [alert.key, alert])).values()]
    .slice(0, 200)
    .map((alert) => ({
      value: alert.key,
      label: [alert.name, ...ownLabels(alert).map(([name, value]) => `${name}=${value}`)].join(" "),
    }));
  const problem = draft.trim() !== "" && labelsOf(draft) === null;
  return (
    <form
      className={classes.tools}
      onSubmit={(event) => {
        event.preventDefault();
        if (!problem) change({ labels: draft.trim() === "" ? undefined : draft });
      }}
    >
      <TextInput
        className={rowClasses.labels}
        aria-label="Labels of an alert"
        placeholder='Where would this go? severity="critical", type="gpu"'
        value={draft}
        error={problem}
        spellCheck={false}
        onChange={(event) => setDraft(event.currentTarget.value)}
      />
      <Button type="submit" disabled={problem}>
        Test
      </Button>
      {options.length > 0 && (
        <Select
          className={rowClasses.pick}
          aria-label="Labels of an active alert"
          placeholder="Labels of an active alert"
          searchable
          clearable
          limit={50}
          value={options.some(({ value }) => value === text) ? text : null}
          data={options}
          onChange={(value) => change({ labels: value ?? undefined })}
        />
      )}
    </form>
  );
}

const seconds = (value: number) => (value === 0 ? "0s" : queryDuration(value * 1_000));

function RouteRowView({ row, open, onOpen }: { row: RouteRow; open: boolean; onOpen: () => void }) {
  const { node, depth, reached } = row;
  return (
    <div className={rowClasses.route} data-reached={reached ?? undefined}>
      <div className={rowClasses.matchers} style={{ paddingLeft: Math.min(depth, 12) * 18 }}>
        {reached === "end" && <span className={rowClasses.mark}>→</span>}
        <code>{node.matchers.join(", ") || (depth === 0 ? "all alerts" : "any alert")}</code>
        {node.continues && <small>continues</small>}
      </div>
      <div className={rowClasses.receiver}>
        <RowButton open={open} onClick={onOpen}>
          {node.receiver}
        </RowButton>
        <small>{node.integrations.join(", ") || "sends nothing"}</small>
      </div>
      <span className={rowClasses.by}>by {node.group_by.join(", ") || "nothing"}</span>
      <span className={rowClasses.times} title="Group wait, group interval, repeat interval">
        {seconds(node.group_wait_s)} · {seconds(node.group_interval_s)} · {seconds(node.repeat_interval_s)}
      </span>
      {node.mute_time_intervals.length + node.active_time_intervals.length > 0 && (
        <span className={rowClasses.intervals}>
          {node.mute_time_intervals.length > 0 && <>muted in {node.mute_time_intervals.join(", ")} </>}
          {node.active_time_intervals.length > 0 && <>only in {node.active_time_intervals.join(", ")}</>}
        </span>
      )}
    </div>
  );
}
