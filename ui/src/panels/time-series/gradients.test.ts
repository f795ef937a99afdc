import type uPlot from "uplot";
import { describe, expect, it } from "vitest";
import { fadingFill, type ValueColors, valueGradient } from "./gradients";

/** A plot of values from 0 to 10 between the pixels 100 and 0, whose gradients are recorded. */
function plotWith(refuses = false) {
  const drawn: unknown[] = [];
  const gradient = {
    addColorStop: (at: number, color: string) => {
      if (refuses) throw new SyntaxError("no colour");
      drawn.push([at, color.replace("ff", "")]);
    },
  };
  const createLinearGradient = (_x: number, from: number, _right: number, to: number) => {
    drawn.push([from, to]);
    return gradient;
  };
  const plot = {
    bbox: { top: 0, height: 100 },
    scales: { y: { min: 0, max: 10 } },
    ctx: { createLinearGradient },
    valToPos: (value: number) => 100 - value * 10,
  };
  return { plot: plot as unknown as uPlot, drawn };
}

const range = { min: null, max: null };
const steps = [
  { value: Number.NEGATIVE_INFINITY, color: "#aaaaaa" },
  { value: 4, color: "#bbbbbb" },
  { value: 20, color: "#cccccc" },
];

describe("the gradient of values", () => {
  it.each<[string, ValueColors, unknown[]]>([
    [
      "a scheme",
      { kind: "scheme", stops: ["#aaaaaa", "#bbbbbb"], ...range },
      [
        [100, 0],
        [0, "#aaaaaa"],
        [1, "#bbbbbb"],
      ],
    ],
    [
      "a scheme with a range",
      { kind: "scheme", stops: ["#aaaaaa", "#bbbbbb"], min: 5, max: 20 },
      [
        [50, -100],
        [0, "#aaaaaa"],
        [1, "#bbbbbb"],
      ],
    ],
    [
      "thresholds",
      { kind: "thresholds", thresholds: { mode: "absolute", steps }, ...range },
      [
        [100, 0],
        [0, "#aaaaaa"],
        [0.4, "#aaaaaa"],
        [0.4, "#bbbbbb"],
        [1, "#bbbbbb"],
        [1, "#cccccc"],
      ],
    ],
    [
      "thresholds in percent",
      { kind: "thresholds", thresholds: { mode: "percentage", steps: steps.slice(0, 2) }, min: 0, max: 100 },
      [
        [100, 0],
        [0, "#aaaaaa"],
        [0.4, "#aaaaaa"],
        [0.4, "#bbbbbb"],
      ],
    ],
  ])("is that of %s", (_name, colors, expected) => {
    const { plot, drawn } = plotWith();
    valueGradient(plot, "y", colors, 1);
    expect(drawn).toEqual(expected);
  });
  it("is none for a colour that the canvas refuses, and for a scale without values", () => {
    const colors: ValueColors = { kind: "scheme", stops: ["x"], ...range };
    expect(valueGradient(plotWith(true).plot, "y", colors, 1)).toBeNull();
    expect(valueGradient(plotWith().plot, "z", colors, 1)).toBeNull();
    expect(fadingFill(plotWith(true).plot, "x", 1)).toBeNull();
  });
});
