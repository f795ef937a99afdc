/** A dashboard with its controls, its variables and its panels. */
import { VisuallyHidden } from "@mantine/core";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useRef } from "react";
import type { DashboardEntry, DataSourceEntry } from "../../api/generated";
import { EmptyState } from "../../components/empty-state";
import { LoadingBar } from "../../components/loading-bar";
import { usePageTitle } from "../../components/use-page-title";
import { hasEditableLayout } from "../../dashboards/edit/rows";
import type { DashboardModel, VariableModel } from "../../dashboards/model";
import type { VariableStates } from "../../dashboards/scope";
import { givenIn, savedStates, searchOf } from "../../dashboards/variable-states";
import { SharedCrosshair } from "../../panels/crosshair";
import type { DashboardSearch } from "../../routes";
import { useRange } from "../../time/context";
import { AddPanel } from "./add-panel";
import { AnnotationSwitches } from "./annotation-switches";
import { type Board, BoardContext, type CurrentPanel, useBoard } from "./board";
import classes from "./board.module.css";
import { useBoardShortcuts, useChange } from "./board-shortcuts";
import { Controls } from "./controls";
import { DashboardPanel } from "./dashboard-panel";
import type { Draft } from "./draft";
import { allPanels, type FlowPanel, panelNamed } from "./layout";
import { LayoutView } from "./layout-view";
import { AnnotationsContext, useAnnotations } from "./use-annotations";
import { useVariables } from "./use-variables";
import variables from "./variables.module.css";
import { VariablesBar } from "./variables-bar";

const route = getRouteApi("/d/$uid");
const PanelEditor = lazy(() => import("./panel-editor/panel-editor"));
const Settings = lazy(() => import("./settings/settings"));
const LayoutBar = lazy(() => import("./layout-editor/layout-bar"));
const Unsaved = lazy(() => import("./unsaved"));
const InspectDialog = lazy(() => import("./inspect-dialog"));

interface Props {
  entry: DashboardEntry;
  draft: Draft;
  model: DashboardModel;
  dataSources: DataSourceEntry[];
}

export function BoardView(props: Props) {
  const { entry, model, dataSources } = props;
  const search = route.useSearch();
  const given = useStableGiven(search);
  const { states, fetching } = useVariables(model, dataSources, given);
  const saved = useMemo(() => savedStates(model, given), [model, given]);
  usePageTitle(model.title || entry.uid);
  return (
    <>
      <LoadingBar active={fetching} />
      <Shown {...props} states={states ?? saved} pending={states === undefined} />
    </>
  );
}

/** The values of variables in the URL, which is a new object after every change of it. */
function useStableGiven(search: object) {
  const key = JSON.stringify(givenIn(search as Record<string, unknown>));
  return useMemo(() => JSON.parse(key) as ReturnType<typeof givenIn>, [key]);
}

/** The parts of the settings, each with its own value of the URL. */
const SETTINGS: DashboardSearch["edit"][] = ["settings", "variables", "links", "annotations"];

interface ShownProps extends Props {
  states: VariableStates;
  pending: boolean;
}

function Shown({ entry, draft, model, dataSources, states, pending }: ShownProps) {
  const search = route.useSearch();
  const current = useRef<CurrentPanel | null>(null);
  const board = useShownBoard({ draft, model, dataSources, states, pending }, current);
  const { context } = board;
  const change = useChange();
  const { annotations: toggled = NONE } = search;
  const layers = useAnnotations(pending ? null : context, toggled);
  const kiosk = search.kiosk !== undefined;
  const panels = useMemo(() => allPanels(model.layout, context), [model, context]);
  const named = (name: string | undefined) => (name ? panelNamed(name, panels, model.panels) : undefined);
  const [viewed, edited, inspected] = [search.viewPanel, search.editPanel, search.inspect].map(named);
  const settings = SETTINGS.includes(search.edit);
  useBoardShortcuts(board, current, { kiosk, viewed, editing: edited !== undefined, settings });
  const openLink = useLinks();
  return (
    <BoardContext value={board}>
      <SharedCrosshair mode={model.crosshair}>
        <div className={classes.board} data-kiosk={kiosk} onClickCapture={openLink} onKeyDown={undefined}>
          {kiosk && (
            <VisuallyHidden>
              <h1>Dashboard</h1>
              <h2>{model.title || entry.uid}</h2>
            </VisuallyHidden>
          )}
          {!kiosk && !edited && !settings && <Head entry={entry} viewed={viewed} />}
          {!kiosk && !settings && (
            <div className={variables.bars}>
              <VariablesBar
                states={states}
                onChange={(variable: VariableModel, values) => change(searchOf(variable, values))}
              />
              <AnnotationSwitches
                layers={layers}
                onToggle={(name) => change({ annotations: toggle(toggled, name) }, true)}
              />
            </div>
          )}
          {settings ? (
            <Suspense fallback={<LoadingBar active />}>
              <Settings
                entry={entry}
                view={search.edit ?? "settings"}
                show={(edit) => change({ edit } as Partial<DashboardSearch>)}
              />
            </Suspense>
          ) : (
            <AnnotationsContext value={layers}>
              <Content entry={entry} viewed={viewed} edited={edited} empty={panels.length === 0} />
            </AnnotationsContext>
          )}
        </div>
      </SharedCrosshair>
      <Suspense fallback={null}>
        {inspected && (
          <InspectDialog
            shown={inspected}
            tab={search.inspectTab ?? "data"}
            onTab={(inspectTab) => change({ inspectTab }, true)}
            close={() => board.inspect(null)}
          />
        )}
      </Suspense>
    </BoardContext>
  );
}

