import { describe, expect, it } from "vitest";
import { valueTicks } from "./ticks";

describe("the ticks of values", () => {
  it.each<[number, number, number, number[]]>([
    [0, 10, 5, [0, 2, 4, 6, 8, 10]],
    [0.1, 0.35, 5, [0.1, 0.15, 0.2, 0.25, 0.3, 0.35]],
    [-30, 70, 3, [0, 50]],
    [1e9, 1e9 + 4, 4, [1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4]],
    [5, 5, 5, []],
    [0, Number.POSITIVE_INFINITY, 5, []],
    [Number.NaN, 1, 5, []],
  ])("from %d to %d are about %d round ones", (min, max, count, expected) =>
    expect(valueTicks(min, max, count)).toEqual(expected),
  );
});
