/** Explore logs: a LogQL query, a histogram by level, and the lines, newest first. */
import { Button, SegmentedControl, Select, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { AlertOnThis } from "../../alerts/alert-on-this";
import { positionIn } from "../../api/http";
import { logLabelValues } from "../../api/loki";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { LoadingBar } from "../../components/loading-bar";
import { Notice } from "../../components/notice";
import { OtlpReceivers } from "../../components/otlp-receivers";
import { Panel } from "../../components/panel";
import { usePageTitle } from "../../components/use-page-title";
import type { Frame } from "../../data/frame";
import { formatCount } from "../../format/number";
import { LEVEL_ORDER, levelColor } from "../../panels/colors";
import { volumeOf } from "../../panels/logs/volume";
import { PanelView } from "../../panels/panel-view";
import { preloadPanel } from "../../panels/registry";
import { useChartHeight } from "../../panels/use-chart-height";
import {
  DEFAULT_QUERY,
  isLineQuery,
  levelsIn,
  searchTerms,
  withFilter,
  withLevelToggled,
  withoutLabel,
} from "../../query/logql";
import type { LogsSearch } from "../../routes";
import { useShortcuts } from "../../shell/keyboard";
import { useRange } from "../../time/context";
import { msToNanos } from "../../time/format";
import { QueryContext, type ValueContext } from "../../values/query-context";
import classes from "./logs.module.css";
import { QueryRow } from "./query-row";
import { useLines, useVolume } from "./use-logs";

const route = getRouteApi("/explore/logs");
const LIMITS = ["100", "500", "1000", "5000"];
const LIMIT = 500;
const NO_FRAMES: Frame[] = [];

preloadPanel("logs");
preloadPanel("log-volume");

export default function Logs() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { raw, range, refreshNow } = useRange();
  const query = search.query ?? DEFAULT_QUERY;
  const limit = search.limit ?? LIMIT;
  const [draft, setDraft] = useState(query);
  useEffect(() => setDraft(query), [query]);
  usePageTitle(search.query ? `${query.slice(0, 60)} · Logs` : "Logs");
  // The answer to another query may not have the line that the URL names.
  const change = (part: Partial<LogsSearch>) =>
    void navigate({
      search: ({ line, ...before }) => ({ ...before, ...("query" in part ? {} : { line }), ...part }),
    });
  const run = (given: string) => {
    if (given.trim() === query) refreshNow();
    else change({ query: given.trim() === "" ? undefined : given.trim() });
  };
  // What is typed and not run yet is not lost: a filter is added to it.
  const values = useMemo(
    (): ValueContext => ({
      query: {
        language: "logql",
        changed: (edit) => ({ ...search, query: edit(draft), line: undefined }),
      },
    }),
    [search, draft],
  );
  useShortcuts([
    {
      keys: "w",
      label: "Wrap long lines",
      group: "Logs",
      run: () => change({ wrap: search.wrap ? undefined : "on" }),
    },
  ]);
  const found = useLines(query, raw, range, limit);
  const { pages } = found;
  // A refresh that fails leaves the answer before it.
  const answered = pages.error === null || pages.data !== undefined;
  const count = found.frames.reduce((sum, { length }) => sum + length, 0);
  return (
    <QueryContext value={values}>
      <div className={classes.page}>
        <QueryRow
          query={draft}
          errorPosition={query === draft ? positionIn(pages.error) : null}
          onChange={setDraft}
          onRun={() => run(draft)}
          ran={search.query}
          onRecall={run}
        />
        <Tools search={search} limit={limit} query={draft} change={change} />
        <LoadingBar active={pages.isFetching} />
        {pages.error && <ErrorMessage error={pages.error} retry={() => void pages.refetch()} />}
        {isLineQuery(query) && answered && (
          <VolumePanel query={query} toggle={(level) => change({ query: withLevelToggled(draft, level) })} />
        )}
        {found.metric && answered && <MetricChart frames={found.frames} fetching={pages.isFetching} />}
        {!found.metric && pages.data && (
          <Panel className={classes.lines}>
            {count === 0 ? (
              <NoLines filtered={search.query !== undefined} clear={() => change({ query: undefined })} />
            ) : (
              <PanelView
                type="logs"
                frames={found.frames}
                options={{
                  wrapLogMessage: search.wrap === "on",
                  show: search.show,
                  highlight: searchTerms(query),
                  line: search.line,
                }}
                actions={{
                  loadMore: {
                    hasMore: pages.hasNextPage,
                    loading: pages.isFetchingNextPage,
                    load: () => void pages.fetchNextPage(),
                  },
                }}
              />
            )}
          </Panel>
        )}
      </div>
    </QueryContext>
  );
}

