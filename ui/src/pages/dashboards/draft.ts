/** The changes of a dashboard that are not saved yet. They stay while the page is open, also in other views. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Dashboard } from "../../api/generated";
import { type Save, useSave } from "./use-save";

export interface Draft {
  json: unknown;
  changed: boolean;
  /** Successive changes with the same key are undone together. */
  change: (edit: (json: unknown) => unknown, key?: string) => void;
  undo: () => void;
  redo: () => void;
  canUndo: boolean;
  canRedo: boolean;
  discard: () => void;
  save: Save;
}

interface State {
  /** The version of the file that was changed. */
  base: string;
  json: unknown;
  /** The key of the last change. */
  key: string | undefined;
  past: unknown[];
  future: unknown[];
}

const UNDO_MAX = 100;

/** The drafts of the page by the uids of the dashboards. A test has its own page. */
const drafts = new WeakMap<QueryClient, Map<string, State>>();

function draftsOf(client: QueryClient): Map<string, State> {
  const found = drafts.get(client) ?? new Map<string, State>();
  drafts.set(client, found);
  return found;
}

export function useDraft({ entry, dashboard }: Dashboard): Draft {
  const { uid, version } = entry;
  const stored = draftsOf(useQueryClient());
  // A text field that is typed in needs the change at once, and not with the next event.
  const [data, setData] = useState(() => stored.get(uid) ?? null);
  const current = () => stored.get(uid) ?? null;
  const set = (state: State | null) => {
    if (state) stored.set(uid, state);
    else stored.delete(uid);
    setData(state);
  };
  const save = useSave(uid, data?.base ?? version, (saved, text) => {
    const now = current();
    // What was changed while the save was on its way is still to be saved.
    if (now) set(textOf(now.json) === text ? null : { ...now, base: saved.version });
  });
  const changed = data !== null && data.json !== dashboard;
  useUnloadQuestion(changed);
  const latest = useRef({ current, set, dashboard, version });
  latest.current = { current, set, dashboard, version };
  const actions = useMemo(() => actionsOf(latest), []);
  return useMemo(
    () => ({
      json: data?.json ?? dashboard,
      changed,
      ...actions,
      canUndo: data !== null && data.past.length > 0,
      canRedo: data !== null && data.future.length > 0,
      save,
    }),
    [data, dashboard, changed, actions, save],
  );
}

interface Latest {
  current: () => State | null;
  set: (state: State | null) => void;
  dashboard: unknown;
  version: string;
}

type Actions = Pick<Draft, "change" | "undo" | "redo" | "discard">;

function actionsOf(latest: React.RefObject<Latest>): Actions {
  const state = (): State => {
    const { current, dashboard, version } = latest.current;
    return current() ?? { base: version, json: dashboard, key: undefined, past: [], future: [] };
  };
  const move = (from: "past" | "future", to: "past" | "future") => {
    const before = state();
    const json = before[from].at(-1);
    if (json === undefined) return;
    const rest = { [from]: before[from].slice(0, -1), [to]: [...before[to], before.json] };
    latest.current.set({ ...before, ...rest, json, key: undefined });
  };
  return {
    change: (edit, key) => {
      const before = state();
      const json = edit(before.json);
      if (json === before.json) return;
      const joined = key !== undefined && key === before.key;
      const past = joined ? before.past : [...before.past, before.json].slice(-UNDO_MAX);
      latest.current.set({ ...before, json, key, past, future: [] });
    },
    undo: () => move("past", "future"),
    redo: () => move("future", "past"),
    discard: () => latest.current.set(null),
  };
}

/** The text of the JSON, as it is saved. */
export function textOf(json: unknown): string {
  return JSON.stringify(json, null, 2);
}

function useUnloadQuestion(changed: boolean): void {
  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [changed]);
}
