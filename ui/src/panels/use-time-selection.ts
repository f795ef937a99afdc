/** A drag over a chart with a time axis selects a range. */
import { useState } from "react";
import type { Range } from "../time/range";
import type { Plot } from "./axes";

interface Options {
  /** The time at a distance from the left edge, in pixels. */
  timeAt: (pixel: number) => number;
  onSelect: (range: Range) => void;
  /** A press without a drag. */
  onPress?: (timeMs: number) => void;
}

/** The time at a pixel of a plot that a range fills; beside the plot it is an end of the range. */
export function timeIn({ left, width }: Pick<Plot, "left" | "width">, { fromMs, toMs }: Range) {
  return (pixel: number) =>
    fromMs + Math.min(1, Math.max(0, (pixel - left) / Math.max(1, width))) * (toMs - fromMs);
}

/** A shorter movement is a press. */
const DRAG_PIXELS_MIN = 4;

export function useTimeSelection({ timeAt, onSelect, onPress }: Options) {
  const [at, setAt] = useState<number | null>(null);
  const [from, setFrom] = useState<number | null>(null);
  const dragged = from !== null && at !== null && Math.abs(at - from) > DRAG_PIXELS_MIN;
  const pixelOf = (event: React.PointerEvent<Element>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return Math.min(width, Math.max(0, event.clientX - left));
  };
  return {
    /** Where the pointer is, in pixels; null when it is elsewhere. */
    at,
    /** The selected part, in pixels; null without a drag. */
    selected: dragged ? { left: Math.min(from, at), width: Math.abs(at - from) } : null,
    handlers: {
      onPointerDown: (event: React.PointerEvent<Element>) => {
        if (event.button !== 0) return;
        setFrom(pixelOf(event));
        setAt(pixelOf(event));
      },
      onPointerMove: (event: React.PointerEvent<Element>) => {
        const pixel = pixelOf(event);
        setAt(pixel);
        // Not before it is a drag: what is pressed would not get the click.
        if (from !== null && Math.abs(pixel - from) > DRAG_PIXELS_MIN)
          event.currentTarget.setPointerCapture(event.pointerId);
      },
      onPointerUp: (event: React.PointerEvent<Element>) => {
        if (from === null) return;
        const pixel = pixelOf(event);
        setFrom(null);
        const [left, right] = [Math.min(from, pixel), Math.max(from, pixel)];
        if (right - left > DRAG_PIXELS_MIN) onSelect({ fromMs: timeAt(left), toMs: timeAt(right) });
        else onPress?.(timeAt(pixel));
      },
      onPointerCancel: () => setFrom(null),
      onPointerLeave: () => setAt(null),
    },
  };
}
