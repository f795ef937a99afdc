/** The tooltip of a chart. It has only text nodes, because names and labels are untrusted. */
import type uPlot from "uplot";
import { formatInstant } from "../../time/format";
import { type Exemplar, exemplarAt } from "./exemplars";
import type { Line } from "./model";
import type { Current, PlotEvents } from "./plot";

export interface TooltipOptions {
  /** All lines, only the nearest, or none. */
  mode: "multi" | "single" | "none";
  sort: "desc" | "asc" | "none";
}

const ROWS_MAX = 12;
const LABELS_MAX = 16;

export function createTooltip(current: Current, events: Pick<PlotEvents, "onExemplar">): uPlot.Plugin {
  const tooltip = element("div", "gh-chart-tooltip");
  tooltip.hidden = true;
  let near: Exemplar | null = null;
  return {
    hooks: {
      init: (plot) => {
        plot.root.append(tooltip);
        plot.over.addEventListener("mouseleave", () => {
          tooltip.hidden = true;
        });
        plot.over.addEventListener("click", () => {
          if (near?.traceId) events.onExemplar(near);
        });
      },
      setCursor: (plot) => {
        near = current.hovered ? exemplarAt(plot, current.state.model.exemplars) : null;
        const asked = current.hovered || current.pointed;
        const rows = near ? exemplarRows(near, current) : asked ? valueRows(plot, current) : [];
        tooltip.hidden = rows.length === 0;
        if (tooltip.hidden) return;
        tooltip.replaceChildren(...rows);
        position(plot, tooltip);
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

interface Row {
  line: Line;
  value: number;
  /** From the pointer, in pixels. */
  distance: number;
}

function valueRows(plot: uPlot, current: Current): HTMLElement[] {
  const { model, shown, zone, tooltip } = current.state;
  const { idx, top } = plot.cursor;
  if (idx == null || top === undefined || top < 0 || tooltip.mode === "none") return [];
  const time = model.times[idx];
  if (time === undefined) return [];
  const rows = model.lines.flatMap((line, index): Row[] => {
    // The values of the series, and not the sums of a stack.
    const given = line.aligned[idx];
    const value = given === null && line.style.nulls === "zero" ? 0 : (given ?? null);
    const drawn = current.stacked.values[index]?.[idx] ?? value;
    const { hidden } = line.style;
    if (!(shown[index] ?? true) || hidden.viz || hidden.tooltip || value === null || drawn === null)
      return [];
    return [{ line, value, distance: Math.abs(plot.valToPos(drawn, line.scale) - top) }];
  });
  rows.sort((left, right) => left.distance - right.distance);
  const [nearest] = rows;
  const kept = rows.slice(0, tooltip.mode === "single" ? 1 : ROWS_MAX);
  const sign = tooltip.sort === "asc" ? -1 : 1;
  if (tooltip.sort === "none")
    kept.sort((left, right) => model.lines.indexOf(left.line) - model.lines.indexOf(right.line));
  else kept.sort((left, right) => sign * (right.value - left.value));
  const made = kept.map((row) => valueRow(row, row === nearest && current.hovered && kept.length > 1));
  if (tooltip.mode === "multi" && rows.length > kept.length)
    made.push(element("div", "gh-chart-tooltip-title", `and ${rows.length - kept.length} more`));
  return [element("div", "gh-chart-tooltip-title", formatInstant(time, zone)), ...made];
}

function valueRow({ line, value }: Row, near: boolean): HTMLElement {
  const made = element("div", "gh-chart-tooltip-row");
  made.dataset.near = String(near);
  const swatch = element("i", "");
  swatch.style.background = line.color;
  made.append(swatch, element("span", "", line.name), element("b", "", line.format(value)));
  return made;
}

function exemplarRows(exemplar: Exemplar, { state }: Current): HTMLElement[] {
  const head = `Exemplar · ${formatInstant(exemplar.timeMs, state.zone, true)}`;
  const labels = Object.entries(exemplar.labels);
  const rows = labels
    .slice(0, LABELS_MAX)
    .map(([name, value]) => element("div", "gh-chart-tooltip-label", `${name} = ${value}`));
  if (labels.length > LABELS_MAX)
    rows.push(element("div", "gh-chart-tooltip-title", `and ${labels.length - LABELS_MAX} more labels`));
  const foot = exemplar.traceId ? [element("div", "gh-chart-tooltip-title", "Click to open the trace")] : [];
  return [
    element("div", "gh-chart-tooltip-title", head),
    element("div", "", exemplar.format(exemplar.value)),
    ...rows,
    ...foot,
  ];
}

/** Next to the pointer, on the side with enough space. */
function position(plot: uPlot, tooltip: HTMLElement): void {
  const left = (plot.cursor.left ?? 0) + plot.over.offsetLeft;
  const top = (plot.cursor.top ?? 0) + plot.over.offsetTop;
  const width = tooltip.offsetWidth;
  const beside = left + 14 + width > plot.width ? left - width - 14 : left + 14;
  tooltip.style.left = `${Math.max(0, beside)}px`;
  tooltip.style.top = `${Math.max(0, Math.min(top - 10, plot.height - tooltip.offsetHeight + 40))}px`;
}
