import { describe, expect, it } from "vitest";
import { toCsv, toJson } from "./values";

const ANSWER = {
  columns: [
    { name: "a", type: "text" },
    { name: 'b,"c"', type: "map" },
  ],
  rows: [
    ['x,"y"', null],
    ["line\nbreak", { k: 1 }],
  ],
};

describe("SQL answers", () => {
  it("become CSV", () => {
    expect(toCsv(ANSWER)).toBe('a,"b,""c"""\r\n"x,""y""",\r\n"line\nbreak","{""k"":1}"');
  });
  it("become JSON", () => {
    expect(JSON.parse(toJson(ANSWER))).toEqual([
      { a: 'x,"y"', 'b,"c"': null },
      { a: "line\nbreak", 'b,"c"': { k: 1 } },
    ]);
  });
});
