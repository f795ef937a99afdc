/** The editor of a panel: the panel with its data, its queries and transformations below, its options beside. */
import { Button, Tabs } from "@mantine/core";
import { useRef, useState } from "react";
import type { DashboardEntry } from "../../../api/generated";
import { EmptyState } from "../../../components/empty-state";
import { Icon } from "../../../components/icon";
import { Notice } from "../../../components/notice";
import { usePageTitle } from "../../../components/use-page-title";
import { valueAt, withValue } from "../../../dashboards/edit/json";
import { hasQueries, panelTypeTitle } from "../../../dashboards/edit/options";
import { queriesOf, transformationsOf, typeOf } from "../../../dashboards/edit/panel";
import { panelPath } from "../../../dashboards/edit/places";
import { titleText } from "../../../dashboards/scope";
import type { Frame } from "../../../data/frame";
import { useBoard } from "../board";
import { DashboardPanel } from "../dashboard-panel";
import type { FlowPanel } from "../layout";
import { SaveProblem, UnsavedActions } from "../unsaved";
import classes from "./panel-editor.module.css";
import { Queries } from "./queries";
import { Side } from "./side";
import { Transformations } from "./transformations";
import { type PanelEdit, usePanelEdit } from "./use-panel-edit";

interface Props {
  entry: DashboardEntry;
  shown: FlowPanel;
}

export default function PanelEditor({ entry, shown }: Props) {
  const { context, draft } = useBoard();
  const edit = usePanelEdit(shown.panel);
  const [frames, setFrames] = useState<Frame[]>([]);
  const model = context.dashboard.panels[shown.panel];
  const title = model ? titleText(model.title, { ...context, scoped: shown.scoped }) || "Panel" : "Panel";
  usePageTitle(`Edit ${title} · ${context.dashboard.title}`);
  if (!edit)
    return (
      <EmptyState title="The panel cannot be edited">It is not in the file of the dashboard.</EmptyState>
    );
  const { convertedFrom } = edit.panel;
  return (
    <div className={classes.editor}>
      <Bar entry={entry} shown={shown} title={title} />
      <SaveProblem entry={entry} draft={draft} />
      {convertedFrom !== null && (
        <Notice>
          The panel is of the older type "{convertedFrom}". An edit converts it to{" "}
          {panelTypeTitle(typeOf(edit.panel))}, as newer versions of Grafana do.
        </Notice>
      )}
      <div className={classes.main}>
        <div className={classes.left}>
          <div className={classes.preview}>
            <DashboardPanel id={shown.id} panel={shown.panel} scoped={shown.scoped} onFrames={setFrames} />
          </div>
          <Data edit={edit} />
        </div>
        <Side edit={edit} frames={frames} />
      </div>
    </div>
  );
}

function Bar({ entry, shown, title }: Props & { title: string }) {
  const { context, draft, edit } = useBoard();
  const key = shown.panel;
  // What the panel was when the editor opened.
  const opened = useRef(draft.json);
  const before = valueAt(opened.current, panelPath(opened.current, key) ?? []);
  const path = panelPath(draft.json, key);
  const changed = path !== null && valueAt(draft.json, path) !== before;
  const discard = () =>
    draft.change((json) => {
      const own = panelPath(json, key);
      return own ? withValue(json, own, before) : json;
    });
  return (
    <div className={classes.bar} role="group" aria-label="Editor of the panel">
      <Button leftSection={<Icon name="left" size={11} />} onClick={() => edit(null)} title="Apply (Esc)">
        {changed ? "Apply" : "Back"}
      </Button>
      <h2>
        <small>{context.dashboard.title} /</small> {title}
      </h2>
      <span className={classes.state} role="status">
        {changed ? "Changed" : ""}
      </span>
      <div className={classes.end}>
        <Button disabled={!changed} onClick={discard}>
          Discard
        </Button>
        <UnsavedActions entry={entry} draft={draft} />
      </div>
    </div>
  );
}

function Data({ edit }: { edit: PanelEdit }) {
  const { panel } = edit;
  const [tab, setTab] = useState<string | null>("queries");
  const [queries, transformations] = [queriesOf(panel).length, transformationsOf(panel).length];
  if (!hasQueries(typeOf(panel)))
    return <p className={classes.note}>This type of panel asks for no data. Its options are at the side.</p>;
  return (
    <Tabs value={tab} onChange={setTab} keepMounted={false} className={classes.tabs ?? ""}>
      <Tabs.List>
        <Tabs.Tab value="queries">Queries {queries > 0 && <small>{queries}</small>}</Tabs.Tab>
        <Tabs.Tab value="transformations">
          Transformations {transformations > 0 && <small>{transformations}</small>}
        </Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="queries">
        <Queries edit={edit} />
      </Tabs.Panel>
      <Tabs.Panel value="transformations">
        <Transformations edit={edit} />
      </Tabs.Panel>
    </Tabs>
  );
}
