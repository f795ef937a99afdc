import type uPlot from "uplot";
import { describe, expect, it } from "vitest";
import { type ChartExemplar, chartCursor } from "./chart-cursor";

const MARKUP = "<img src=x>";
const exemplar = (part: Partial<ChartExemplar>): ChartExemplar => ({
  timeMs: 10_000,
  value: 5,
  labels: { trace_id: "1", job: MARKUP },
  traceId: "1",
  spanId: null,
  ...part,
});

/** A plot of 100 by 100 pixels, from 0 to 20 seconds and from 0 to 10. */
function plotAt(left: number, top: number) {
  const root = document.createElement("div");
  const over = document.createElement("div");
  root.append(over);
  return {
    root,
    over,
    width: 100,
    height: 100,
    cursor: { left, top, idx: null },
    scales: { y: { min: 0, max: 10 } },
    series: [],
    data: [[]],
    valToPos: (value: number, scale: string) => (scale === "x" ? value * 5 : 100 - value * 10),
  } as unknown as uPlot;
}

function open(plot: uPlot, exemplars: ChartExemplar[]) {
  const opened: ChartExemplar[] = [];
  const { hooks } = chartCursor({
    exemplars,
    series: [],
    zone: "utc",
    format: (value) => `${value} s`,
    onExemplar: (one) => opened.push(one),
  });
  (hooks.init as (plot: uPlot) => void)(plot);
  (hooks.setCursor as (plot: uPlot) => void)(plot);
  const tooltip = plot.root.querySelector<HTMLElement>(".gh-chart-tooltip");
  return { opened, tooltip };
}

describe("an exemplar under the pointer", () => {
  it("shows its labels as text, and a click opens it", () => {
    const plot = plotAt(52, 48);
    const dot = exemplar({});
    const { opened, tooltip } = open(plot, [exemplar({ timeMs: 1_000 }), dot]);
    expect(tooltip?.hidden).toBe(false);
    expect(tooltip?.textContent).toMatch(/5 s.*job = <img src=x>.*Click to open the trace/);
    expect(tooltip?.querySelector("img")).toBeNull();
    expect(plot.over.dataset.exemplar).toBe("true");
    plot.over.click();
    expect(opened).toEqual([dot]);
  });
  it("is at the edge when it is off the scale", () => {
    const plot = plotAt(50, 2);
    open(plot, [exemplar({ value: 1_000 })]);
    expect(plot.over.dataset.exemplar).toBe("true");
  });
  it("opens nothing without a trace id", () => {
    const plot = plotAt(50, 50);
    const { opened, tooltip } = open(plot, [exemplar({ traceId: null })]);
    plot.over.click();
    expect(opened).toEqual([]);
    expect(tooltip?.textContent).not.toMatch(/Click to open/);
  });
  it("counts the labels that are left out", () => {
    const labels = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`l${at}`, "v"]));
    const { tooltip } = open(plotAt(50, 50), [exemplar({ labels })]);
    expect(tooltip?.textContent).toMatch(/and 14 more labels/);
  });
});
