import { expect, it } from "vitest";
import { parseGradient } from "./gradient";

it.each([
  [
    "linear-gradient(120deg, rgb(1, 2, 3), color(srgb 0 0 0 / 0.5))",
    120,
    ["rgb(1, 2, 3) 0", "color(srgb 0 0 0 / 0.5) 1"],
  ],
  ["linear-gradient(to right, red 20%, blue 80%)", 90, ["red 0.2", "blue 0.8"]],
  ["linear-gradient(red, lime, blue)", 180, ["red 0", "lime 0.5", "blue 1"]],
])("the gradient %s is read", (text, degrees, stops) => {
  const found = parseGradient(text);
  expect(Math.round(((found?.angle ?? 0) * 180) / Math.PI)).toBe(degrees);
  expect(found?.stops.map(({ at, color }) => `${color} ${at}`)).toEqual(stops);
});

it.each(["none", "", "url(x.png)", "radial-gradient(red, blue)"])("%j is no gradient", (text) => {
  expect(parseGradient(text)).toBeNull();
});
