/** Targets: what is scraped, whether it succeeds, and why not. */
import { Button, SegmentedControl, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { fetchTargets, type Health } from "../../api/targets";
import { CodeBlock } from "../../components/code-block";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { FindInput } from "../../components/find-input";
import { LoadingBar } from "../../components/loading-bar";
import { Panel } from "../../components/panel";
import { usePageTitle } from "../../components/use-page-title";
import type { TargetsSearch } from "../../routes";
import { type Counts, type Pool, poolsOf, rowsOf, total } from "./model";
import { TargetList } from "./target-list";
import classes from "./targets.module.css";

const route = getRouteApi("/targets");
const POLL_MS = 5_000;
const ALL_POOLS = "";

export default function Targets() {
  usePageTitle("Targets");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (part: Partial<TargetsSearch>, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace });
  const answer = useQuery({
    queryKey: ["targets"],
    queryFn: ({ signal }) => fetchTargets(signal),
    refetchInterval: POLL_MS,
    staleTime: POLL_MS - 1_000,
  });
  const { find, health, pool, closed } = search;
  const pools = useMemo(
    () => (answer.data ? poolsOf(answer.data, { find, health, pool }) : []),
    [answer.data, find, health, pool],
  );
  const rows = useMemo(
    () => rowsOf(pools, new Set(closed), { find, health, pool }),
    [pools, closed, find, health, pool],
  );
  return (
    <div className={classes.page}>
      {(!answer.data || pools.length > 0) && <Tools search={search} pools={pools} change={change} />}
      <LoadingBar active={answer.isLoading} />
      {answer.error && <ErrorMessage error={answer.error} retry={() => void answer.refetch()} />}
      {answer.data && pools.length === 0 && <NoTargets />}
      {pools.length > 0 && rows.length === 0 && <NoMatch search={search} pools={pools} change={change} />}
      {rows.length > 0 && (
        <Panel className={classes.panel}>
          <TargetList rows={rows} search={search} nowMs={answer.dataUpdatedAt} change={change} />
        </Panel>
      )}
    </div>
  );
}

interface PartProps {
  search: TargetsSearch;
  pools: Pool[];
  change: (part: Partial<TargetsSearch>, replace?: boolean) => void;
}

function Tools({ search, pools, change }: PartProps) {
  const counts = total(pools);
  const names = pools.map(({ name }) => name);
  const unknown = search.pool !== undefined && !names.includes(search.pool) ? [search.pool] : [];
  return (
    <div className={classes.tools}>
      <FindInput
        value={search.find}
        onChange={(find) => change({ find }, true)}
        label="Filter targets"
        placeholder="Address, label or error"
        group="Targets"
      />
      <SegmentedControl
        aria-label="Health"
        value={search.health ?? "active"}
        onChange={(value) => change({ health: value === "active" ? undefined : (value as Health) })}
        data={[
          { value: "active", label: `Active ${active(counts)}` },
          { value: "up", label: `Up ${counts.up}` },
          { value: "down", label: `Down ${counts.down}` },
          { value: "unknown", label: `Unknown ${counts.unknown}` },
          { value: "dropped", label: `Dropped ${counts.dropped}` },
        ]}
      />
      <Select
        aria-label="Pool"
        w={180}
        searchable
        value={search.pool ?? ALL_POOLS}
        onChange={(value) => change({ pool: value ? value : undefined })}
        data={[
          { value: ALL_POOLS, label: "All pools" },
          ...[...names, ...unknown].map((name) => ({ value: name, label: name })),
        ]}
        allowDeselect={false}
      />
      {pools.length > 1 && (
        <Button
          className={classes.right}
          onClick={() => change({ closed: search.closed ? undefined : names }, true)}
        >
          {search.closed ? "Expand all" : "Collapse all"}
        </Button>
      )}
    </div>
  );
}

function active({ up, down, unknown }: Counts): number {
  return up + down + unknown;
}

function NoTargets() {
  return (
    <EmptyState title="No targets are configured">
      <p>
        Glasshouse scrapes the targets of a Prometheus configuration and takes its file as it is. Start it
        with the file, or set the key <code>adopt</code> in the configuration. Jobs and their targets then
        appear here.
      </p>
      <div className={classes.how}>
        <CodeBlock text="glasshouse serve --adopt prometheus.yml" />
        <CodeBlock text="adopt: [/etc/prometheus/prometheus.yml]" />
      </div>
    </EmptyState>
  );
}

function NoMatch({ search, pools, change }: PartProps) {
  const counts = total(pools);
  const clear = () => change({ find: undefined, health: undefined, pool: undefined });
  const all = search.health === undefined ? active(counts) : counts[search.health];
  const nothing = search.find === undefined && search.pool === undefined && all === 0;
  return (
    <EmptyState
      title={nothing ? `No target is ${search.health}` : "No target matches the filter"}
      actions={<Button onClick={clear}>Clear the filter</Button>}
    >
      {nothing
        ? NOTHING[search.health ?? "unknown"]
        : "Words are searched in pools, addresses, labels and errors. Remove a word, or choose another health or pool."}
    </EmptyState>
  );
}

const NOTHING: Record<Health, string> = {
  up: "No scrape has succeeded yet. The errors are shown with the targets that are down.",
  down: "Every target that was scraped has answered.",
  unknown: "Every target has been scraped at least once.",
  dropped: "Relabelling keeps every target that service discovery finds.",
};
