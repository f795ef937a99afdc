/** A trace: its summary, its waterfall, and the details of the selected span. */
import { ActionIcon, Button, Switch, TextInput, Tooltip } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { ApiError } from "../../api/http";
import { readTrace, type Trace as TraceData } from "../../api/otlp";
import { fetchTrace } from "../../api/tempo";
import { EmptyState } from "../../components/empty-state";
import { Icon } from "../../components/icon";
import { RequestState } from "../../components/request-state";
import { usePageTitle } from "../../components/use-page-title";
import { formatItems } from "../../format/number";
import type { TraceSearch } from "../../routes";
import { useShortcuts } from "../../shell/keyboard";
import { useLength } from "../../shell/preferences";
import { useRange } from "../../time/context";
import { traceIdIn } from "../../url/trace-id";
import { QueryContext } from "../../values/query-context";
import { criticalPath } from "./critical-path";
import { findRows, searchTexts } from "./find";
import { focusRows, useFocusAfterDetails } from "./focus";
import { TraceHeader } from "./header";
import { ResizeHandle } from "./resize-handle";
import { SpanDetails } from "./span-details";
import classes from "./trace.module.css";
import { buildTree, type TraceTree } from "./tree";
import { useValueRange } from "./use-value-range";
import { useWaterfall } from "./use-waterfall";
import { Waterfall } from "./waterfall";

const route = getRouteApi("/trace/$traceId");

export default function Trace() {
  const { traceId: given } = route.useParams();
  const traceId = traceIdIn(given) ?? given;
  const client = useQueryClient();
  const queryKey = ["trace", traceId];
  const answer = useQuery({
    queryKey,
    queryFn: ({ signal }) => fetchTrace(traceId, signal),
    staleTime: 10_000,
  });
  useRefresh(answer.refetch);
  const read = useMemo(() => {
    if (answer.data === undefined) return null;
    const trace = readTrace(answer.data);
    return { trace: { ...trace, traceId: trace.traceId || traceId }, tree: buildTree(trace) };
  }, [answer.data, traceId]);
  const root = read?.tree.rows[0]?.span;
  usePageTitle(root ? `${root.name} · ${traceId.slice(0, 8)}` : `Trace ${traceId.slice(0, 8)}`);

  const retry = () => void answer.refetch();
  const missing = answer.error instanceof ApiError && answer.error.kind === "not-found";
  if (read ? read.tree.rows.length === 0 : missing) return <NotFound traceId={traceId} retry={retry} />;
  const state = (
    <div className={classes.state}>
      <RequestState
        fetching={answer.isFetching}
        errors={[answer.error]}
        shownAtMs={answer.dataUpdatedAt}
        cancel={() => void client.cancelQueries({ queryKey })}
        retry={retry}
      />
    </div>
  );
  return read ? (
    <Loaded key={traceId} trace={read.trace} tree={read.tree} raw={answer.data} state={state} />
  ) : (
    state
  );
}

/** Asks again at each refresh of the page: the spans of a running task arrive one after the other. */
function useRefresh(refetch: (options: { cancelRefetch: boolean }) => unknown) {
  const { nowMs } = useRange();
  const before = useRef(nowMs);
  useEffect(() => {
    if (before.current === nowMs) return;
    before.current = nowMs;
    refetch({ cancelRefetch: false });
  }, [nowMs, refetch]);
}

function NotFound({ traceId, retry }: { traceId: string; retry: () => void }) {
  return (
    <EmptyState
      title="Trace not found"
      actions={
        <>
          <Button onClick={retry}>Try again</Button>
          <Link to="/explore/traces">Search traces</Link>
        </>
      }
    >
      No span of <code>{traceId}</code> is stored. It may not have arrived yet, may not be sampled, or may be
      older than the retention of traces.
    </EmptyState>
  );
}

interface LoadedProps {
  trace: TraceData;
  tree: TraceTree;
  raw: unknown;
  /** That of the request. */
  state: ReactNode;
}

