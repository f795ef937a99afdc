/** Measures the time series chart in the browser. `charts.mjs` reads the results from `window.results`. */
import "../src/theme/tokens.css";
import { type Frame, frameOf } from "../src/data/frame";
import { modelOf } from "../src/panels/time-series/model";
import { createPlot, type Plot, type PlotState } from "../src/panels/time-series/plot";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const ROUNDS = 15;

declare global {
  interface Window {
    results?: Record<string, number>;
  }
}

/** Series of a day, a point per minute, as a range query answers them. */
function series(count: number, fromMs: number): Frame[] {
  const times = Array.from({ length: DAY_MS / MINUTE_MS }, (_, index) => fromMs + index * MINUTE_MS);
  return Array.from({ length: count }, (_, line) =>
    frameOf(
      [
        { name: "Time", type: "time", values: times, config: { interval: MINUTE_MS } },
        {
          name: "Value",
          type: "number",
          values: times.map((time) => line + Math.sin(time / 3e6 + line) + Math.sin(time / 4e5) / 4),
          config: { displayNameFromDS: `series ${line}` },
        },
      ],
      { meta: { type: "timeseries" } },
    ),
  );
}

function stateOf(frames: Frame[], fromMs: number, width: number, height: number): PlotState {
  const range = { fromMs, toMs: fromMs + DAY_MS };
  const model = modelOf(frames, range);
  const tooltip = { mode: "multi", sort: "desc" } as const;
  const shown = model.lines.map(() => true);
  return { model, shown, annotations: [], range, zone: "utc", width, height, tooltip };
}

function host(): HTMLElement {
  const made = document.createElement("div");
  document.body.append(made);
  return made;
}

const events = { onZoom: () => {}, onExemplar: () => {}, onCursor: () => {}, onArea: () => {} };

/** uPlot draws in a microtask; reading a pixel waits for the drawing itself. */
async function drawn(parent: HTMLElement): Promise<void> {
  await Promise.resolve();
  parent.querySelector("canvas")?.getContext("2d")?.getImageData(0, 0, 1, 1);
}

/** The fastest round: in the others the machine did something else too. */
function fastest(values: number[]): number {
  return Math.min(...values);
}

async function timed(run: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/** From frames to pixels: a first drawing, and an update of the same chart. */
async function oneChart(lines: number): Promise<{ first: number; update: number }> {
  const first: number[] = [];
  const update: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const parent = host();
    const [frames, later] = [series(lines, 0), series(lines, MINUTE_MS)];
    let plot: Plot | undefined;
    first.push(
      await timed(async () => {
        plot = createPlot(parent, stateOf(frames, 0, 1_200, 400), events);
        await drawn(parent);
      }),
    );
    update.push(
      await timed(async () => {
        plot?.update(stateOf(later, MINUTE_MS, 1_200, 400));
        await drawn(parent);
      }),
    );
    plot?.destroy();
    parent.remove();
  }
  return { first: fastest(first), update: fastest(update) };
}

/** A board: the time of one refresh of all panels, and whether it replaces a canvas. */
async function board(panels: number, lines: number): Promise<{ refresh: number; replaced: number }> {
  const parents = Array.from({ length: panels }, host);
  const plots = parents.map((parent) => createPlot(parent, stateOf(series(lines, 0), 0, 460, 260), events));
  await Promise.resolve();
  const before = [...document.querySelectorAll("canvas")];
  const refresh: number[] = [];
  for (let round = 1; round <= 5; round += 1) {
    const frames = series(lines, round * MINUTE_MS);
    refresh.push(
      await timed(async () => {
        for (const plot of plots) plot.update(stateOf(frames, round * MINUTE_MS, 460, 260));
        for (const parent of parents) await drawn(parent);
      }),
    );
  }
  const replaced = [...document.querySelectorAll("canvas")].filter(
    (canvas) => !before.includes(canvas),
  ).length;
  return { refresh: fastest(refresh), replaced };
}

const hundred = await oneChart(100);
const forty = await board(40, 10);
window.results = {
  "100 series of 24 h, first drawing (ms)": hundred.first,
  "100 series of 24 h, update (ms)": hundred.update,
  "40 panels of 10 series of 24 h, refresh (ms)": forty.refresh,
  "canvases that a refresh replaces": forty.replaced,
};
