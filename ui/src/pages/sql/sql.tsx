/** Explore SQL: the tables, the query, its result, and the details of a row. */
import { Button, Tooltip } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { positionIn } from "../../api/http";
import { querySql, type SqlResult, sqlTables } from "../../api/sql";
import { CopyButton } from "../../components/copy-button";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { Icon } from "../../components/icon";
import { LoadingBar } from "../../components/loading-bar";
import { Notice } from "../../components/notice";
import { Panel } from "../../components/panel";
import { usePageTitle } from "../../components/use-page-title";
import type { CompletionSources } from "../../editor/completions";
import { QueryEditor } from "../../editor/query-editor";
import { formatItems } from "../../format/number";
import { PanelView } from "../../panels/panel-view";
import { preloadPanel } from "../../panels/registry";
import { useRange } from "../../time/context";
import { formatDuration } from "../../time/duration";
import { Examples } from "./examples";
import { RecordPanel } from "./record-panel";
import { SchemaPanel } from "./schema-panel";
import classes from "./sql.module.css";
import { sqlFrame, toCsv, toJson, withTimeRange } from "./values";

const route = getRouteApi("/explore/sql");
const SOURCES: CompletionSources = { tables: () => sqlTables() };

preloadPanel("table");

export default function Sql() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { range } = useRange();
  const query = search.query;
  const [draft, setDraft] = useState(query ?? "");
  const [run, setRun] = useState(0);
  useEffect(() => setDraft(query ?? ""), [query]);
  usePageTitle(query ? `${query.slice(0, 60)} · SQL` : "SQL");
  const answer = useQuery({
    queryKey: ["sql", query, run],
    queryFn: ({ signal }) => querySql(query ?? "", signal),
    enabled: query !== undefined,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const start = (text: string) => {
    const wanted = text.trim() === "" ? undefined : text;
    if (wanted === query) setRun(run + 1);
    else void navigate({ search: (before) => ({ ...before, query: wanted }) });
  };
  const insert = (text: string) =>
    setDraft((before) => (before === "" ? text : `${before.trimEnd()} ${text}`));
  return (
    <div className={classes.page}>
      <SchemaPanel onInsert={insert} onOpen={start} />
      <div className={classes.main}>
        <QueryEditor
          language="sql"
          label="SQL query"
          placeholder="SELECT service_name, count(*) FROM spans GROUP BY service_name"
          value={draft}
          rows={4}
          errorPosition={draft === query ? positionIn(answer.error) : null}
          sources={SOURCES}
          onChange={setDraft}
          onRun={() => start(draft)}
        />
        <div className={classes.tools}>
          <Button variant="filled" onClick={() => start(draft)} leftSection={<Icon name="play" size={11} />}>
            Run
          </Button>
          <Tooltip label="Add the time range of the page as a condition">
            <Button onClick={() => setDraft(withTimeRange(draft, range.fromMs, range.toMs))}>
              Insert time range
            </Button>
          </Tooltip>
          {answer.data && !answer.error && <ResultSummary answer={answer.data} />}
        </div>
        <LoadingBar active={answer.isFetching} />
        {answer.error && <ErrorMessage error={answer.error} />}
        {query === undefined && <Examples onPick={start} />}
        {query !== undefined && answer.data && !answer.error && <Result answer={answer.data} />}
      </div>
    </div>
  );
}

/** Size and duration of the result, and buttons to copy it. */
function ResultSummary({ answer }: { answer: SqlResult }) {
  return (
    <>
      <span className={classes.status}>
        {formatItems(answer.rows.length, "row")} in {formatDuration(answer.elapsedMs)}
      </span>
      <CopyAs label="CSV" text={() => toCsv(answer)} />
      <CopyAs label="JSON" text={() => toJson(answer)} />
    </>
  );
}

function CopyAs({ label, text }: { label: string; text: () => string }) {
  return (
    <span style={{ display: "inline-flex", alignItems: "center" }}>
      {label}
      <CopyButton label={`Copy all rows as ${label}`} text={text} />
    </span>
  );
}

function Result({ answer }: { answer: SqlResult }) {
  const [selected, setSelected] = useState<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another answer has other rows
  useEffect(() => setSelected(null), [answer]);
  const frames = useMemo(() => [sqlFrame(answer)], [answer]);
  const record = selected === null ? undefined : answer.rows[selected];
  if (answer.columns.length === 0)
    return (
      <EmptyState title="The result has no columns">
        The statement returned no data. Run a query that selects columns.
      </EmptyState>
    );
  return (
    <>
      {answer.truncated && (
        <Notice>
          Showing only the first {answer.rows.length.toLocaleString("en")} rows, because the result exceeds
          the limit of the server. Add a condition, an aggregation or a <code>LIMIT</code>.
        </Notice>
      )}
      <Panel className={classes.result}>
        <div className={classes.result} data-open={record !== undefined}>
          {answer.rows.length === 0 ? (
            <EmptyState title="No rows">
              No row matches the query. Remove a condition, or widen its time range. Columns:{" "}
              {answer.columns.map((column) => column.name).join(", ")}.
            </EmptyState>
          ) : (
            <PanelView
              type="table"
              frames={frames}
              actions={{ selection: { row: selected, select: setSelected } }}
            />
          )}
          {record && <RecordPanel columns={answer.columns} row={record} close={() => setSelected(null)} />}
        </div>
      </Panel>
    </>
  );
}