/** The result of a metric query. */
function MetricChart({ frames, fetching }: { frames: Frame[]; fetching: boolean }) {
  const height = useChartHeight();
  if (frames.length === 0) {
    if (fetching) return null;
    return (
      <EmptyState title="No series in this time range">
        The query has no result. Widen the time range, or remove filters.
      </EmptyState>
    );
  }
  return (
    <Panel className={classes.metric}>
      <PanelView
        type="timeseries"
        frames={frames}
        options={{ legend: { displayMode: "table", calcs: ["lastNotNull", "min", "max", "mean"] } }}
        height={height}
      />
    </Panel>
  );
}

interface ToolsProps {
  search: LogsSearch;
  limit: number;
  query: string;
  change: (part: Partial<LogsSearch>) => void;
}

function Tools({ search, limit, query, change }: ToolsProps) {
  const { range } = useRange();
  const services = useQuery({
    queryKey: ["log services"],
    queryFn: ({ signal }) =>
      logLabelValues("service_name", msToNanos(range.fromMs), msToNanos(range.toMs), signal),
    retry: false,
  });
  const chosen = /service_name\s*=\s*"([^"\\]*)"/.exec(query)?.[1] ?? null;
  return (
    <div className={classes.tools}>
      <Select
        aria-label="Service"
        placeholder="All services"
        w={190}
        searchable
        clearable
        value={chosen}
        data={[...new Set([...(services.data ?? []), ...(chosen ? [chosen] : [])])]}
        onChange={(value) =>
          value
            ? change({ query: withFilter(query, { kind: "stream", name: "service_name", value }, true) })
            : change({ query: withoutLabel(query, "service_name") })
        }
      />
      {search.query !== undefined && !isLineQuery(search.query) && (
        <AlertOnThis expr={search.query} language="logql" />
      )}
      <div className={classes.right}>
        <Switch
          label="Wrap"
          checked={search.wrap === "on"}
          onChange={(event) => change({ wrap: event.currentTarget.checked ? "on" : undefined })}
        />
        <SegmentedControl
          aria-label="Line format"
          value={search.show ?? "message"}
          onChange={(value) => change({ show: value === "raw" || value === "json" ? value : undefined })}
          data={[
            { value: "message", label: "Message" },
            { value: "raw", label: "Raw" },
            { value: "json", label: "JSON" },
          ]}
        />
        <Select
          aria-label="Lines per request"
          w={104}
          allowDeselect={false}
          value={String(limit)}
          data={[...new Set([...LIMITS, String(limit)])].map((value) => ({ value, label: `${value} lines` }))}
          onChange={(value) => change({ limit: value === String(LIMIT) ? undefined : Number(value) })}
        />
      </div>
    </div>
  );
}

function VolumePanel({ query, toggle }: { query: string; toggle: (level: string) => void }) {
  const { range } = useRange();
  const { bars, total } = useVolume(query, range);
  const counted = useMemo(() => total?.frames && volumeOf(total.frames), [total?.frames]);
  // The lines are useful without the histogram.
  const error = bars?.error ?? total?.error;
  if (error && !bars?.frames) {
    const why = error instanceof Error ? error.message : "unknown";
    return <Notice>The log volume cannot be shown: {why}</Notice>;
  }
  const chosen = levelsIn(query);
  const counts = new Map(counted?.levels.map(({ level, count }) => [level, count]));
  // A query that is limited to some levels has no lines of the others, which can still be added.
  const levels = LEVEL_ORDER.filter(
    (level) => counts.has(level) || (chosen.length > 0 && level !== "unknown"),
  );
  return (
    <Panel className={classes.volume}>
      <div className={classes.levels}>
        <span>{counted ? `${formatCount(counted.total)} lines` : "Counting lines…"}</span>
        {[...levels].reverse().map((level) => (
          <button
            type="button"
            key={level}
            className={classes.level}
            aria-pressed={chosen.includes(level)}
            title={chosen.length === 0 ? `Show only ${level}` : `Show or hide ${level}`}
            onClick={() => toggle(level)}
          >
            <i style={{ background: levelColor(level) }} />
            {level} {counts.has(level) && formatCount(counts.get(level) ?? 0)}
          </button>
        ))}
      </div>
      <PanelView type="log-volume" frames={bars?.frames ?? NO_FRAMES} height={72} />
    </Panel>
  );
}

function NoLines({ filtered, clear }: { filtered: boolean; clear: () => void }) {
  const { setRaw } = useRange();
  return (
    <EmptyState
      title="No log lines in this time range"
      actions={
        <>
          <Button onClick={() => setRaw({ from: "now-24h", to: "now" })}>Last 24 hours</Button>
          {filtered && <Button onClick={clear}>Clear the query</Button>}
          <Link to="/">Show received data</Link>
        </>
      }
    >
      {filtered ? (
        "No line matches the query. Widen the time range, or remove filters."
      ) : (
        <>
          No log records are stored for this time range. Widen it, or send logs over OTLP to <OtlpReceivers />
          .
        </>
      )}
    </EmptyState>
  );
}
