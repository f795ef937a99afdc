import { describe, expect, it } from "vitest";
import { readLines } from "./line";
import { readLogsOptions } from "./options";
import { shownLines } from "./shown-lines";

const lines = (...texts: [nanos: string, line: string][]) =>
  readLines(texts.map(([nanos, line]) => ({ nanos, line, stream: {}, metadata: {}, parsed: {} })));
const shown = (given: ReturnType<typeof lines>, options: object) =>
  shownLines(given, readLogsOptions(options)).map(({ source, repeats }) => [source.line, repeats]);

describe("the lines of the logs panel", () => {
  const given = lines(["9", "c"], ["100", "e"], ["20", "d"], ["8", "b"]);
  it.each([
    [{}, "edcb"],
    [{ sortOrder: "Descending" }, "edcb"],
    [{ sortOrder: "Ascending" }, "bcde"],
    [{ sortOrder: "<b>" }, "edcb"],
  ])("with %j are %s", (options, expected) => {
    expect(
      shown(given, options)
        .map(([line]) => line)
        .join(""),
    ).toBe(expected);
  });

  it.each([
    [
      "none",
      ["a", "a"],
      [
        ["a", 0],
        ["a", 0],
      ],
    ],
    [
      "exact",
      ["a", "a", "b", "a"],
      [
        ["a", 1],
        ["b", 0],
        ["a", 0],
      ],
    ],
    ["exact", ["2026-11-20T15:04:05.123Z a", "2026-11-20T15:04:06Z a"], [["2026-11-20T15:04:05.123Z a", 1]]],
    [
      "exact",
      ["took 1", "took 2"],
      [
        ["took 1", 0],
        ["took 2", 0],
      ],
    ],
    [
      "numbers",
      ["took 1 ms", "took 22 ms", "lost 3"],
      [
        ["took 1 ms", 1],
        ["lost 3", 0],
      ],
    ],
    [
      "signature",
      ["a: b", "cc: dd", "a b"],
      [
        ["a: b", 1],
        ["a b", 0],
      ],
    ],
  ])("with the deduplication %s are of %j", (dedupStrategy, texts, expected) => {
    const nanos = (index: number) => String(100 - index);
    const read = lines(...texts.map((text, index): [string, string] => [nanos(index), text]));
    expect(shown(read, { dedupStrategy })).toEqual(expected);
  });
});
