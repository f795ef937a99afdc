/** The dashboards that a person has starred, in the storage of the browser. */
import { useCallback, useSyncExternalStore } from "react";
import { list } from "../../api/decode";

const KEY = "glasshouse.starred-dashboards";
const listeners = new Set<() => void>();
/** Used when the browser refuses storage. */
let memory: string | null = null;

function read(): string {
  try {
    return localStorage.getItem(KEY) ?? memory ?? "[]";
  } catch {
    return memory ?? "[]";
  }
}

function uidsOf(stored: string): string[] {
  try {
    return list(JSON.parse(stored)).filter((uid): uid is string => typeof uid === "string");
  } catch {
    return [];
  }
}

function write(uids: string[]): void {
  memory = JSON.stringify(uids);
  try {
    localStorage.setItem(KEY, memory);
  } catch {
    // The stars are kept in memory.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

export function useStars(): { starred: Set<string>; toggle: (uid: string) => void } {
  const stored = useSyncExternalStore(subscribe, read);
  const toggle = useCallback((uid: string) => {
    const uids = uidsOf(read());
    write(uids.includes(uid) ? uids.filter((other) => other !== uid) : [...uids, uid]);
  }, []);
  return { starred: new Set(uidsOf(stored)), toggle };
}