function Loaded({ trace, tree, raw, state: request }: LoadedProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (part: Partial<TraceSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const state = useWaterfall(trace, tree, search.zoom, (zoom) => change({ zoom }));
  const [detailsWidth, setDetailsWidth] = useLength("trace.details", 440);
  const selected = search.span ? (tree.rowOf.get(search.span) ?? null) : null;
  const select = (row: number) => {
    state.reveal(row);
    change({ span: tree.rows[row]?.key });
  };
  const { reveal } = state;
  useEffect(() => {
    if (selected !== null) reveal(selected);
  }, [selected, reveal]);
  useFocusAfterDetails(selected !== null);
  const find = useFind(tree, search.find ?? "");
  const critical = useMemo(() => (search.critical ? criticalPath(tree) : null), [search.critical, tree]);
  const values = useValueRange(trace);
  const selectedRow = selected === null ? undefined : tree.rows[selected];
  return (
    <div className={classes.page}>
      <TraceHeader trace={trace} tree={tree} raw={raw} />
      {request}
      <Tools
        state={state}
        search={search}
        hits={find.rows}
        selected={selected}
        errors={find.errors}
        change={change}
        select={select}
      />
      <div
        className={classes.split}
        style={{
          gridTemplateColumns: selectedRow
            ? `minmax(0, 1fr) 4px min(${detailsWidth}px, 40vw)`
            : "minmax(0, 1fr)",
        }}
      >
        <Waterfall state={state} selected={selected} onSelect={select} hits={find.set} critical={critical} />
        {selectedRow && (
          <>
            <ResizeHandle width={detailsWidth} setWidth={setDetailsWidth} />
            <QueryContext value={values}>
              <SpanDetails trace={trace} row={selectedRow} close={() => change({ span: undefined })} />
            </QueryContext>
          </>
        )}
      </div>
    </div>
  );
}

function useFind(tree: TraceTree, wanted: string) {
  const searching = wanted.trim() !== "";
  const texts = useMemo(() => (searching ? searchTexts(tree) : null), [tree, searching]);
  return useMemo(() => {
    const rows = texts ? findRows(texts, wanted) : [];
    const errors = tree.rows.flatMap((row, index) => (row.span.status === "error" ? [index] : []));
    return { rows, set: texts ? new Set(rows) : null, errors };
  }, [texts, wanted, tree]);
}

interface ToolsProps {
  state: ReturnType<typeof useWaterfall>;
  search: TraceSearch;
  hits: number[];
  errors: number[];
  selected: number | null;
  change: (part: Partial<TraceSearch>) => void;
  select: (row: number) => void;
}

function Tools({ state, search, hits, errors, selected, change, select }: ToolsProps) {
  const input = useRef<HTMLInputElement>(null);
  const router = useRouter();
  const [draft, setDraft] = useState(search.find ?? "");
  useEffect(() => {
    const timer = setTimeout(() => {
      if (draft !== (search.find ?? "")) change({ find: draft || undefined });
    }, 160);
    return () => clearTimeout(timer);
  });
  const jump = (rows: number[], by: 1 | -1) => {
    const at = selected ?? -1;
    const next =
      by > 0 ? (rows.find((row) => row > at) ?? rows[0]) : (rows.findLast((row) => row < at) ?? rows.at(-1));
    if (next !== undefined) select(next);
  };
  // A trace that a link opened has no view before it, only another site.
  const leave = () =>
    router.history.canGoBack() ? router.history.back() : void router.navigate({ to: "/explore/traces" });
  useShortcuts([
    { keys: "/", label: "Search within the trace", group: "Trace", run: () => input.current?.focus() },
    { keys: "n", label: "Next match", group: "Trace", run: () => jump(hits, 1) },
    { keys: "p", label: "Previous match", group: "Trace", run: () => jump(hits, -1) },
    { keys: "e", label: "Next error", group: "Trace", run: () => jump(errors, 1) },
    {
      keys: "c",
      label: "Critical path",
      group: "Trace",
      run: () => change({ critical: search.critical ? undefined : "on" }),
    },
    { keys: "]", label: "Expand all", group: "Trace", run: state.expandAll },
    { keys: "[", label: "Collapse all", group: "Trace", run: state.collapseAll },
    {
      keys: "ArrowDown",
      label: "Next span",
      group: "Trace",
      run: () => {
        focusRows();
        select(state.visible[0] ?? 0);
      },
    },
    {
      keys: "Escape",
      label: "Close the span, or go back",
      group: "Trace",
      run: () => (selected === null ? leave() : change({ span: undefined })),
    },
  ]);
  return (
    <div className={classes.tools}>
      <TextInput
        ref={input}
        className={classes.find}
        leftSection={<Icon name="search" size={12} />}
        placeholder="Find in this trace"
        aria-label="Find in this trace"
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") jump(hits, event.shiftKey ? -1 : 1);
          if (event.key === "Escape") {
            setDraft("");
            event.currentTarget.blur();
          }
        }}
      />
      {search.find && (
        <>
          <span className={classes.count}>{formatItems(hits.length, "match", "matches")}</span>
          <Step
            label="Previous match (p)"
            icon="up"
            disabled={hits.length === 0}
            onClick={() => jump(hits, -1)}
          />
          <Step
            label="Next match (n)"
            icon="down"
            disabled={hits.length === 0}
            onClick={() => jump(hits, 1)}
          />
        </>
      )}
      <div className={classes.toolsRight}>
        {errors.length > 0 && <Button onClick={() => jump(errors, 1)}>Next error</Button>}
        <Switch
          label="Critical path"
          checked={search.critical === "on"}
          onChange={(event) => change({ critical: event.currentTarget.checked ? "on" : undefined })}
        />
        <Button onClick={state.expandAll}>Expand all</Button>
        <Button onClick={state.collapseAll}>Collapse all</Button>
        <Button onClick={() => state.setWindow(null)}>Reset zoom</Button>
      </div>
    </div>
  );
}

function Step(props: { label: string; icon: "up" | "down"; disabled: boolean; onClick: () => void }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon size={24} aria-label={props.label} disabled={props.disabled} onClick={props.onClick}>
        <Icon name={props.icon} size={12} />
      </ActionIcon>
    </Tooltip>
  );
}
