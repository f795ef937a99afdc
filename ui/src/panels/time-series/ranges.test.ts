import { describe, expect, it } from "vitest";
import type { Scale } from "./model";
import { extent } from "./ranges";

const SCALE: Scale = {
  key: "y",
  unit: "",
  side: "left",
  label: "",
  distribution: { type: "log", base: 10 },
  min: null,
  max: null,
  softMin: null,
  softMax: null,
  centeredZero: false,
  thresholds: null,
  grid: null,
  color: null,
  format: String,
  reach: null,
};

describe("a logarithmic scale", () => {
  it.each([
    ["a fixed minimum of 0", { min: 0 }, [1, 1_000]],
    ["a fixed minimum below 0", { min: -5 }, [1, 1_000]],
    ["a fixed minimum above 0", { min: 0.5 }, [0.5, 1_000]],
  ])("has positive ends with %s", (_name, fixed, expected) => {
    expect(extent({ ...SCALE, ...fixed }, 2, 500)).toEqual(expected);
  });
});
