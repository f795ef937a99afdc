import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { applyFieldConfig, readFieldConfig } from "../../data/field-config";
import { type Frame, frameOf } from "../../data/frame";
import { type Recorded, stubCanvas } from "../../testing/canvas";
import type { Range } from "../../time/range";
import { modelOf } from "./model";
import { createPlot, type Plot, type PlotState } from "./plot";

const MARKUP = "<img src=x>";
const STEP = 10_000;
const RANGE: Range = { fromMs: 0, toMs: 200_000 };

function series(name: string, values: (number | null)[], startMs = 0): Frame {
  const times = values.map((_, index) => startMs + index * STEP);
  return frameOf(
    [
      { name: "Time", type: "time", values: times, config: { interval: STEP } },
      { name: "Value", type: "number", values, config: { displayNameFromDS: name } },
    ],
    { meta: { type: "timeseries" } },
  );
}

function exemplars(values: [timeMs: number, value: number][], unit?: string): Frame {
  const labels = { trace_id: "1", job: MARKUP };
  return frameOf(
    [
      { name: "Time", type: "time", values: values.map(([time]) => time), config: {} },
      {
        name: "Value",
        type: "number",
        values: values.map(([, value]) => value),
        config: unit ? { unit } : {},
      },
      { name: "labels", type: "other", values: values.map(() => labels), config: {} },
      { name: "traceId", type: "string", values: values.map(() => "1"), config: {} },
      { name: "spanId", type: "string", values: values.map(() => null), config: {} },
    ],
    { meta: { type: "exemplars" } },
  );
}

const flat = (value: number) => Array.from({ length: 21 }, () => value);

let recorded: Recorded;
let plot: Plot | null = null;
const host = () => document.querySelector<HTMLElement>(".host") as HTMLElement;
const over = () => document.querySelector<HTMLElement>(".u-over") as HTMLElement;
const tooltip = () => document.querySelector<HTMLElement>(".gh-chart-tooltip") as HTMLElement;
const canvas = () => document.querySelector("canvas");
const events = { onZoom: vi.fn(), onExemplar: vi.fn(), onCursor: vi.fn(), onArea: vi.fn() };

function stateOf(frames: Frame[], part: Partial<PlotState> & { config?: unknown } = {}): PlotState {
  const range = part.range ?? RANGE;
  const model = modelOf(applyFieldConfig(frames, readFieldConfig(part.config)), range);
  return {
    model,
    shown: model.lines.map(() => true),
    annotations: [],
    zone: "utc",
    width: 600,
    height: 300,
    tooltip: { mode: "multi", sort: "desc" },
    ...part,
    range,
  };
}

/** uPlot draws in a microtask, and follows the pointer in the next frame. */
const drawn = () => new Promise((resolve) => setTimeout(resolve, 40));

async function open(frames: Frame[], part: Parameters<typeof stateOf>[1] = {}) {
  plot = createPlot(host(), stateOf(frames, part), events);
  await drawn();
}

async function update(frames: Frame[], part: Parameters<typeof stateOf>[1] = {}) {
  plot?.update(stateOf(frames, part));
  await drawn();
}

/** uPlot ignores a move by no pixels while the button is down. */
const mouse = (type: string, target: EventTarget, left: number, top: number) => {
  const event = new MouseEvent(type, { clientX: left, clientY: top, bubbles: true, button: 0 });
  Object.defineProperty(event, "movementX", { value: 1 });
  target.dispatchEvent(event);
};

function click(left: number, top: number) {
  mouse("mousedown", over(), left, top);
  mouse("mouseup", document, left, top);
  mouse("click", over(), left, top);
}

async function point(left: number, top: number) {
  mouse("mouseenter", over(), left, top);
  mouse("mousemove", over(), left, top);
  await drawn();
}

