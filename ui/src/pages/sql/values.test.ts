import { describe, expect, it } from "vitest";
import { sqlFrame, sqlName, toCsv, toJson } from "./values";

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
  it("become a frame with the types of the columns", () => {
    const columns = [...ANSWER.columns, { name: "n", type: "int64" }];
    const { fields, length } = sqlFrame({ columns, rows: ANSWER.rows.map((row, index) => [...row, index]) });
    expect(length).toBe(2);
    expect(fields.map(({ name, type, config }) => [name, type, config.custom?.type])).toEqual([
      ["a", "other", "text"],
      ['b,"c"', "other", "map"],
      ["n", "number", "int64"],
    ]);
    expect(fields[2]?.values).toEqual([0, 1]);
  });
  it("have no zeros at the end of a decimal", () => {
    const rows = ["0.0288781000000000", "12.000", "120", null].map((value) => [value]);
    const { fields } = sqlFrame({ columns: [{ name: "a", type: "decimal128(38, 16)" }], rows });
    expect(fields[0]?.values).toEqual(["0.0288781", "12", "120", null]);
  });
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

describe("the query", () => {
  it("quotes names that are not plain identifiers", () => {
    expect([sqlName("trace_id"), sqlName('A"b')]).toEqual(["trace_id", '"A""b"']);
  });
});
