/** The tooltip and the exemplars of a chart. The tooltip has only text nodes, because labels are untrusted. */
import type uPlot from "uplot";
import { formatInstant, type Zone } from "../time/format";
import { resolveColor } from "./colors";
import type { ChartSeries } from "./time-chart";

export interface ChartExemplar {
  timeMs: number;
  value: number;
  labels: Record<string, string>;
  traceId: string | null;
  spanId: string | null;
}

interface Options {
  exemplars: ChartExemplar[];
  series: ChartSeries[];
  zone: Zone;
  format: (value: number) => string;
  onExemplar: (exemplar: ChartExemplar) => void;
}

const ROWS_MAX = 12;
const LABELS_MAX = 16;
const HIT_PIXELS = 9;

export function chartCursor(options: Options): uPlot.Plugin {
  const tooltip = document.createElement("div");
  tooltip.className = "gh-chart-tooltip";
  tooltip.hidden = true;
  let near: ChartExemplar | null = null;
  return {
    hooks: {
      init: (plot) => {
        plot.root.append(tooltip);
        plot.over.addEventListener("mouseleave", () => {
          tooltip.hidden = true;
        });
        plot.over.addEventListener("click", () => {
          if (near?.traceId) options.onExemplar(near);
        });
      },
      draw: (plot) => drawExemplars(plot, options.exemplars),
      setCursor: (plot) => {
        near = exemplarAt(plot, options.exemplars);
        plot.over.dataset.exemplar = String(near?.traceId != null);
        const rows = near ? exemplarRows(near, options) : valueRows(plot, options);
        tooltip.hidden = rows.length === 0;
        if (tooltip.hidden) return;
        tooltip.replaceChildren(...rows);
        positionTooltip(plot, tooltip);
      },
      destroy: () => tooltip.remove(),
    },
  };
}

function element(tag: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

function valueRows(plot: uPlot, options: Options): HTMLElement[] {
  const { idx, top } = plot.cursor;
  if (idx === null || idx === undefined || top === undefined || top < 0) return [];
  const time = plot.data[0][idx];
  if (time === undefined) return [];
  const pointed = plot.posToVal(top, "y");
  const values = options.series
    .map((line, index) => ({
      line,
      value: line.values[idx] ?? null,
      show: plot.series[index + 1]?.show ?? false,
    }))
    .filter(
      (row): row is typeof row & { value: number } =>
        row.show && row.value !== null && !Number.isNaN(row.value),
    );
  const distance = (value: number) => Math.abs(value - pointed);
  const nearest = values.reduce<(typeof values)[number] | null>(
    (best, row) => (best === null || distance(row.value) < distance(best.value) ? row : best),
    null,
  );
  values.sort((left, right) => distance(left.value) - distance(right.value));
  const kept = values.slice(0, ROWS_MAX).sort((left, right) => right.value - left.value);
  const rows = kept.map((row) => {
    const made = element("div", "gh-chart-tooltip-row");
    made.dataset.near = String(row === nearest && kept.length > 1);
    const swatch = element("i", "");
    swatch.style.background = row.line.color;
    made.append(swatch, element("span", "", row.line.name), element("b", "", options.format(row.value)));
    return made;
  });
  if (values.length > kept.length)
    rows.push(element("div", "gh-chart-tooltip-title", `and ${values.length - kept.length} more`));
  return [element("div", "gh-chart-tooltip-title", formatInstant(time * 1_000, options.zone)), ...rows];
}

function exemplarRows(exemplar: ChartExemplar, options: Options): HTMLElement[] {
  const head = `Exemplar · ${formatInstant(exemplar.timeMs, options.zone, true)}`;
  const labels = Object.entries(exemplar.labels);
  const rows = labels
    .slice(0, LABELS_MAX)
    .map(([name, value]) => element("div", "gh-chart-tooltip-label", `${name} = ${value}`));
  if (labels.length > LABELS_MAX)
    rows.push(element("div", "gh-chart-tooltip-title", `and ${labels.length - LABELS_MAX} more labels`));
  const foot = exemplar.traceId ? [element("div", "gh-chart-tooltip-title", "Click to open the trace")] : [];
  return [
    element("div", "gh-chart-tooltip-title", head),
    element("div", "", options.format(exemplar.value)),
    ...rows,
    ...foot,
  ];
}

/** Next to the pointer, on the side with enough space. */
function positionTooltip(plot: uPlot, tooltip: HTMLElement): void {
  const left = (plot.cursor.left ?? 0) + plot.over.offsetLeft;
  const top = (plot.cursor.top ?? 0) + plot.over.offsetTop;
  const width = tooltip.offsetWidth;
  const beside = left + 14 + width > plot.width ? left - width - 14 : left + 14;
  tooltip.style.left = `${Math.max(0, beside)}px`;
  tooltip.style.top = `${Math.max(0, Math.min(top - 10, plot.height - tooltip.offsetHeight + 40))}px`;
}

/** Exemplars that are off the scale are at its edge. */
function positions(plot: uPlot, exemplar: ChartExemplar, canvas: boolean): { x: number; y: number } | null {
  const { min, max } = plot.scales.y ?? {};
  if (min == null || max == null || Number.isNaN(exemplar.value)) return null;
  const x = plot.valToPos(exemplar.timeMs / 1_000, "x", canvas);
  return { x, y: plot.valToPos(Math.min(max, Math.max(min, exemplar.value)), "y", canvas) };
}

function drawExemplars(plot: uPlot, exemplars: ChartExemplar[]): void {
  const { ctx } = plot;
  const size = 4 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = resolveColor("var(--gh-critical)");
  ctx.strokeStyle = resolveColor("var(--gh-panel)");
  ctx.lineWidth = devicePixelRatio;
  for (const exemplar of exemplars) {
    const at = positions(plot, exemplar, true);
    if (!at) continue;
    ctx.beginPath();
    ctx.moveTo(at.x, at.y - size);
    ctx.lineTo(at.x + size, at.y);
    ctx.lineTo(at.x, at.y + size);
    ctx.lineTo(at.x - size, at.y);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}

function exemplarAt(plot: uPlot, exemplars: ChartExemplar[]): ChartExemplar | null {
  const { left = -1, top = -1 } = plot.cursor;
  if (left < 0 || top < 0) return null;
  let best: ChartExemplar | null = null;
  let closest = HIT_PIXELS;
  for (const exemplar of exemplars) {
    const at = positions(plot, exemplar, false);
    if (!at) continue;
    const distance = Math.hypot(at.x - left, at.y - top);
    if (distance < closest) {
      closest = distance;
      best = exemplar;
    }
  }
  return best;
}
