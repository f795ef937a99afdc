/** The panels of a dashboard in their layout: a grid, rows, tabs, or a grid that finds the places itself. */
import { Tabs } from "@mantine/core";
import { type CSSProperties, lazy, Suspense } from "react";
import { Icon } from "../../components/icon";
import type { Layout, RowModel, TabModel } from "../../dashboards/model";
import { titleText } from "../../dashboards/scope";
import { useBoard } from "./board";
import classes from "./board.module.css";
import { DashboardPanel } from "./dashboard-panel";
import { flowPanels, gridPanels, type Part, type Place, partsOf, placeIn, TOP } from "./layout";

const EditedGrid = lazy(() => import("./layout-editor/edited-grid"));
const RowTools = lazy(() => import("./layout-editor/row-tools"));

interface Props<Kind extends Layout["kind"] = Layout["kind"]> {
  layout: Extract<Layout, { kind: Kind }>;
  place?: Place;
}

export function LayoutView({ layout, place = TOP }: Props) {
  const { editing } = useBoard();
  switch (layout.kind) {
    case "grid":
      return editing ? <EditedGrid layout={layout} /> : <Grid layout={layout} place={place} />;
    case "auto-grid":
      return <AutoGrid layout={layout} place={place} />;
    case "rows":
      return <Rows layout={layout} place={place} />;
    case "tabs":
      return <TabsView layout={layout} place={place} />;
  }
}

function Grid({ layout, place = TOP }: Props<"grid">) {
  const { context } = useBoard();
  return (
    <div className={classes.grid}>
      {gridPanels(layout, place, context).map(({ id, panel, scoped, x, y, width, height }) => {
        const cell = { "--x": x + 1, "--y": y + 1, "--width": width, "--height": height } as CSSProperties;
        return (
          <div key={id} className={classes.cell} style={cell}>
            <DashboardPanel id={id} panel={panel} scoped={scoped} />
          </div>
        );
      })}
    </div>
  );
}

function AutoGrid({ layout, place = TOP }: Props<"auto-grid">) {
  const { context } = useBoard();
  const { columnsMax, columnWidth, rowHeight } = layout;
  const sizes = {
    "--columns": columnsMax,
    "--column": `${columnWidth}px`,
    "--row": `${rowHeight}px`,
  } as CSSProperties;
  return (
    <div className={classes.flow} style={sizes}>
      {flowPanels(layout, place, context).map(({ id, panel, scoped }) => (
        <DashboardPanel key={id} id={id} panel={panel} scoped={scoped} />
      ))}
    </div>
  );
}

function Rows({ layout, place = TOP }: Props<"rows">) {
  const { context } = useBoard();
  return (
    <div className={classes.rows}>
      {partsOf(layout.rows, place, context).map((part) => (
        <Row key={part.key} part={part} index={layout.rows.indexOf(part.model)} />
      ))}
    </div>
  );
}

function Row({ part, index }: { part: Part<RowModel>; index: number }) {
  const { context, editing, toggled, toggleRow } = useBoard();
  const { key, model, scoped } = part;
  if (model.hideHeader) return <LayoutView layout={model.layout} place={placeIn(part)} />;
  const collapsed = model.collapsed !== toggled.has(key);
  const title = titleText(model.title, { ...context, scoped }) || "Row";
  const count = countOf(model.layout);
  return (
    <div role="group" aria-label={title}>
      <h3 className={classes.row}>
        <button type="button" aria-expanded={!collapsed} onClick={() => toggleRow(key)}>
          <Icon name={collapsed ? "right" : "down"} size={12} />
          {title}
          {collapsed && count > 0 && (
            <small>
              {count} {count === 1 ? "panel" : "panels"}
            </small>
          )}
        </button>
        {editing && (
          <Suspense fallback={null}>
            <RowTools index={index} title={title} />
          </Suspense>
        )}
      </h3>
      {!collapsed && <LayoutView layout={model.layout} place={placeIn(part)} />}
    </div>
  );
}

function countOf(layout: Layout): number {
  if (layout.kind === "rows") return layout.rows.reduce((sum, row) => sum + countOf(row.layout), 0);
  if (layout.kind === "tabs") return layout.tabs.reduce((sum, tab) => sum + countOf(tab.layout), 0);
  return layout.items.length;
}

function TabsView({ layout, place = TOP }: Props<"tabs">) {
  const { context, tabs, openTab } = useBoard();
  const parts = partsOf(layout.tabs, place, context);
  const titleOf = ({ model, scoped }: Part<TabModel>) =>
    titleText(model.title, { ...context, scoped }) || "Tab";
  // A tab is named by its place, as titles may be the same or have variables.
  const open = parts.find(({ key }) => tabs.includes(key)) ?? parts[0];
  if (!open) return null;
  return (
    <Tabs
      value={open.key}
      onChange={(key) => key && openTab(key, place.path)}
      keepMounted={false}
      className={classes.tabs}
    >
      <Tabs.List>
        {parts.map((part) => (
          <Tabs.Tab key={part.key} value={part.key}>
            {titleOf(part)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {parts.map((part) => (
        <Tabs.Panel key={part.key} value={part.key}>
          <LayoutView layout={part.model.layout} place={placeIn(part)} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
