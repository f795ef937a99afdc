/** Explore SQL: the tables, the query, its result, and the details of a row. */
import { Button, Tooltip } from "@mantine/core";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import type { JsonValue } from "../../api/generated";
import { positionIn } from "../../api/http";
import { querySql, type SqlResult, sqlTables } from "../../api/sql";
import { CopyButton } from "../../components/copy-button";
import { EmptyState } from "../../components/empty-state";
import { Icon } from "../../components/icon";
import { Notice } from "../../components/notice";
import { Panel } from "../../components/panel";
import { RequestState } from "../../components/request-state";
import { usePageTitle } from "../../components/use-page-title";
import { useLastGood } from "../../data/last-good";
import { sqlFrame } from "../../data/sources/sql";
import { followsRange, interpolate, writtenPosition } from "../../data/sources/sql-macros";
import type { CompletionSources } from "../../editor/completions";
import { QueryEditor } from "../../editor/query-editor";
import { QueryHistory } from "../../editor/query-history";
import { formatItems } from "../../format/number";
import { PanelView } from "../../panels/panel-view";
import { preloadPanel } from "../../panels/registry";
import { useRange } from "../../time/context";
import { formatDuration } from "../../time/duration";
import { QueryContext, type ValueContext } from "../../values/query-context";
import { Examples } from "./examples";
import { insertAtCursor } from "./insert";
import { RecordPanel } from "./record-panel";
import { SchemaPanel } from "./schema-panel";
import classes from "./sql.module.css";
import { withTimeFilter } from "./time-filter";
import { toCsv, toJson } from "./values";

const route = getRouteApi("/explore/sql");
const SOURCES: CompletionSources = { tables: () => sqlTables() };

preloadPanel("table");

export default function Sql() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { range, nowMs, refreshNow } = useRange();
  const query = search.query;
  const [draft, setDraft] = useState(query ?? "");
  useEffect(() => setDraft(query ?? ""), [query]);
  usePageTitle(query ? `${query.slice(0, 60)} · SQL` : "SQL");
  const editor = useRef<HTMLDivElement>(null);
  const client = useQueryClient();
  const queryKey = ["sql", interpolate(query ?? "", range), nowMs];
  const answer = useQuery({
    queryKey,
    queryFn: ({ signal }) => querySql(interpolate(query ?? "", range), signal),
    enabled: query !== undefined,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const good = useLastGood(query, answer);
  const start = (text: string) => {
    const wanted = text.trim() === "" ? undefined : text;
    if (wanted === query) refreshNow();
    else void navigate({ search: (before) => ({ ...before, query: wanted }) });
  };
  const filtered = withTimeFilter(draft);
  const errorPosition = positionIn(answer.error);
  const values = useMemo(
    (): ValueContext => ({
      query: { language: "sql", changed: (edit) => ({ ...search, query: edit(query ?? "") }) },
    }),
    [search, query],
  );
  const insert = (text: string) => void (editor.current && insertAtCursor(editor.current, text));
  return (
    <div className={classes.page}>
      <SchemaPanel onInsert={insert} onOpen={start} />
      <div className={classes.main}>
        <div ref={editor}>
          <QueryEditor
            language="sql"
            label="SQL query"
            group="SQL"
            placeholder="SELECT service_name, count(*) FROM spans GROUP BY service_name"
            value={draft}
            rows={4}
            errorPosition={
              draft === query && errorPosition ? writtenPosition(query, errorPosition, range) : null
            }
            sources={SOURCES}
            onChange={setDraft}
            onRun={() => start(draft)}
          />
        </div>
        <div className={classes.tools}>
          <Button variant="filled" onClick={() => start(draft)} leftSection={<Icon name="play" size={11} />}>
            Run
          </Button>
          <Tooltip label="Add the condition $__timeFilter, which is the time range of the page">
            <Button disabled={filtered === null} onClick={() => setDraft(filtered ?? draft)}>
              Insert time filter
            </Button>
          </Tooltip>
          <QueryHistory
            language="sql"
            draft={draft}
            ran={query === undefined ? [] : [query]}
            onRecall={start}
          />
          {query !== undefined && !followsRange(query) && (
            <span className={classes.status}>
              The time range does not apply: the query has no time filter
            </span>
          )}
          {query !== undefined && good && <ResultSummary answer={good.data} />}
        </div>
        <RequestState
          fetching={answer.isFetching}
          errors={[answer.error]}
          shownAtMs={good?.atMs ?? 0}
          cancel={() => void client.cancelQueries({ queryKey })}
          retry={() => void answer.refetch()}
        />
        {query !== undefined && needsCast(query, answer.error) && (
          <Notice>
            The values of attributes are text. Cast one to use it as a number:{" "}
            <code>sum(CAST(attributes['gen_ai.usage.cost'] AS DOUBLE))</code>
          </Notice>
        )}
        {query === undefined && <Examples onPick={start} />}
        {query !== undefined && good && (
          <QueryContext value={values}>
            <Result key={query} answer={good.data} />
          </QueryContext>
        )}
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
  // The values and not the place of the row: it stays open when a refresh moves it, or no longer has it.
  const [record, setRecord] = useState<JsonValue[] | null>(null);
  const selected = useMemo(
    () => (record === null ? -1 : answer.rows.findIndex((row) => isSame(row, record))),
    [answer, record],
  );
  const select = (row: number | null) => setRecord(row === null ? null : (answer.rows[row] ?? null));
  const frames = useMemo(() => [sqlFrame(answer)], [answer]);
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
        <div className={classes.result} data-open={record !== null}>
          {answer.rows.length === 0 ? (
            <EmptyState title="No rows">
              No row matches the query. Remove a condition, or widen its time range. Columns:{" "}
              {answer.columns.map((column) => column.name).join(", ")}.
            </EmptyState>
          ) : (
            <PanelView
              type="table"
              frames={frames}
              options={{ stretch: false }}
              actions={{ selection: { row: selected < 0 ? null : selected, select } }}
            />
          )}
          {record && <RecordPanel columns={answer.columns} row={record} close={() => setRecord(null)} />}
        </div>
      </Panel>
    </>
  );
}

function isSame(left: JsonValue[], right: JsonValue[]): boolean {
  return left.every((value, index) => {
    const other = right[index] ?? null;
    return value === other || (typeof value === "object" && JSON.stringify(value) === JSON.stringify(other));
  });
}

/** DataFusion names neither the attribute nor a way out when a function of numbers gets text. */
function needsCast(query: string, error: unknown): boolean {
  return (
    error instanceof Error && /signature|coerce/i.test(error.message) && /attributes["']?\s*\[/i.test(query)
  );
}