/** The bars above the panels. */
function Head({ entry, viewed }: { entry: DashboardEntry; viewed: FlowPanel | undefined }) {
  const { draft, editing } = useBoard();
  const change = useChange();
  return (
    <>
      <Controls entry={entry} viewed={viewed} />
      <Suspense fallback={null}>
        {editing && !viewed && (
          <LayoutBar done={() => change({ edit: undefined } as Partial<DashboardSearch>)} />
        )}
        {draft.changed && <Unsaved entry={entry} draft={draft} />}
      </Suspense>
    </>
  );
}

interface ContentProps {
  entry: DashboardEntry;
  viewed: FlowPanel | undefined;
  edited: FlowPanel | undefined;
  empty: boolean;
}

/** The editor of a panel, a panel alone, or all of them. */
function Content({ entry, viewed, edited, empty }: ContentProps) {
  const { context, view, pending } = useBoard();
  const { viewPanel, editPanel } = route.useSearch();
  if (edited)
    return (
      <Suspense fallback={<LoadingBar active />}>
        <PanelEditor key={edited.panel} entry={entry} shown={edited} />
      </Suspense>
    );
  if (viewed)
    return (
      <div className={classes.viewed}>
        <DashboardPanel key={viewed.id} {...viewed} />
      </div>
    );
  if ((viewPanel || editPanel) && !pending)
    return <NoPanel name={viewPanel ?? editPanel ?? ""} back={() => view(null)} />;
  return (
    <>
      <LayoutView layout={context.dashboard.layout} />
      {empty && (
        <EmptyState title="The dashboard has no panels" actions={<AddPanel />}>
          Add a panel here, or edit the JSON, which the menu at the top right opens.
        </EmptyState>
      )}
    </>
  );
}

function NoPanel({ name, back }: { name: string; back: () => void }) {
  return (
    <EmptyState
      title="Panel not found"
      actions={
        <button type="button" className={classes.textButton} onClick={back}>
          Show all panels
        </button>
      }
    >
      The dashboard has no panel <code>{name}</code> for the chosen variables.
    </EmptyState>
  );
}

type Source = Pick<ShownProps, "draft" | "model" | "dataSources" | "states" | "pending">;

function useShownBoard(
  { draft, model, dataSources, states, pending }: Source,
  current: React.RefObject<CurrentPanel | null>,
): Board {
  const { raw, range, nowMs, calendar } = useRange();
  const search = route.useSearch();
  const change = useChange();
  const context = useMemo(
    () => ({ dashboard: model, variables: states, scoped: {}, raw, range, dataSources, nowMs, calendar }),
    [model, states, raw, range, dataSources, nowMs, calendar],
  );
  const { rows = NONE, dtab = NONE } = search;
  const editing = search.edit === "layout" && hasEditableLayout(draft.json);
  return useMemo((): Board => {
    return {
      context,
      pending,
      draft,
      editing,
      toggled: new Set(rows),
      toggleRow: (key) => change({ rows: toggle(rows, key) }, true),
      tabs: dtab,
      openTab: (key, path) => change({ dtab: [...dtab.filter((one) => !isBeside(one, path)), key] }, true),
      view: (id) => change({ viewPanel: id ?? undefined, editPanel: undefined } as Partial<DashboardSearch>),
      edit: (id) =>
        change({
          editPanel: id ?? undefined,
          viewPanel: undefined,
          inspect: undefined,
        } as Partial<DashboardSearch>),
      inspect: (id) =>
        change({ inspect: id ?? undefined, inspectTab: undefined } as Partial<DashboardSearch>),
      setCurrent: (panel) => {
        current.current = panel;
      },
    };
  }, [context, pending, draft, editing, rows, dtab, change, current]);
}

const NONE: string[] = [];

/** With a key or without it; an empty list is not in the URL. */
function toggle(keys: string[], key: string): string[] {
  const next = keys.includes(key) ? keys.filter((one) => one !== key) : [...keys, key];
  return (next.length > 0 ? next : undefined) as string[];
}

/** Whether the key is of a tab of the part at the path, and not of one within. */
function isBeside(key: string, path: string): boolean {
  return key.startsWith(path) && !key.slice(path.length).includes(".");
}

/** A link of data to another view opens it without loading the page again. */
function useLinks() {
  const router = useRouter();
  return (event: React.MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    const address = link?.getAttribute("href") ?? "";
    if (!link || link.hasAttribute("target") || !/^\/(?![/\\])/.test(address)) return;
    event.preventDefault();
    router.history.push(address);
  };
}
