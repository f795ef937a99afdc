import { describe, expect, it } from "vitest";
import { diffLines, withContext } from "./diff";

const SIGNS = { same: " ", removed: "-", added: "+" };
const diff = (before: string, after: string) =>
  diffLines([...before].join("\n"), [...after].join("\n")).map(({ kind, text }) => SIGNS[kind] + text);

describe("the difference of two texts", () => {
  it.each([
    ["abc", "abc", [" a", " b", " c"]],
    ["abc", "axc", [" a", "-b", "+x", " c"]],
    ["ac", "abc", [" a", "+b", " c"]],
    ["abc", "ac", [" a", "-b", " c"]],
    ["abcabba", "cbabac", ["-a", "-b", " c", "+b", " a", " b", "-b", " a", "+c"]],
  ])("of %s and %s", (before, after, expected) => expect(diff(before, after)).toEqual(expected));

  it("makes each text of the other", () => {
    let seed = 7;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed;
    };
    const text = () => Array.from({ length: random() % 30 }, () => "abcd"[random() % 4]).join("\n");
    for (let round = 0; round < 300; round += 1) {
      const [before, after] = [text(), text()];
      const lines = diffLines(before, after);
      const of = (kind: "removed" | "added") =>
        lines.filter((line) => line.kind === "same" || line.kind === kind).map((line) => line.text);
      expect(of("removed").join("\n")).toBe(before);
      expect(of("added").join("\n")).toBe(after);
    }
  });

  it("shows the lines around each change", () => {
    const lines = diffLines([..."abcdefghij"].join("\n"), [..."abcdeXghij"].join("\n"));
    expect(withContext(lines, 1).map((line) => line && SIGNS[line.kind] + line.text)).toEqual([
      null,
      " e",
      "-f",
      "+X",
      " g",
      null,
    ]);
  });
});
