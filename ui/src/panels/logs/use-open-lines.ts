/** Which lines are open, and which one is selected: by the keys of the list, by clicks, or by the URL. */
import type { Virtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { useShortcuts } from "../../shell/keyboard";

/** A linked line is looked for among as many of the newest lines. */
const SOUGHT_LINES_MAX = 5_000;

/** For as many frames the list scrolls to a linked line that moves out of view. */
const SETTLING_FRAMES = 30;

function isInView(virtual: Virtualizer<HTMLDivElement, Element>, index: number): boolean {
  const list = virtual.scrollElement;
  const row = list?.querySelector(`[data-index="${index}"]`)?.getBoundingClientRect();
  if (!list || !row) return false;
  const { top, bottom } = list.getBoundingClientRect();
  return row.top >= top && row.top < bottom;
}

/** An open line may be taller than the list, so its head is shown, a third of the list below the top. */
function scrollToHead(virtual: Virtualizer<HTMLDivElement, Element>, index: number): void {
  const [start] = virtual.getOffsetForIndex(index, "start") ?? [0];
  virtual.scrollToOffset(start - (virtual.scrollElement?.clientHeight ?? 0) / 3);
}

export function useOpenLines(
  virtual: Virtualizer<HTMLDivElement, Element>,
  keys: readonly string[],
  linked: string | null,
) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [selected, setSelected] = useState<string | null>(null);
  const reached = useRef<string | null>(null);
  const place = linked === null ? -1 : keys.indexOf(linked);
  useEffect(() => {
    if (linked === null || reached.current === linked || place < 0) return;
    setSelected(linked);
    setOpen(new Set([linked]));
    // The list cannot scroll before it is painted, and rows that are measured move the line.
    let frames = 0;
    const show = () => {
      if (!isInView(virtual, place)) scrollToHead(virtual, place);
      frames += 1;
      if (frames < SETTLING_FRAMES) frame = requestAnimationFrame(show);
      else reached.current = linked;
    };
    let frame = requestAnimationFrame(show);
    return () => cancelAnimationFrame(frame);
  }, [linked, place, virtual]);
  // The focus follows the selection, so that Tab goes on to the links of an open line.
  const moved = useRef(false);
  useEffect(() => {
    if (!moved.current || selected === null) return;
    moved.current = false;
    const row = virtual.scrollElement?.querySelector<HTMLElement>(
      `[data-index="${keys.indexOf(selected)}"] [role=button]`,
    );
    row?.focus({ preventScroll: true });
  }, [selected, keys, virtual]);
  const toggle = (key: string) => {
    setSelected(key);
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  const move = (by: number) => {
    const at = selected === null ? -1 : keys.indexOf(selected);
    const next = Math.min(keys.length - 1, Math.max(0, at + by));
    moved.current = true;
    setSelected(keys[next] ?? null);
    virtual.scrollToIndex(next);
  };
  useShortcuts([
    { keys: "j", label: "Next line", group: "Logs", run: () => move(1) },
    { keys: "k", label: "Previous line", group: "Logs", run: () => move(-1) },
    {
      keys: "Enter",
      label: "Open or close the line",
      group: "Logs",
      run: () => {
        if (selected !== null && keys.includes(selected)) toggle(selected);
      },
    },
  ]);
  return {
    open,
    selected,
    toggle,
    /** Whether the linked line may be among older ones. */
    sought: linked !== null && place < 0 && keys.length < SOUGHT_LINES_MAX,
  };
}
