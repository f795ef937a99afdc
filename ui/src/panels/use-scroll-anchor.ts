/** Keeps what is read in its place when a refresh adds rows before it. */
import type { Virtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef } from "react";

interface Shown {
  key: string | number | bigint;
  start: number;
  end: number;
}

/** `held` says that a row is read although the list is at its top, where new rows are otherwise shown. */
export function useScrollAnchor(
  virtual: Virtualizer<HTMLDivElement, Element>,
  keys: readonly string[],
  held: boolean,
): void {
  const shown = useRef<Shown[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only other rows move what is read
  useLayoutEffect(() => {
    const element = virtual.scrollElement;
    if (!element || (element.scrollTop === 0 && !held)) return;
    const first = shown.current.find(({ end }) => end > element.scrollTop);
    const index = first ? keys.indexOf(String(first.key)) : -1;
    const place = virtual.measurementsCache[index];
    if (first && place) element.scrollTop = place.start + element.scrollTop - first.start;
  }, [keys]);
  useEffect(() => {
    shown.current = virtual.getVirtualItems().map(({ key, start, end }) => ({ key, start, end }));
  });
}
