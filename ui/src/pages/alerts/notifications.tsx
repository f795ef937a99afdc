/** Notifications: what was sent to whom, what could not be sent, and why. */
import { Button, Select, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { NotificationsSearch } from "../../alerting-routes";
import { ALERTING_KEY } from "../../alerts/use-alerts";
import { fetchNotifications } from "../../api/alerting";
import type { NotificationEntry } from "../../api/generated";
import { ApiError } from "../../api/http";
import { EmptyState } from "../../components/empty-state";
import { FindInput } from "../../components/find-input";
import { RequestState } from "../../components/request-state";
import { useClock } from "../../components/use-clock";
import { useRange } from "../../time/context";
import { formatAgo, formatInstant } from "../../time/format";
import classes from "./alerts.module.css";
import { NoConfiguration, useIsNotifying } from "./nobody-notified";
import { NotificationDetails } from "./notification-details";
import { countAlerts, type NotificationRow, rowsOf } from "./notification-rows";
import rowClasses from "./notifications.module.css";
import { AlertsPage, Split } from "./page";
import { leaveFilter, RowButton, RowList } from "./row-list";

const route = getRouteApi("/alerts/notifications");
const POLL_MS = 10_000;
const NONE: NotificationEntry[] = [];

type Change = (part: Partial<NotificationsSearch>, replace?: boolean) => void;

export default function Notifications() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change: Change = (part, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace });
  const answer = useQuery({
    queryKey: [ALERTING_KEY, "notifications"],
    queryFn: ({ signal }) => fetchNotifications(signal),
    refetchInterval: POLL_MS,
    staleTime: POLL_MS - 1_000,
  });
  const entries = answer.data ?? NONE;
  const absent = answer.error instanceof ApiError && answer.error.kind === "not-found";
  const isNotifying = useIsNotifying();
  return (
    <AlertsPage title="Notifications">
      <RequestState
        fetching={answer.isFetching}
        polling={answer.data !== undefined}
        errors={absent ? [] : [answer.error]}
        shownAtMs={answer.data ? answer.dataUpdatedAt : 0}
        cancel={() => {}}
        retry={() => void answer.refetch()}
      />
      {entries.length > 0 && <List entries={entries} search={search} change={change} />}
      {(absent || answer.data?.length === 0) &&
        (absent || isNotifying === false ? (
          <NoConfiguration />
        ) : (
          <EmptyState title="Nothing was sent yet">
            A notification appears here with its first try, whether it succeeds or not. Send a test message to
            a receiver under Routes.
          </EmptyState>
        ))}
    </AlertsPage>
  );
}

interface PartProps {
  entries: NotificationEntry[];
  search: NotificationsSearch;
  change: Change;
}

function List({ entries, search, change }: PartProps) {
  const [selected, setSelected] = useState<string | null>(null);
  const nowMs = useClock(true);
  const rows = useMemo(() => rowsOf(entries, search), [entries, search]);
  const shown = useMemo(
    () => rowsOf(entries, {}).find(({ key }) => key === search.notification)?.entry,
    [entries, search.notification],
  );
  const close = () => change({ notification: undefined });
  const open = ({ key }: NotificationRow) => {
    setSelected(key);
    change(
      { notification: key === search.notification ? undefined : key },
      search.notification !== undefined,
    );
  };
  return (
    <>
      <Tools entries={entries} search={search} change={change} />
      {rows.length === 0 ? (
        <EmptyState
          title={search.failed ? "No notification failed" : "No notification matches the filter"}
          actions={
            <Button onClick={() => change({ find: undefined, receiver: undefined, failed: undefined })}>
              Clear the filter
            </Button>
          }
        >
          Words are searched in groups, labels, messages and errors. Older notifications are forgotten.
        </EmptyState>
      ) : (
        <Split
          list={
            <RowList
              rows={rows}
              what="notification"
              label="Notifications"
              selected={selected}
              onSelect={setSelected}
              onOpen={open}
              openKey={search.notification}
              onClose={close}
            >
              {(row) => (
                <Row
                  entry={row.entry}
                  open={row.key === search.notification}
                  nowMs={nowMs}
                  onOpen={() => open(row)}
                />
              )}
            </RowList>
          }
          details={shown && <NotificationDetails entry={shown} close={close} />}
        />
      )}
    </>
  );
}

function Tools({ entries, search, change }: PartProps) {
  const receivers = [...new Set(entries.map(({ receiver }) => receiver))].sort();
  const failed = entries.filter(({ error }) => error !== null).length;
  const chosen = search.receiver;
  return (
    <div className={classes.tools}>
      <FindInput
        value={search.find}
        onChange={(find) => change({ find }, true)}
        label="Filter notifications"
        placeholder="Label, message or error"
        group="Notifications"
        onDown={leaveFilter}
      />
      <Select
        aria-label="Receiver"
        w={190}
        searchable
        clearable
        placeholder="All receivers"
        value={chosen ?? null}
        data={chosen && !receivers.includes(chosen) ? [...receivers, chosen] : receivers}
        onChange={(receiver) => change({ receiver: receiver ?? undefined })}
      />
      <Switch
        label={`Failed (${failed})`}
        checked={search.failed === "on"}
        onChange={(event) => change({ failed: event.currentTarget.checked ? "on" : undefined })}
      />
    </div>
  );
}

interface RowProps {
  entry: NotificationEntry;
  open: boolean;
  nowMs: number;
  onOpen: () => void;
}

function Row({ entry, open, nowMs, onOpen }: RowProps) {
  const { zone } = useRange();
  const { at_unix_ms, receiver, integration, group_labels, error, attempts } = entry;
  const labels = Object.entries(group_labels).filter(([, value]) => value !== "");
  return (
    <div className={rowClasses.notification}>
      <span className={rowClasses.time} title={formatAgo(at_unix_ms, Math.max(at_unix_ms, nowMs))}>
        {formatInstant(at_unix_ms, zone).slice(5)}
      </span>
      <span className={rowClasses.outcome} data-failed={error !== null}>
        <i />
        {error === null ? "sent" : "failed"}
      </span>
      <div className={rowClasses.receiver}>
        <RowButton open={open} onClick={onOpen}>
          {receiver}
        </RowButton>
        <small>{integration}</small>
      </div>
      <code className={rowClasses.group}>
        {labels.map(([name, value]) => (name === "alertname" ? value : `${name}=${value}`)).join(" ") ||
          "all alerts"}
      </code>
      <span className={rowClasses.alerts}>{countAlerts(entry)}</span>
      <span className={rowClasses.tries}>{attempts === 1 ? "1 try" : `${attempts} tries`}</span>
      {error !== null && <span className={rowClasses.error}>{error}</span>}
    </div>
  );
}
