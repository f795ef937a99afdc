/** Explore traces: a search by form or TraceQL, a scatter plot and a list of the results. */
import { Button } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { searchTraces, type TraceSummary } from "../../api/tempo";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { LoadingBar } from "../../components/loading-bar";
import { Panel } from "../../components/panel";
import { usePageTitle } from "../../components/use-page-title";
import { colorsOf } from "../../panels/colors";
import type { TracesSearch } from "../../routes";
import { useRange } from "../../time/context";
import { formQuery } from "./query";
import { Scatter } from "./scatter";
import { SearchForm } from "./search-form";
import { TraceList } from "./trace-list";
import classes from "./traces.module.css";

const route = getRouteApi("/explore/traces");
const LIMIT = 100;

export default function Traces() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { range } = useRange();
  const limit = search.limit ?? LIMIT;
  const query = search.q ?? formQuery(search);
  usePageTitle(search.service ? `${search.service} · Traces` : "Traces");
  const change = (part: Partial<TracesSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...part }) });
  const answer = useQuery({
    queryKey: ["traces", query, range.fromMs, range.toMs, limit],
    queryFn: ({ signal }) => searchTraces({ query, ...range, limit }, signal),
    placeholderData: keepPreviousData,
  });
  const traces = useMemo(() => sorted(answer.data ?? [], search.sort), [answer.data, search.sort]);
  const colors = useMemo(() => colorsOf(traces.flatMap(serviceNames)), [traces]);
  const narrowed = query !== "{}";
  return (
    <div className={classes.page}>
      <SearchForm search={search} query={query} limit={limit} error={answer.error} change={change} />
      <LoadingBar active={answer.isFetching} />
      {answer.error && <ErrorMessage error={answer.error} retry={() => void answer.refetch()} />}
      {!answer.error && traces.length > 0 && <Scatter traces={traces} colors={colors} range={range} />}
      {!answer.error && answer.data && (
        <Panel className={classes.list}>
          {traces.length === 0 ? (
            <NoTraces
              narrowed={narrowed}
              clear={() => void navigate({ search: (before) => cleared(before) })}
            />
          ) : (
            <TraceList
              traces={traces}
              colors={colors}
              sort={search.sort ?? "newest"}
              setSort={(sort) => change({ sort: sort === "newest" ? undefined : sort })}
              full={traces.length >= limit}
              more={() => change({ limit: Math.min(1_000, limit * 2) })}
              limit={limit}
            />
          )}
        </Panel>
      )}
    </div>
  );
}

function serviceNames({ rootService, services }: TraceSummary): string[] {
  return [rootService, ...services.map(({ name }) => name)];
}

function cleared(before: TracesSearch): TracesSearch {
  const kept: TracesSearch = { ...before };
  for (const key of ["service", "operation", "tags", "min", "max", "status", "q"] as const) delete kept[key];
  return kept;
}

function sorted(traces: TraceSummary[], sort: TracesSearch["sort"]): TraceSummary[] {
  const by: Record<NonNullable<TracesSearch["sort"]>, (trace: TraceSummary) => number> = {
    newest: (trace) => trace.startMs,
    longest: (trace) => trace.durationMs,
    errors: (trace) => trace.errorCount ?? 0,
    spans: (trace) => trace.spanCount ?? trace.matched,
  };
  const key = by[sort ?? "newest"];
  return [...traces].sort((left, right) => key(right) - key(left));
}

function NoTraces({ narrowed, clear }: { narrowed: boolean; clear: () => void }) {
  const { setRaw } = useRange();
  return (
    <EmptyState
      title="No traces in this time range"
      actions={
        <>
          <Button onClick={() => setRaw({ from: "now-24h", to: "now" })}>Last 24 hours</Button>
          {narrowed && <Button onClick={clear}>Clear the search</Button>}
          <Link to="/">Show received data</Link>
        </>
      }
    >
      {narrowed
        ? "No trace matches the search. Remove a condition, or widen the time range."
        : "No spans are stored for this time range. Widen it, or send traces over OTLP to port 4317 (gRPC) or 4318 (HTTP)."}
    </EmptyState>
  );
}
