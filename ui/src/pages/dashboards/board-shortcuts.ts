/** The keyboard shortcuts of a dashboard, and the changes of its URL. */
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import type { DashboardSearch } from "../../routes";
import { useShortcuts } from "../../shell/keyboard";
import type { Board, CurrentPanel } from "./board";
import { textOf } from "./draft";
import type { FlowPanel } from "./layout";

const route = getRouteApi("/d/$uid");

export type Change = (part: Partial<DashboardSearch>, replace?: boolean) => void;

/** Changes parameters of the URL of a dashboard. */
export function useChange(): Change {
  const navigate = route.useNavigate();
  return useMemo(
    () =>
      (part, replace = false) =>
        void navigate({ search: (before) => ({ ...before, ...part }) as never, replace, resetScroll: false }),
    [navigate],
  );
}

interface ShortcutState {
  kiosk: boolean;
  viewed: FlowPanel | undefined;
  /** Whether a panel is edited. */
  editing: boolean;
  /** Whether the settings are shown. */
  settings: boolean;
}

/** The shortcuts of a shown dashboard. */
export function useBoardShortcuts(
  board: Board,
  current: React.RefObject<CurrentPanel | null>,
  { kiosk, viewed, editing, settings }: ShortcutState,
): void {
  const change = useChange();
  const group = "Dashboard";
  const save = () => {
    const { changed, json, save } = board.draft;
    if (changed && !save.saving) save.start(textOf(json));
  };
  const leave = () => {
    if (editing) board.edit(null);
    else if (board.editing || settings) change({ edit: undefined } as Partial<DashboardSearch>);
    else if (viewed) board.view(null);
    else if (kiosk) change({ kiosk: undefined } as unknown as Partial<DashboardSearch>);
  };
  useShortcuts([
    {
      keys: "v",
      label: "Show the panel under the pointer in the whole view, or all panels again",
      group,
      run: () => board.view(viewed ? null : (current.current?.id ?? null)),
    },
    {
      keys: "e",
      label: "Edit the panel",
      group,
      run: () => board.edit(current.current?.id ?? viewed?.id ?? null),
    },
    { keys: "mod+s", label: "Save the dashboard", group, run: save },
    { keys: "mod+z", label: "Undo the last change", group, run: board.draft.undo },
    { keys: "mod+y", label: "Redo it", group, run: board.draft.redo },
    {
      keys: "i",
      label: "Inspect the panel",
      group,
      run: () => board.inspect(current.current?.id ?? viewed?.id ?? null),
    },
    { keys: "x", label: "Explore the data of the panel", group, run: () => current.current?.explore() },
    { keys: "Escape", label: "Back to all panels", group, run: leave },
    {
      keys: "d k",
      label: "Show or hide navigation and controls",
      group,
      run: () => change({ kiosk: kiosk ? undefined : "1" } as Partial<DashboardSearch>),
    },
    {
      keys: "d e",
      label: "Edit the layout",
      group,
      run: () => change({ edit: "layout" } as Partial<DashboardSearch>),
    },
    {
      keys: "d s",
      label: "Settings of the dashboard",
      group,
      run: () => change({ edit: "settings" } as Partial<DashboardSearch>),
    },
    {
      keys: "d j",
      label: "Edit the JSON",
      group,
      run: () => change({ edit: "json" } as Partial<DashboardSearch>),
    },
  ]);
}