beforeEach(() => {
  recorded = stubCanvas();
  const made = document.createElement("div");
  made.className = "host";
  document.body.append(made);
  for (const event of Object.values(events)) event.mockReset();
});
afterEach(() => {
  plot?.destroy();
  plot = null;
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

describe("the axes", () => {
  it("of a small chart have more than one label each, and times without fractions", async () => {
    const range = { fromMs: Date.UTC(2026, 10, 20, 18), toMs: Date.UTC(2026, 10, 21, 0, 1) };
    await open([series("a", flat(100), range.fromMs)], { range, width: 170, height: 80 });
    expect(recorded.texts.filter((text) => /[:-]/.test(text))).toEqual(["18:00", "21:00", "11-21"]);
    expect(recorded.texts.filter((text) => /^\d+$/.test(text)).length).toBeGreaterThan(1);
  });
});

describe("a chart that gets new data", () => {
  it("is the same chart, also with another range, width and number of series", async () => {
    await open([series("a", flat(1))]);
    const before = canvas();
    await update([series("a", flat(2)), series("b", flat(3))], {
      range: { fromMs: 5_000, toMs: 205_000 },
      width: 800,
      height: 200,
    });
    expect(canvas()).toBe(before);
    expect([before?.width, before?.height]).toEqual([800, 200]);
    await update([series("b", flat(3))]);
    expect(canvas()).toBe(before);
    await point(100, 50);
    expect(tooltip().textContent).toMatch(/b3/);
  });
  it("keeps the tooltip open, with the new values", async () => {
    await open([series("a", flat(1))]);
    await point(100, 50);
    expect(tooltip().hidden).toBe(false);
    expect(tooltip().textContent).toMatch(/a1$/);
    await update([series("a", flat(7))], { range: { fromMs: 5_000, toMs: 205_000 } });
    expect(tooltip().hidden).toBe(false);
    expect(tooltip().textContent).toMatch(/a7$/);
  });
  it("keeps a drag, whose times are those on which it was drawn", async () => {
    await open([series("a", flat(1))]);
    mouse("mousedown", over(), 0, 50);
    mouse("mousemove", over(), 100, 50);
    await drawn();
    await update([series("a", flat(2))], { range: { fromMs: 100_000, toMs: 300_000 } });
    expect(events.onZoom).not.toHaveBeenCalled();
    mouse("mousemove", over(), 200, 50);
    await drawn();
    mouse("mouseup", document, 200, 50);
    await drawn();
    expect(events.onZoom).toHaveBeenCalledOnce();
    const [zoomed] = events.onZoom.mock.calls[0] as [Range];
    expect(zoomed.fromMs).toBeCloseTo(0, -2);
    expect(zoomed.toMs).toBeCloseTo((200 / Number.parseFloat(over().style.width)) * 200_000, -3);
    // The held back data is drawn now.
    await point(150, 50);
    expect(tooltip().textContent).toMatch(/a2$/);
  });
  it("is another chart only when its axes are others", async () => {
    await open([series("a", flat(1))]);
    const before = canvas();
    await point(100, 50);
    await update([series("a", flat(1))], { config: { defaults: { unit: "bytes" } } });
    expect(canvas()).not.toBe(before);
    expect(document.querySelectorAll("canvas")).toHaveLength(1);
    expect(tooltip().hidden).toBe(false);
    expect(tooltip().textContent).toMatch(/a1 B$/);
  });
});

describe("an exemplar", () => {
  const middle = () => Number.parseFloat(over().style.width) / 2;
  const hover = () => point(middle(), 0);
  it("shows its labels as text, and a click opens it", async () => {
    await open([series("a", flat(1)), exemplars([[100_000, 1_000]], "short")]);
    await hover();
    expect(tooltip().textContent).toMatch(/1 K.*job = <img src=x>.*Click to open the trace/);
    expect(tooltip().querySelector("img")).toBeNull();
    expect(over().dataset.exemplar).toBe("true");
    click(middle(), 0);
    expect(events.onExemplar).toHaveBeenCalledWith(expect.objectContaining({ value: 1_000 }));
  });
  it("beyond the scale is drawn at its edge, with its value", async () => {
    await open([series("a", flat(1)), exemplars([[100_000, 1_000]], "short")]);
    expect(recorded.texts).toContain("1 K");
  });
  it("within the scale is drawn without its value", async () => {
    await open([series("a", flat(1)), exemplars([[100_000, 1.234]], "short")]);
    expect(recorded.texts).not.toContain("1.23");
  });
  it("of another unit has an axis of its own", async () => {
    const state = stateOf([series("a", flat(100)), exemplars([[100_000, 2.5]], "s")]);
    expect(state.model.scales.map(({ unit, side }) => [unit, side])).toEqual([
      ["short", "left"],
      ["", "right"],
    ]);
    await open([series("a", flat(100)), exemplars([[100_000, 2.5]], "s")]);
    expect(recorded.texts.some((text) => / s$/.test(text))).toBe(true);
  });
  it("of a counter, whose unit is unknown, has an axis of its own", () => {
    const { scales, exemplars: found } = stateOf([series("a", flat(100)), exemplars([[100_000, 2.5]])]).model;
    expect(scales.map(({ side }) => side)).toEqual(["left", "right"]);
    expect(found[0]?.scale).toBe(scales[1]?.key);
  });
  it("opens nothing without a trace id", async () => {
    const frame = exemplars([[100_000, 1_000]], "short");
    const fields = frame.fields.map((field) =>
      field.name === "traceId" ? { ...field, values: [null] } : field,
    );
    await open([series("a", flat(1)), { ...frame, fields } as Frame]);
    await hover();
    click(middle(), 0);
    expect(events.onExemplar).not.toHaveBeenCalled();
    expect(tooltip().textContent).not.toMatch(/Click to open/);
  });
  it("has a bounded number of labels", async () => {
    const labels = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`l${at}`, "v"]));
    const frame = exemplars([[100_000, 1_000]], "short");
    const fields = frame.fields.map((field) =>
      field.name === "labels" ? { ...field, values: [labels] } : field,
    );
    await open([series("a", flat(1)), { ...frame, fields } as Frame]);
    await hover();
    expect(tooltip().textContent).toMatch(/and 14 more labels/);
  });
});

