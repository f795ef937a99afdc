/** A drag over a plot selects a time range. */
import { type PointerEvent, useState } from "react";
import type { Range } from "../time/range";
import type { Plot } from "./axes";

/** A shorter drag is a click. */
const PIXELS_MIN = 4;

interface TimeDrag {
  /** From and to, in pixels of the chart; null without a drag. */
  selection: { left: number; width: number } | null;
  handlers: {
    onPointerDown: (event: PointerEvent<Element>) => void;
    onPointerMove: (event: PointerEvent<Element>) => void;
    onPointerUp: (event: PointerEvent<Element>) => void;
    onPointerCancel: () => void;
  };
}

export function useTimeDrag(plot: Plot, range: Range, onZoom: (range: Range) => void): TimeDrag {
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const pixelOf = (event: PointerEvent<Element>) => {
    const pixel = event.clientX - event.currentTarget.getBoundingClientRect().left;
    return Math.min(plot.left + plot.width, Math.max(plot.left, pixel));
  };
  const timeAt = (pixel: number) =>
    range.fromMs + ((pixel - plot.left) / Math.max(1, plot.width)) * (range.toMs - range.fromMs);
  const left = drag ? Math.min(drag.from, drag.to) : 0;
  const width = drag ? Math.abs(drag.to - drag.from) : 0;
  return {
    selection: width >= PIXELS_MIN ? { left, width } : null,
    handlers: {
      onPointerDown: (event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture?.(event.pointerId);
        setDrag({ from: pixelOf(event), to: pixelOf(event) });
      },
      onPointerMove: (event) => {
        if (drag) setDrag({ ...drag, to: pixelOf(event) });
      },
      onPointerUp: () => {
        setDrag(null);
        if (width >= PIXELS_MIN) onZoom({ fromMs: timeAt(left), toMs: timeAt(left + width) });
      },
      onPointerCancel: () => setDrag(null),
    },
  };
}
