/** What is behind a panel: its data as a table, its queries as they were sent, and its JSON. */
import { Modal, Tabs } from "@mantine/core";
import { useMemo } from "react";
import { record } from "../../api/decode";
import { CodeBlock } from "../../components/code-block";
import { CopyButton } from "../../components/copy-button";
import { EmptyState } from "../../components/empty-state";
import { ErrorMessage } from "../../components/error-message";
import { titleText } from "../../dashboards/scope";
import type { QueryRequest } from "../../dashboards/source-requests";
import type { Frame } from "../../data/frame";
import { formatItems } from "../../format/number";
import { PanelView } from "../../panels/panel-view";
import type { DashboardSearch } from "../../routes";
import { queryDuration } from "../../time/duration";
import { formatSpan } from "../../time/format";
import { useBoard } from "./board";
import classes from "./board.module.css";
import { framesCsv } from "./csv";
import type { FlowPanel } from "./layout";
import { panelJson } from "./panel-json";
import { type PanelData, usePanelData } from "./use-panel-data";

type Tab = NonNullable<DashboardSearch["inspectTab"]>;

interface Props {
  shown: FlowPanel;
  tab: Tab;
  onTab: (tab: Tab) => void;
  close: () => void;
}

/** As wide as a usual panel: the step of the queries depends on it. */
const WIDTH_PX = 1_000;

export default function InspectDialog({ shown, tab, onTab, close }: Props) {
  const { context, draft } = useBoard();
  const panel = context.dashboard.panels[shown.panel];
  const own = useMemo(
    () => ({ ...context, scoped: shown.scoped, widthPx: WIDTH_PX }),
    [context, shown.scoped],
  );
  if (!panel) return null;
  const title = titleText(panel.title, own) || "Panel";
  return (
    <Modal opened onClose={close} title={`Inspect: ${title}`} size="min(1100px, 94vw)">
      <Tabs value={tab} onChange={(next) => onTab(next as Tab)} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="data">Data</Tabs.Tab>
          <Tabs.Tab value="query">Query</Tabs.Tab>
          <Tabs.Tab value="json">JSON</Tabs.Tab>
        </Tabs.List>
        <Inspected panel={panel} context={own} json={draft.json} />
      </Tabs>
    </Modal>
  );
}

function Inspected({ panel, context, json }: InspectedProps) {
  const data = usePanelData(panel, context);
  const text = useMemo(() => JSON.stringify(panelJson(json, panel) ?? panel, null, 2), [json, panel]);
  return (
    <div className={classes.inspect}>
      <Tabs.Panel value="data">
        <Data data={data} />
      </Tabs.Panel>
      <Tabs.Panel value="query">
        <Queries data={data} />
      </Tabs.Panel>
      <Tabs.Panel value="json">
        <CodeBlock text={text} />
      </Tabs.Panel>
    </div>
  );
}

interface InspectedProps {
  panel: Parameters<typeof usePanelData>[0];
  context: NonNullable<Parameters<typeof usePanelData>[1]>;
  json: unknown;
}

function Data({ data }: { data: PanelData }) {
  const { frames, errors, fetching, retry } = data;
  const rows = frames.reduce((sum, { length }) => sum + length, 0);
  return (
    <>
      {errors.map((error, index) => (
        <ErrorMessage key={index} error={error} retry={retry} />
      ))}
      {rows === 0 && !fetching && errors.length === 0 && (
        <EmptyState title="No data">
          The queries return nothing in this time range. See them under Query, or select a longer range.
        </EmptyState>
      )}
      {rows > 0 && (
        <>
          <p className={classes.summary}>
            {formatItems(rows, "row")} in {formatItems(frames.length, "answer")}
            <span className={classes.csv}>
              CSV
              <CopyButton label="Copy all rows as CSV" text={() => framesCsv(frames)} />
            </span>
          </p>
          <PanelView
            type="table"
            frames={withoutCells(frames)}
            options={{ label: "Data of the panel" }}
            height={420}
          />
        </>
      )}
    </>
  );
}

/** The cells show the values themselves, and not as gauges or links. */
function withoutCells(frames: Frame[]): Frame[] {
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const { custom: _custom, links: _links, ...config } = field.config;
      return { ...field, config };
    }),
  }));
}

function Queries({ data: { asked, problems } }: { data: PanelData }) {
  const requests = asked?.requests ?? [];
  return (
    <>
      {problems.map((problem) => (
        <p key={problem} className={classes.summary}>
          {problem}
        </p>
      ))}
      {requests.length === 0 && problems.length === 0 && (
        <EmptyState title="No queries">The panel asks for no data.</EmptyState>
      )}
      {requests.map((request, index) => (
        <Query key={index} request={request} />
      ))}
    </>
  );
}

function Query({ request: { target } }: { request: QueryRequest }) {
  const { context } = useBoard();
  const { query, range, intervalMs } = target.request;
  const { expr, query: text, rawSql } = record(query);
  const written = [expr, text, rawSql].find((one) => typeof one === "string");
  const span = formatSpan(range.fromMs, range.toMs, context.calendar.zone);
  return (
    <section className={classes.query}>
      <p className={classes.summary}>
        <b>{target.refId}</b> {target.source.type} · {span}
        {intervalMs > 0 && ` · step ${queryDuration(intervalMs)}`}
      </p>
      <CodeBlock text={typeof written === "string" ? written : JSON.stringify(query, null, 2)} />
    </section>
  );
}
