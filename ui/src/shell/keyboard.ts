/** Keyboard shortcuts, registered by the mounted components. Sequences such as `g l` work. */
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Shortcut {
  /** `g h`, `?`, `mod+k`, `ArrowDown`; the keys of a sequence are separated by spaces. */
  keys: string;
  label: string;
  group: string;
  run: (event: KeyboardEvent) => void;
}

interface Entry {
  current: Shortcut[];
}

const entries = new Set<Entry>();
const listeners = new Set<() => void>();
let listed: Shortcut[] = [];
let typed: string[] = [];
let typedAt = 0;
let byShortcut = false;

/** Whether the last input was a shortcut. What it opens leaves the keyboard to the next one. */
export function isByShortcut(): boolean {
  return byShortcut;
}

function onPointer(): void {
  byShortcut = false;
}

const SEQUENCE_PAUSE_MS = 900;

function changed(): void {
  listed = [...entries].flatMap((entry) => entry.current);
  for (const listener of listeners) listener();
}

/** Whether a key press in the target enters text, and is therefore no shortcut. */
function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.metaKey || event.ctrlKey ? `mod+${key}` : event.altKey ? `alt+${key}` : key;
}

/** A text has its own undo and redo. */
const OF_TEXT = new Set(["mod+z", "mod+y"]);

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  const name = nameOf(event);
  if (takesText(event.target) && (!name.startsWith("mod+") || OF_TEXT.has(name))) return;
  const open = document.querySelector("[role=dialog]") !== null;
  if (open && name !== "mod+k") return;
  typed = event.timeStamp - typedAt > SEQUENCE_PAUSE_MS ? [name] : [...typed.slice(-1), name];
  typedAt = event.timeStamp;
  const all = [...entries].flatMap((entry) => entry.current).reverse();
  const found =
    (typed.length > 1 && all.find((shortcut) => shortcut.keys === typed.join(" "))) ||
    all.find((shortcut) => shortcut.keys === name);
  byShortcut = found !== undefined;
  if (!found) return;
  typed = [];
  event.preventDefault();
  found.run(event);
}

/** Registers shortcuts while the component is mounted; the newest registration of a key wins. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const entry = useRef<Entry>({ current: shortcuts });
  entry.current.current = shortcuts;
  useEffect(() => {
    const mine = entry.current;
    if (entries.size === 0) {
      window.addEventListener("keydown", onKey);
      window.addEventListener("pointerdown", onPointer);
    }
    entries.add(mine);
    changed();
    return () => {
      entries.delete(mine);
      if (entries.size === 0) {
        window.removeEventListener("keydown", onKey);
        window.removeEventListener("pointerdown", onPointer);
      }
      changed();
    };
  }, []);
}

/** All active shortcuts. */
export function useShortcutList(): Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => listed,
  );
}