describe("a tooltip", () => {
  it("shows names as text", async () => {
    await open([series(MARKUP, flat(1))]);
    await point(100, 50);
    expect(tooltip().textContent).toContain(MARKUP);
    expect(tooltip().querySelector("img")).toBeNull();
  });
  it("has a bounded number of rows, and one in the mode single", async () => {
    const many = Array.from({ length: 30 }, (_, index) => series(`s${index}`, flat(index)));
    await open(many);
    await point(100, 50);
    expect(tooltip().querySelectorAll(".gh-chart-tooltip-row")).toHaveLength(12);
    expect(tooltip().textContent).toMatch(/and 18 more/);
    await update(many, { tooltip: { mode: "single", sort: "desc" } });
    expect(tooltip().querySelectorAll(".gh-chart-tooltip-row")).toHaveLength(1);
  });
  it("has the values of the series, not the sums of their stack", async () => {
    const config = { defaults: { custom: { stacking: { mode: "normal" } } } };
    await open([series("a", flat(1)), series("b", flat(2))], { config });
    await point(100, 50);
    expect(tooltip().textContent).toMatch(/b2a1$/);
  });
});

describe("the pointer of another chart", () => {
  it("moves the crosshair, and opens the tooltip when asked to", async () => {
    await open([series("a", flat(1))]);
    plot?.point(100_000, false);
    await drawn();
    expect(tooltip().hidden).toBe(true);
    expect(document.querySelector<HTMLElement>(".u-cursor-x")?.style.transform).toMatch(/translate\([1-9]/);
    plot?.point(100_000, true);
    await drawn();
    expect(tooltip().textContent).toMatch(/00:01:40a1$/);
    expect(events.onCursor).not.toHaveBeenCalled();
    plot?.point(null, true);
    await drawn();
    expect(tooltip().hidden).toBe(true);
  });
  it("is told where this one is", async () => {
    await open([series("a", flat(1))]);
    await point(0, 50);
    expect(events.onCursor).toHaveBeenLastCalledWith(0);
    mouse("mouseleave", over(), 0, 0);
    expect(events.onCursor).toHaveBeenLastCalledWith(null);
  });
});
