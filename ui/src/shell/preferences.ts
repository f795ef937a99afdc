/** Preferences of the user, stored in the browser and not in the URL. */
import { useCallback, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
/** Used when the browser refuses storage. */
const memory = new Map<string, string>();

function read(key: string): string | null {
  try {
    return localStorage.getItem(`glasshouse.${key}`) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null;
  }
}

function writePreference(key: string, value: string): void {
  memory.set(key, value);
  try {
    localStorage.setItem(`glasshouse.${key}`, value);
  } catch {
    // The value is kept in memory.
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

/** A stored choice from a fixed set of values. */
export function usePreference<Word extends string>(
  key: string,
  words: readonly Word[],
  fallback: Word,
): [Word, (value: Word) => void] {
  const stored = useSyncExternalStore(subscribe, () => read(key));
  const set = useCallback((value: Word) => writePreference(key, value), [key]);
  return [words.find((word) => word === stored) ?? fallback, set];
}

/** A stored length in pixels. */
export function useLength(key: string, fallback: number): [number, (value: number) => void] {
  const stored = Number(useSyncExternalStore(subscribe, () => read(key)) ?? Number.NaN);
  const set = useCallback((value: number) => writePreference(key, String(Math.round(value))), [key]);
  return [Number.isFinite(stored) && stored > 0 ? stored : fallback, set];
}

/** A stored text. */
export function useStoredText(key: string): [string, (value: string) => void] {
  const stored = useSyncExternalStore(subscribe, () => read(key)) ?? "";
  const set = useCallback((value: string) => writePreference(key, value), [key]);
  return [stored, set];
}
