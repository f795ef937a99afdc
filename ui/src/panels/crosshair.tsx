/** The crosshair that the charts of a view share: each shows the time that the pointer is at in another. */
import { createContext, type ReactNode, useContext, useMemo } from "react";

export interface Crosshair {
  /** Whether the other charts also show their values at that time. */
  tooltip: boolean;
  /** The pointer is at a time of the source; null when it leaves. */
  move: (timeMs: number | null, source: unknown) => void;
  listen: (listener: Listener) => () => void;
}

type Listener = (timeMs: number | null, source: unknown) => void;

const Context = createContext<Crosshair | null>(null);

/** That of the surrounding view, or null when its charts share none. */
export function useCrosshair(): Crosshair | null {
  return useContext(Context);
}

function createCrosshair(tooltip: boolean): Crosshair {
  const listeners = new Set<Listener>();
  return {
    tooltip,
    move: (timeMs, source) => {
      for (const listener of listeners) listener(timeMs, source);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

interface Props {
  mode: "off" | "crosshair" | "tooltip";
  children: ReactNode;
}

export function SharedCrosshair({ mode, children }: Props) {
  const shared = useMemo(() => (mode === "off" ? null : createCrosshair(mode === "tooltip")), [mode]);
  return <Context value={shared}>{children}</Context>;
}
