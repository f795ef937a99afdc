/** The border between the waterfall and the details of a span, which is dragged or moved with the arrow keys. */
import { useRef } from "react";
import classes from "./trace.module.css";

export function ResizeHandle({ width, setWidth }: { width: number; setWidth: (width: number) => void }) {
  const start = useRef<{ x: number; width: number } | null>(null);
  const clamp = (value: number) => Math.min(1_000, Math.max(280, value));
  return (
    <div
      className={classes.handle}
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the span details"
      aria-valuenow={width}
      tabIndex={0}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") setWidth(clamp(width + 24));
        if (event.key === "ArrowRight") setWidth(clamp(width - 24));
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (start.current) setWidth(clamp(start.current.width - (event.clientX - start.current.x)));
      }}
      onPointerUp={() => {
        start.current = null;
      }}
    />
  );
}
