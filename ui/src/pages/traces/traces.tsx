/** Explore traces: a search by form or TraceQL, a scatter plot and a list of the results. */
import { Button } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { LoadingBar } from "../../components/loading-bar";
import { OtlpReceivers } from "../../components/otlp-receivers";
import { Panel } from "../../components/panel";
import { usePageTitle } from "../../components/use-page-title";
import { target, useFrames } from "../../data/source";
import type { TraceMeasure } from "../../data/sources/largest-traces";
import { tempo } from "../../data/sources/tempo";
import { PanelView } from "../../panels/panel-view";
import { preloadPanel } from "../../panels/registry";
import type { TracesSearch } from "../../routes";
import { useRange } from "../../time/context";
import { QueryContext, type ValueContext } from "../../values/query-context";
import { formQuery } from "./query";
import { SearchForm } from "./search-form";
import classes from "./traces.module.css";

const route = getRouteApi("/explore/traces");
const LIMIT = 100;
const LIMIT_MAX = 1_000;
/** A list that is not sorted by time shows the largest traces of the range, and not those among the newest. */
const LARGEST: Partial<Record<NonNullable<TracesSearch["sort"]>, TraceMeasure>> = {
  longest: "duration",
  errors: "errors",
  spans: "spans",
};

preloadPanel("trace-list");
preloadPanel("trace-scatter");

export default function Traces() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { range } = useRange();
  const limit = search.limit ?? LIMIT;
  const query = search.q ?? formQuery(search);
  usePageTitle(search.service ? `${search.service} · Traces` : "Traces");
  const change = (part: Partial<TracesSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...part }) });
  const values = useMemo(
    (): ValueContext => ({
      query: { language: "traceql", changed: (edit) => ({ ...search, q: edit(query) }) },
    }),
    [search, query],
  );
  const largest = search.sort && LARGEST[search.sort];
  const request = { query: { query, limit, largest }, range, intervalMs: 1_000 };
  const [answer] = useFrames([target("A", tempo, request)]);
  const { frames, error, fetching = false, retry } = answer ?? {};
  const count = (frames ?? []).reduce((sum, { length }) => sum + length, 0);
  const full = count >= limit;
  const narrowed = query !== "{}";
  return (
    <QueryContext value={values}>
      <div className={classes.page}>
        <SearchForm search={search} query={query} limit={limit} error={error} change={change} />
        <LoadingBar active={fetching} />
        {error !== null && <ErrorMessage error={error} {...(retry ? { retry } : {})} />}
        {frames && count > 0 && (
          <Panel className={classes.scatter}>
            <PanelView type="trace-scatter" frames={frames} />
          </Panel>
        )}
        {frames && (error === null || count > 0) && (
          <Panel className={classes.list}>
            {count === 0 ? (
              <NoTraces
                narrowed={narrowed}
                clear={() => void navigate({ search: (before) => cleared(before) })}
              />
            ) : (
              <PanelView
                type="trace-list"
                frames={frames}
                options={{ sort: search.sort }}
                onOptions={(options) => {
                  const { sort } = options as { sort: TracesSearch["sort"] };
                  change({ sort: sort === "newest" ? undefined : sort });
                }}
                actions={{
                  loadMore: {
                    full,
                    hasMore: full && limit < LIMIT_MAX,
                    loading: fetching,
                    load: () => change({ limit: Math.min(LIMIT_MAX, limit * 2) }),
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

function cleared(before: TracesSearch): TracesSearch {
  const kept: TracesSearch = { ...before };
  for (const key of ["service", "operation", "tags", "min", "max", "status", "q"] as const) delete kept[key];
  return kept;
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
      {narrowed ? (
        "No trace matches the search. Remove a condition, or widen the time range."
      ) : (
        <>
          No spans are stored for this time range. Widen it, or send traces over OTLP to <OtlpReceivers />.
        </>
      )}
    </EmptyState>
  );
}
