/** The bar above a dashboard: where it is, its links, what is wrong with it, and its menu. */
import { ActionIcon, Button, Menu, Popover, Tooltip } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useState } from "react";
import type { DashboardEntry } from "../../api/generated";
import { copyText } from "../../components/copy-text";
import { Icon } from "../../components/icon";
import { incompatibilities } from "../../dashboards/compatibility";
import { hasEditableLayout } from "../../dashboards/edit/rows";
import { titleText } from "../../dashboards/scope";
import { panelOf } from "../../panels/registry";
import { useBoard } from "./board";
import classes from "./board.module.css";
import { DashboardLinks } from "./dashboard-links";
import { download } from "./download";
import { textOf } from "./draft";
import { IncompatibilityList } from "./incompatibility-list";
import type { FlowPanel } from "./layout";
import { StarButton } from "./star-button";

const route = getRouteApi("/d/$uid");

interface Props {
  entry: DashboardEntry;
  viewed: FlowPanel | undefined;
}

export function Controls({ entry, viewed }: Props) {
  const { context, view } = useBoard();
  const { dashboard } = context;
  const title = dashboard.title || entry.uid;
  return (
    <div className={classes.controls}>
      <nav className={classes.crumbs} aria-label="Breadcrumb">
        <Link to="/dashboards">Dashboards</Link>
        {entry.folder !== "" && <span>{entry.folder}</span>}
      </nav>
      <h2 title={entry.file}>{title}</h2>
      <StarButton uid={entry.uid} title={title} />
      {dashboard.description !== "" && (
        <Tooltip label={titleText(dashboard.description, context)} multiline maw={420}>
          <span className={classes.info} role="img" aria-label={titleText(dashboard.description, context)}>
            <Icon name="info" size={13} />
          </span>
        </Tooltip>
      )}
      <Problems />
      {viewed && (
        <button type="button" className={classes.textButton} onClick={() => view(null)}>
          <Icon name="left" size={12} /> All panels <kbd>Esc</kbd>
        </button>
      )}
      <div className={classes.controlsEnd}>
        <DashboardLinks links={dashboard.links} />
        {!viewed && <EditLayout />}
        <DashboardMenu entry={entry} />
      </div>
    </div>
  );
}

/** What is not shown as in Grafana. */
function Problems() {
  const { context } = useBoard();
  const { dashboard, variables } = context;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the time range changes no problem
  const problems = useMemo(
    () => incompatibilities({ ...context, widthPx: 0 }, (type) => panelOf(type) !== undefined),
    [dashboard, variables],
  );
  if (problems.length === 0) return null;
  return (
    <Popover position="bottom-start" withinPortal>
      <Popover.Target>
        <button type="button" className={`${classes.textButton} ${classes.wrong}`}>
          <Icon name="warning" size={13} />
          {problems.length === 1 ? "1 problem" : `${problems.length} problems`}
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <IncompatibilityList problems={problems} />
      </Popover.Dropdown>
    </Popover>
  );
}

function EditLayout() {
  const { draft, editing } = useBoard();
  const navigate = route.useNavigate();
  if (!hasEditableLayout(draft.json)) return null;
  const edit = editing ? undefined : "layout";
  return (
    <Button
      aria-pressed={editing}
      title="Edit the layout (d e)"
      onClick={() => void navigate({ search: (before) => ({ ...before, edit }) as never })}
    >
      Edit
    </Button>
  );
}

const ShareDialog = lazy(() => import("./share-dialog"));
const SaveAsDialog = lazy(() => import("./save-as-dialog"));

function DashboardMenu({ entry }: { entry: DashboardEntry }) {
  const { draft } = useBoard();
  const [open, setOpen] = useState<"share" | "copy" | null>(null);
  const navigate = route.useNavigate();
  const change = (part: object) => void navigate({ search: (before) => ({ ...before, ...part }) as never });
  const text = () => textOf(draft.json);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label="Menu of the dashboard">
            <Icon name="more" size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setOpen("share")}>Share…</Menu.Item>
          <Menu.Item rightSection={<kbd>d s</kbd>} onClick={() => change({ edit: "settings" })}>
            Settings
          </Menu.Item>
          <Menu.Item rightSection={<kbd>d j</kbd>} onClick={() => change({ edit: "json" })}>
            Edit the JSON
          </Menu.Item>
          <Menu.Item onClick={() => change({ edit: "history" })}>History</Menu.Item>
          <Menu.Item onClick={() => setOpen("copy")}>Save as…</Menu.Item>
          <Menu.Item onClick={() => download(`${entry.uid}.json`, text())}>Export the JSON</Menu.Item>
          <Menu.Item onClick={() => void copyText(text())}>Copy the JSON</Menu.Item>
          <Menu.Item rightSection={<kbd>d k</kbd>} onClick={() => change({ kiosk: "1" })}>
            Hide navigation and controls
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense fallback={null}>
        {open === "share" && <ShareDialog panel={null} close={() => setOpen(null)} />}
        {open === "copy" && (
          <SaveAsDialog
            text={text()}
            title={`${entry.title} (copy)`}
            close={() => setOpen(null)}
            onSaved={draft.discard}
          />
        )}
      </Suspense>
    </>
  );
}
