/** An overview of the whole trace. A drag zooms in, a double click resets the zoom. */
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { resolveColor } from "../../panels/colors";
import type { Waterfall } from "./use-waterfall";
import classes from "./waterfall.module.css";

const HEIGHT = 48;

export function Minimap({ state }: { state: Waterfall }) {
  const { trace, tree, colors, window, setWindow } = state;
  const { ref: sizeRef, width } = useElementSize<HTMLDivElement>();
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme("dark");
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const total = Math.max(1, trace.durationNs);

  useEffect(() => {
    const target = canvas.current;
    const context = target?.getContext("2d");
    if (!target || !context || width === 0) return;
    const ratio = devicePixelRatio;
    target.width = width * ratio;
    target.height = HEIGHT * ratio;
    target.dataset.scheme = scheme;
    context.scale(ratio, ratio);
    const resolved = new Map([...colors].map(([name, color]) => [name, resolveColor(color)]));
    const error = resolveColor("var(--gh-error)");
    const rowHeight = (HEIGHT - 6) / Math.max(12, tree.rows.length);
    tree.rows.forEach(({ span }, index) => {
      context.fillStyle = span.status === "error" ? error : (resolved.get(span.resource.service) ?? error);
      const left = (span.offsetNs / total) * width;
      context.fillRect(
        left,
        3 + index * rowHeight,
        Math.max(1, (span.durationNs / total) * width),
        Math.max(1, rowHeight * 0.8),
      );
    });
  }, [tree, colors, width, total, scheme]);

  const fraction = (event: React.PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const percent = (nanos: number) => `${(nanos / total) * 100}%`;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the rows below are accessible by keyboard
    <div
      ref={useMergedRef(sizeRef, host)}
      className={classes.minimap}
      title="Drag to zoom in, double-click to reset the zoom"
      onDoubleClick={() => setWindow(null)}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: fraction(event), to: fraction(event) });
      }}
      onPointerMove={(event) => {
        if (drag) setDrag({ ...drag, to: fraction(event) });
      }}
      onPointerUp={() => {
        if (drag && Math.abs(drag.to - drag.from) > 0.003) {
          const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
          setWindow({ fromNs: from * total, toNs: to * total });
        }
        setDrag(null);
      }}
    >
      <canvas ref={canvas} />
      <div className={classes.shade} style={{ left: 0, width: percent(window.fromNs) }} />
      <div className={classes.shade} style={{ left: percent(window.toNs), right: 0 }} />
      {drag && (
        <div
          className={classes.pick}
          style={{
            left: `${Math.min(drag.from, drag.to) * 100}%`,
            width: `${Math.abs(drag.to - drag.from) * 100}%`,
          }}
        />
      )}
    </div>
  );
}
