/** Explore metrics: PromQL queries A, B, …, as a chart with a legend or as an instant table. */
import { Button, SegmentedControl, Select, Switch } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { AlertOnThis } from "../../alerts/alert-on-this";
import { ApiError } from "../../api/http";
import { Icon } from "../../components/icon";
import { Notice } from "../../components/notice";
import { RequestState } from "../../components/request-state";
import { usePageTitle } from "../../components/use-page-title";
import { noticesOf } from "../../data/frame";
import { QueryHistory } from "../../editor/query-history";
import { useMetricSources } from "../../editor/use-metric-sources";
import { preloadPanel } from "../../panels/registry";
import type { MetricsSearch } from "../../routes";
import { useRange } from "../../time/context";
import { parseDuration, queryDuration } from "../../time/duration";
import { stepFor } from "../../time/range";
import { QueryContext, type ValueContext } from "../../values/query-context";
import { ChartView } from "./chart-view";
import { MetricBrowser } from "./metric-browser";
import classes from "./metrics.module.css";
import { letterOf, parseOff } from "./model";
import { QueryRows } from "./query-rows";
import { TableView } from "./table-view";
import { type QueryState, useAnswers } from "./use-answers";

const route = getRouteApi("/explore/metrics");
const POINTS = 320;
const STEPS = ["5s", "15s", "30s", "1m", "5m", "15m", "1h"];
const NO_EXPRESSIONS: string[] = [];
/** The state of the list of metrics when it is closed. */
const CLOSED = { browse: undefined, find: undefined, by: undefined };

preloadPanel("timeseries");

export default function Metrics() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { range, refreshNow } = useRange();
  const expressions = search.expr ?? NO_EXPRESSIONS;
  const [drafts, setDrafts] = useState(expressions.length > 0 ? expressions : [""]);
  useEffect(() => setDrafts(expressions.length > 0 ? expressions : [""]), [expressions]);
  usePageTitle(expressions[0] ? `${expressions[0].slice(0, 60)} · Metrics` : "Metrics");

  const view = search.view ?? "chart";
  const off = parseOff(search.off);
  const autoMs = stepFor(range, POINTS);
  // The server returns at most 11,000 points of a series.
  const stepMs = Math.max(
    search.step ? (parseDuration(search.step) ?? autoMs) : autoMs,
    (range.toMs - range.fromMs) / 11_000,
  );
  const change = (part: Partial<MetricsSearch>, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace });
  const run = (given: string[]) => {
    const kept = given.filter((expression, index) => expression.trim() !== "" || index === 0);
    if (kept.join("\n") === expressions.join("\n")) refreshNow();
    else change({ expr: kept.some((expression) => expression.trim() !== "") ? kept : undefined });
  };
  const sources = useMetricSources(range);
  const exemplars = search.exemplars !== "off";
  const queries = useAnswers({ expressions, off, range, stepMs, view, exemplars });
  const empty = expressions.every((expression) => expression.trim() === "");
  const values = useValues(search, drafts);
  const pick = (expression: string) => {
    const filled = drafts.filter((draft) => draft.trim() !== "");
    const only = filled.length <= 1 && (empty || view === "table");
    change({ expr: only ? [expression] : [...filled, expression], view: undefined, ...CLOSED });
  };

  return (
    <div className={classes.page}>
      <QueryRows
        drafts={drafts}
        off={off}
        queries={queries}
        sources={sources}
        onChange={setDrafts}
        onRun={() => run(drafts)}
        onRemove={(index) => {
          const rest = drafts.filter((_, at) => at !== index);
          setDrafts(rest);
          change({ expr: rest.length > 0 ? rest : undefined, off: undefined });
        }}
        onToggle={(index) => {
          const letter = letterOf(index);
          const next = new Set(off);
          if (!next.delete(letter)) next.add(letter);
          change({ off: next.size > 0 ? [...next].join(",") : undefined });
        }}
      />
      <Tools
        search={search}
        drafts={drafts}
        autoStep={queryDuration(autoMs)}
        change={change}
        onRun={() => run(drafts)}
        onAdd={() => setDrafts([...drafts, ""])}
      />
      <Notices queries={queries} />
      {(search.browse || empty) && (
        <MetricBrowser
          search={search}
          change={change}
          onPick={pick}
          onClose={empty ? undefined : () => change(CLOSED)}
        />
      )}
      {!empty && (
        <QueryContext value={values}>
          <Result search={search} queries={queries} change={change} onPick={pick} />
        </QueryContext>
      )}
    </div>
  );
}

/** A value filters and groups the query that answers with it. */
function useValues(search: MetricsSearch, drafts: string[]): ValueContext {
  return useMemo(
    () => ({
      query: {
        language: "promql",
        changed: (edit, refId) => ({
          ...search,
          expr: drafts.map((draft, index) =>
            draft.trim() === "" || (refId && letterOf(index) !== refId) ? draft : edit(draft),
          ),
        }),
      },
    }),
    [search, drafts],
  );
}

