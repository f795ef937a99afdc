/** The canvas of the time series panel: keeps one plot, and updates it. */
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Plot as Area } from "../axes";
import { useCrosshair } from "../crosshair";
import { AnnotationMarks } from "./annotation-marks";
import classes from "./chart.module.css";
import { createPlot, type Plot, type PlotEvents, type PlotState } from "./plot";

interface Props extends Omit<PlotState, "width" | "height"> {
  height: number;
  /** For assistive technology. */
  label: string;
  /** The line under the pointer in the legend, or null. */
  focused: number | null;
  onZoom: PlotEvents["onZoom"];
  onExemplar: PlotEvents["onExemplar"];
}

/** A narrower chart has no space for a plot. */
const WIDTH_MIN = 40;

export function Chart({ height, label, focused, onZoom, onExemplar, ...given }: Props) {
  const { model, shown, annotations, range, zone, tooltip } = given;
  const { ref, width } = useElementSize<HTMLDivElement>();
  const inner = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const crosshair = useCrosshair();
  const scheme = useComputedColorScheme("dark");
  const state = useMemo(
    (): PlotState => ({ model, shown, annotations, range, zone, width, height, tooltip }),
    [model, shown, annotations, range, zone, width, height, tooltip],
  );
  const [area, setArea] = useState<Area | null>(null);
  const latest = useRef({ state, onZoom, onExemplar, crosshair });
  latest.current = { state, onZoom, onExemplar, crosshair };
  const drawn = useRef<PlotState | null>(null);
  const ready = width >= WIDTH_MIN && height > 0;

  useEffect(() => {
    const host = inner.current;
    if (!host || !ready) return;
    drawn.current = latest.current.state;
    const made = createPlot(host, latest.current.state, {
      onZoom: (zoomed) => latest.current.onZoom(zoomed),
      onExemplar: (exemplar) => latest.current.onExemplar(exemplar),
      onCursor: (timeMs) => latest.current.crosshair?.move(timeMs, host),
      onArea: (drawn) => setArea((before) => (isSame(before, drawn) ? before : drawn)),
    });
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [ready]);

  useEffect(() => {
    if (drawn.current === state) return;
    drawn.current = state;
    plot.current?.update(state);
  }, [state]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours of another scheme
  useEffect(() => plot.current?.redraw(), [scheme]);
  useEffect(() => plot.current?.focus(focused), [focused]);
  useEffect(
    () =>
      crosshair?.listen((timeMs, source) => {
        if (source !== inner.current) plot.current?.point(timeMs, crosshair.tooltip);
      }),
    [crosshair],
  );

  return (
    <div ref={ref} className={classes.chart} style={{ height }}>
      <div ref={inner} role="img" aria-label={label} />
      {area && <AnnotationMarks {...{ annotations, range, zone, area, width }} />}
    </div>
  );
}

function isSame(before: Area | null, { left, top, width, height }: Area): boolean {
  return before?.left === left && before.top === top && before.width === width && before.height === height;
}
