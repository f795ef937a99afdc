/** Silences: what is muted by whom, until when, and which alerts that hides now. */
import { Button, Checkbox, SegmentedControl } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { SilencesSearch } from "../../alerting-routes";
import type { Alert } from "../../alerts/alert";
import { useAlertingRefresh, useAlerts, useSilences } from "../../alerts/use-alerts";
import { expireSilence, type Silence } from "../../api/alertmanager";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { FindInput } from "../../components/find-input";
import { Icon } from "../../components/icon";
import { RequestState } from "../../components/request-state";
import { useClock } from "../../components/use-clock";
import { formatItems } from "../../format/number";
import { useShortcuts } from "../../shell/keyboard";
import classes from "./alerts.module.css";
import { NoAlertmanager } from "./no-alertmanager";
import { AlertsPage, Split } from "./page";
import { leaveFilter, RowList } from "./row-list";
import { SilenceDetails } from "./silence-details";
import { SilenceRowView } from "./silence-row";
import { countSilences, rowsOf, type SilenceRow } from "./silence-rows";

const route = getRouteApi("/alerts/silences");
const NONE: Silence[] = [];
const NO_ALERTS: Alert[] = [];

type Change = (part: Partial<SilencesSearch>, replace?: boolean) => void;

export default function Silences() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change: Change = (part, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace });
  const answer = useSilences();
  const silences = answer.data ?? NONE;
  const { alerts = NO_ALERTS } = useAlerts();
  const nowMs = useClock(true);
  const shown = silences.find(({ id }) => id === search.silence);
  return (
    <AlertsPage title="Silences">
      <RequestState
        fetching={answer.isFetching}
        polling={answer.data !== undefined}
        errors={[answer.error]}
        shownAtMs={answer.data ? answer.dataUpdatedAt : 0}
        cancel={() => {}}
        retry={() => void answer.refetch()}
      />
      {answer.data === null && <NoAlertmanager />}
      {answer.data?.length === 0 && <NoSilences />}
      {silences.length > 0 && (
        <List
          silences={silences}
          shown={shown}
          alerts={alerts}
          nowMs={nowMs}
          search={search}
          change={change}
        />
      )}
    </AlertsPage>
  );
}

interface ListProps {
  silences: Silence[];
  shown: Silence | undefined;
  alerts: Alert[];
  nowMs: number;
  search: SilencesSearch;
  change: Change;
}

function List({ silences, shown, alerts, nowMs, search, change }: ListProps) {
  const [selected, setSelected] = useState<string | null>(null);
  const [checked, setChecked] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => rowsOf(silences, alerts, search), [silences, alerts, search]);
  const open = ({ key }: SilenceRow) => {
    setSelected(key);
    change({ silence: key === search.silence ? undefined : key }, search.silence !== undefined);
  };
  const check = (id: string) => {
    const next = new Set(checked);
    if (!next.delete(id)) next.add(id);
    setChecked(next);
  };
  const current = selected ?? search.silence;
  useShortcuts([
    { keys: "x", label: "Select the silence", group: "Silences", run: () => current && check(current) },
  ]);
  const live = rows.filter(({ silence }) => silence.state !== "expired").map(({ key }) => key);
  const wanted = live.filter((id) => checked.has(id));
  return (
    <>
      <Tools search={search} silences={silences} change={change} />
      <Bulk live={live} wanted={wanted} setChecked={setChecked} />
      <Split
        list={
          rows.length === 0 ? (
            <NoMatch search={search} change={change} />
          ) : (
            <RowList
              rows={rows}
              what="silence"
              label="Silences"
              selected={selected}
              onSelect={setSelected}
              onOpen={open}
              openKey={search.silence}
              onClose={() => change({ silence: undefined })}
            >
              {(row) => (
                <SilenceRowView
                  row={row}
                  open={row.key === search.silence}
                  checked={checked.has(row.key)}
                  nowMs={nowMs}
                  onOpen={() => open(row)}
                  onCheck={() => check(row.key)}
                />
              )}
            </RowList>
          )
        }
        details={
          shown && (
            <SilenceDetails
              key={shown.id}
              silence={shown}
              alerts={alerts.filter(({ managed }) => managed?.silencedBy.includes(shown.id))}
              nowMs={nowMs}
              close={() => change({ silence: undefined })}
            />
          )
        }
      />
    </>
  );
}

function Tools({
  search,
  silences,
  change,
}: {
  search: SilencesSearch;
  silences: Silence[];
  change: Change;
}) {
  const counts = countSilences(silences);
  return (
    <div className={classes.tools}>
      <FindInput
        value={search.find}
        onChange={(find) => change({ find }, true)}
        label="Filter silences"
        placeholder="Matcher, comment or author"
        group="Silences"
        onDown={leaveFilter}
      />
      <div className={classes.scrolls}>
        <SegmentedControl
          aria-label="State"
          value={search.state ?? "current"}
          onChange={(value) =>
            change({
              state: value === "active" || value === "pending" || value === "expired" ? value : undefined,
            })
          }
          data={[
            { value: "current", label: "Current" },
            { value: "active", label: `Active ${counts.active}` },
            { value: "pending", label: `Pending ${counts.pending}` },
            { value: "expired", label: `Expired ${counts.expired}` },
          ]}
        />
      </div>
      <div className={classes.right}>
        <NewSilence />
      </div>
    </div>
  );
}

function NewSilence() {
  return (
    <Button
      component={Link}
      {...({ to: "/alerts/silences/new" } as object)}
      leftSection={<Icon name="plus" size={12} />}
    >
      Silence
    </Button>
  );
}

interface BulkProps {
  live: string[];
  wanted: string[];
  setChecked: (ids: ReadonlySet<string>) => void;
}

/** Expires many at once. */
function Bulk({ live, wanted, setChecked }: BulkProps) {
  const refresh = useAlertingRefresh();
  const expire = useMutation({
    mutationFn: async () => {
      for (const id of wanted) await expireSilence(id);
    },
    onSuccess: () => setChecked(new Set()),
    onSettled: refresh,
  });
  if (wanted.length === 0) return null;
  return (
    <div className={classes.tools}>
      <Checkbox
        size="xs"
        label={`${wanted.length} selected`}
        checked={wanted.length === live.length}
        indeterminate={wanted.length < live.length}
        onChange={() => setChecked(new Set(wanted.length < live.length ? live : []))}
      />
      <Button color="red" loading={expire.isPending} onClick={() => expire.mutate()}>
        Expire {formatItems(wanted.length, "silence")}
      </Button>
      {expire.error && <ErrorMessage error={expire.error} title="Not expired" />}
    </div>
  );
}

function NoSilences() {
  return (
    <EmptyState title="Nothing is silenced" actions={<NewSilence />}>
      A silence keeps alerts from being sent for some time. Press <kbd>s</kbd> on an alert, or make one here.
    </EmptyState>
  );
}

function NoMatch({ search, change }: { search: SilencesSearch; change: Change }) {
  if (search.find === undefined) {
    return (
      <EmptyState
        title={search.state ? `No silence is ${search.state}` : "Nothing is silenced now"}
        actions={
          <Button onClick={() => change({ state: search.state ? undefined : "expired" })}>
            {search.state ? "Show current silences" : "Show expired silences"}
          </Button>
        }
      >
        An expired silence can be made again, with its matchers and comment.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title="No silence matches the filter"
      actions={
        <Button onClick={() => change({ find: undefined, state: undefined })}>Clear the filter</Button>
      }
    >
      Words are searched in matchers, comments and authors. Remove a word, or choose another state.
    </EmptyState>
  );
}
