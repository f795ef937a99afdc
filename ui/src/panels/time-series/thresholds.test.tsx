import type uPlot from "uplot";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { applyFieldConfig, readFieldConfig } from "../../data/field-config";
import { frameOf } from "../../data/frame";
import { modelOf } from "./model";
import { drawThresholdAreas, drawThresholdLines } from "./thresholds";

const steps = [
  { value: null, color: "#00ff00" },
  { value: 50, color: "#ff0000" },
  { value: 500, color: "#0000ff" },
];

/** What is drawn on an axis from 0 to 200, which is 200 pixels high. */
function drawnWith(thresholdsStyle: string, mode = "absolute") {
  const frame = frameOf(
    [
      { name: "Time", type: "time", values: [0], config: {} },
      { name: "Value", type: "number", values: [1], config: {} },
    ],
    { meta: { type: "timeseries" } },
  );
  const config = { thresholds: { mode, steps }, custom: { thresholdsStyle: { mode: thresholdsStyle } } };
  const { scales } = modelOf(applyFieldConfig([frame], readFieldConfig({ defaults: config })), {
    fromMs: 0,
    toMs: 1,
  });
  const drawn: unknown[] = [];
  const ctx = {
    strokeStyle: "",
    save() {},
    restore() {},
    beginPath() {},
    stroke() {},
    moveTo() {},
    setLineDash: (dash: number[]) => drawn.push(dash.length > 0 ? "dashed" : "solid"),
    lineTo: (_x: number, y: number) => drawn.push([ctx.strokeStyle, y]),
    fillRect: (_x: number, y: number, _width: number, height: number) => drawn.push([y, height]),
  };
  const plot = {
    ctx,
    bbox: { left: 0, width: 100 },
    scales: { [scales[0]?.key ?? ""]: { min: 0, max: 200 } },
    valToPos: (value: number) => 200 - value,
  } as unknown as uPlot;
  drawThresholdAreas(plot, scales);
  drawThresholdLines(plot, scales);
  return drawn;
}

describe("thresholds", () => {
  beforeEach(() => void vi.stubGlobal("devicePixelRatio", 1));

  it.each<[string, string, unknown[]]>([
    ["off", "absolute", []],
    ["line", "absolute", ["solid", ["#ff0000", 150]]],
    ["dashed", "absolute", ["dashed", ["#ff0000", 150]]],
    // From 50 to the top of the axis, and below.
    [
      "area",
      "absolute",
      [
        [150, 50],
        [0, 150],
      ],
    ],
    ["line", "percentage", ["solid", ["#ff0000", 100]]],
    ["line+area", "percentage", [[100, 100], [0, 100], "solid", ["#ff0000", 100]]],
  ])("with the style %s and %s values are drawn within the axis", (style, mode, expected) => {
    expect(drawnWith(style, mode)).toEqual(expected);
  });
});
