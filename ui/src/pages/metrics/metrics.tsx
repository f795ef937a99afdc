/** Explore metrics: PromQL queries A, B, …, as a chart with a legend or as an instant table. */
import { Button, SegmentedControl, Select, Switch } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { ApiError } from "../../api/http";
import { ErrorMessage } from "../../components/error-message";
import { Icon } from "../../components/icon";
import { LoadingBar } from "../../components/loading-bar";
import { Notice } from "../../components/notice";
import { usePageTitle } from "../../components/use-page-title";
import type { MetricsSearch } from "../../routes";
import { useRange } from "../../time/context";
import { parseDuration, queryDuration } from "../../time/duration";
import { stepFor } from "../../time/range";
import { ChartView } from "./chart-view";
import { MetricBrowser } from "./metric-browser";
import classes from "./metrics.module.css";
import { letterOf, parseOff } from "./model";
import { QueryRows } from "./query-rows";
import { TableView } from "./table-view";
import { type QueryState, useAnswers } from "./use-answers";
import { useSources } from "./use-sources";

const route = getRouteApi("/explore/metrics");
const POINTS = 320;
const STEPS = ["5s", "15s", "30s", "1m", "5m", "15m", "1h"];
const NO_EXPRESSIONS: string[] = [];

export default function Metrics() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { range, refreshNow } = useRange();
  const expressions = search.expr ?? NO_EXPRESSIONS;
  const [drafts, setDrafts] = useState(expressions.length > 0 ? expressions : [""]);
  const [browsing, setBrowsing] = useState(false);
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
  const change = (part: Partial<MetricsSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...part }) });
  const run = (given: string[]) => {
    const kept = given.filter((expression, index) => expression.trim() !== "" || index === 0);
    if (kept.join("\n") === expressions.join("\n")) refreshNow();
    else change({ expr: kept.some((expression) => expression.trim() !== "") ? kept : undefined });
  };
  const sources = useSources(range);
  const queries = useAnswers({ expressions, off, range, stepMs, view });
  const empty = expressions.every((expression) => expression.trim() === "");
  const pick = (expression: string) => {
    setBrowsing(false);
    const filled = drafts.filter((draft) => draft.trim() !== "");
    const only = filled.length <= 1 && (empty || view === "table");
    change({ expr: only ? [expression] : [...filled, expression], view: undefined });
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
      <div className={classes.tools}>
        <Button variant="filled" onClick={() => run(drafts)} leftSection={<Icon name="play" size={11} />}>
          Run
        </Button>
        <Button
          onClick={() => setDrafts([...drafts, ""])}
          leftSection={<Icon name="plus" size={12} />}
          disabled={drafts.length >= 26}
        >
          Query
        </Button>
        <Button
          onClick={() => setBrowsing(!browsing)}
          leftSection={<Icon name="search" size={12} />}
          aria-expanded={browsing}
        >
          Metrics
        </Button>
        <div className={classes.right}>
          <Options search={search} view={view} autoStep={queryDuration(autoMs)} change={change} />
        </div>
      </div>
      <LoadingBar active={queries.some((one) => one.fetching)} />
      <Notices queries={queries} />
      {(browsing || empty) && <MetricBrowser onPick={pick} />}
      {!empty && view === "chart" && (
        <ChartView queries={queries} range={range} stepMs={stepMs} exemplars={search.exemplars !== "off"} />
      )}
      {!empty && view === "table" && <TableView queries={queries} atMs={range.toMs} onPick={pick} />}
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

/** The errors, then the warnings of all queries. */
function Notices({ queries }: { queries: QueryState[] }) {
  const messages = queries.flatMap(({ letter, answer }) =>
    [...(answer?.warnings ?? []), ...(answer?.infos ?? [])].map((message) => ({ letter, message })),
  );
  const failed = queries.filter(({ error }) => error !== null && !(error instanceof DOMException));
  if (messages.length + failed.length === 0) return null;
  return (
    <div className={classes.notices}>
      {failed.map(({ letter, error }) => (
        <ErrorMessage
          key={letter}
          error={error instanceof ApiError && queries.length > 1 ? labelled(letter, error) : error}
        />
      ))}
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
