import { describe, expect, it } from "vitest";
import { colorOf, colorsOf } from "./colors";

const NAMES = ["alex-agent", "llm-gateway", "tool-runner", "billing", "web", "postgres", "redis", "worker"];
const shuffled = (names: string[]) => [...names].reverse();

describe("the colour of a name", () => {
  it("depends on the name alone, in every view and browser", () => {
    // A change of these would give all users other colours.
    expect(["alex-agent", "llm-gateway"].map(colorOf)).toEqual(["var(--gh-series-1)", "var(--gh-series-12)"]);
  });
  it("differs within a chart while there are colours left", () => {
    const colors = colorsOf(NAMES);
    expect(new Set(colors.values()).size).toBe(NAMES.length);
  });
  it("does not depend on the order of the names, nor on what was shown before", () => {
    colorsOf(["first", "visit"]);
    const colors = colorsOf(NAMES);
    const again = colorsOf(shuffled(NAMES));
    for (const name of NAMES) expect(again.get(name)).toBe(colors.get(name));
  });
  it("is its own where no other name of the chart has the same", () => {
    const colors = colorsOf(NAMES);
    for (const name of NAMES) {
      const rivals = NAMES.filter((other) => colorOf(other) === colorOf(name));
      if (rivals.length === 1) expect(colors.get(name)).toBe(colorOf(name));
    }
  });
  it("is used evenly when there are more names than colours", () => {
    const many = Array.from({ length: 100 }, (_, index) => `series ${index}`);
    const uses = new Map<string, number>();
    for (const color of colorsOf(many).values()) uses.set(color, (uses.get(color) ?? 0) + 1);
    expect(new Set(uses.values())).toEqual(new Set([10]));
  });
  it("is not a red, which means an error", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => colorOf(`n${index}`));
    expect(many).not.toContain("var(--gh-series-7)");
    expect(many).not.toContain("var(--gh-series-10)");
  });
});