interface ResultProps {
  search: MetricsSearch;
  queries: QueryState[];
  change: (part: Partial<MetricsSearch>, replace?: boolean) => void;
  onPick: (expression: string) => void;
}

function Result({ search, queries, change, onPick }: ResultProps) {
  const { range } = useRange();
  if (search.view === "table") {
    const onSort = (sort: string | undefined) => change({ sort }, true);
    return (
      <TableView queries={queries} atMs={range.toMs} sort={search.sort} onSort={onSort} onPick={onPick} />
    );
  }
  const onLegend = (legend: string | undefined) => change({ legend }, true);
  return <ChartView queries={queries} sort={search.legend} onSort={onLegend} />;
}

interface ToolsProps {
  search: MetricsSearch;
  drafts: string[];
  autoStep: string;
  change: (part: Partial<MetricsSearch>) => void;
  onRun: () => void;
  onAdd: () => void;
}

function Tools({ search, drafts, autoStep, change, onRun, onAdd }: ToolsProps) {
  const off = parseOff(search.off);
  const first = search.expr?.find(
    (expression, index) => expression.trim() !== "" && !off.has(letterOf(index)),
  );
  return (
    <div className={classes.tools}>
      <Button variant="filled" onClick={onRun} leftSection={<Icon name="play" size={11} />}>
        Run
      </Button>
      <Button onClick={onAdd} leftSection={<Icon name="plus" size={12} />} disabled={drafts.length >= 26}>
        Query
      </Button>
      <Button
        onClick={() => change(search.browse ? CLOSED : { browse: "on" })}
        leftSection={<Icon name="search" size={12} />}
        aria-expanded={search.browse !== undefined}
      >
        Metrics
      </Button>
      <QueryHistory
        language="promql"
        draft={drafts.findLast((draft) => draft.trim() !== "") ?? ""}
        ran={search.expr ?? NO_EXPRESSIONS}
        onRecall={(query) => change({ expr: [query], off: undefined, ...CLOSED })}
      />
      {first !== undefined && <AlertOnThis expr={first} language="promql" />}
      <div className={classes.right}>
        <Options search={search} view={search.view ?? "chart"} autoStep={autoStep} change={change} />
      </div>
    </div>
  );
}

interface OptionsProps {
  search: MetricsSearch;
  view: "chart" | "table";
  autoStep: string;
  change: (part: Partial<MetricsSearch>) => void;
}

function Options({ search, view, autoStep, change }: OptionsProps) {
  const steps = search.step && !STEPS.includes(search.step) ? [...STEPS, search.step] : STEPS;
  return (
    <>
      {view === "chart" && (
        <>
          <Switch
            label="Exemplars"
            checked={search.exemplars !== "off"}
            onChange={(event) => change({ exemplars: event.currentTarget.checked ? undefined : "off" })}
          />
          <Select
            aria-label="Step"
            w={138}
            value={search.step ?? "auto"}
            onChange={(value) => change({ step: value === "auto" || value === null ? undefined : value })}
            data={[
              { value: "auto", label: `Step auto (${autoStep})` },
              ...steps.map((step) => ({ value: step, label: `Step ${step}` })),
            ]}
            allowDeselect={false}
            comboboxProps={{ width: 160, position: "bottom-end" }}
          />
        </>
      )}
      <SegmentedControl
        aria-label="Result view"
        value={view}
        onChange={(value) => change({ view: value === "table" ? "table" : undefined })}
        data={[
          { value: "chart", label: "Chart" },
          { value: "table", label: "Table" },
        ]}
      />
    </>
  );
}

/** The state of the requests, then the warnings of all queries. */
function Notices({ queries }: { queries: QueryState[] }) {
  const messages = queries.flatMap(({ letter, frames = [] }) =>
    noticesOf(frames).map(({ text: message }) => ({ letter, message })),
  );
  const failed = queries.filter(({ error }) => error !== null && !(error instanceof DOMException));
  const behind = queries.filter(({ error, fetching, atMs }) => atMs > 0 && (fetching || error !== null));
  return (
    <div className={classes.notices}>
      <RequestState
        fetching={queries.some(({ fetching }) => fetching)}
        errors={failed.map(({ letter, error }) =>
          error instanceof ApiError && queries.length > 1 ? labelled(letter, error) : error,
        )}
        shownAtMs={behind.reduce((oldest, { atMs }) => (oldest === 0 ? atMs : Math.min(oldest, atMs)), 0)}
        cancel={() => {
          for (const one of queries) one.cancel();
        }}
        retry={() => {
          for (const one of queries) one.retry();
        }}
      />
      {messages.slice(0, 6).map(({ letter, message }) => (
        <Notice key={letter + message}>
          {queries.length > 1 ? `${letter}: ` : ""}
          {message}
        </Notice>
      ))}
    </div>
  );
}

function labelled(letter: string, error: ApiError): ApiError {
  return new ApiError(`${letter}: ${error.message}`, error.status, error.code);
}
