/** Which series of a chart are shown, by their names, so that new data does not change it. */
import { useState } from "react";
import { picked } from "./legend";

export function useShown(
  names: string[],
): [shown: boolean[], pick: (index: number, toggle: boolean) => void] {
  const [hidden, setHidden] = useState<Set<string>>(new Set());
  const kept = names.map((name) => !hidden.has(name));
  // Series that are all hidden by the names of others are shown.
  const shown = kept.some(Boolean) ? kept : names.map(() => true);
  return [
    shown,
    (index, toggle) => {
      const next = picked(shown, index, toggle);
      setHidden(new Set(names.filter((_, at) => !next[at])));
    },
  ];
}
