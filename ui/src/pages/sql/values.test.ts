import { describe, expect, it } from "vitest";
import { sqlFrame, sqlName, toCsv, toJson, withTimeRange } from "./values";

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
  const CONDITION =
    "start_time >= TIMESTAMP '1970-01-01 00:00:00.000' AND start_time < TIMESTAMP '1970-01-01 00:00:01.000'";
  it.each([
    ["SELECT * FROM spans", `SELECT * FROM spans\nWHERE ${CONDITION}`],
    ["SELECT * FROM spans LIMIT 5", `SELECT * FROM spans\nWHERE ${CONDITION}\nLIMIT 5`],
    [
      "SELECT a FROM spans WHERE b = 1 GROUP BY a",
      `SELECT a FROM spans WHERE b = 1\n  AND ${CONDITION}\nGROUP BY a`,
    ],
    ["SELECT * FROM logs;", `SELECT * FROM logs\nWHERE ${CONDITION.replaceAll("start_time", "timestamp")}`],
  ])("%s takes the time range", (query, expected) => expect(withTimeRange(query, 0, 1_000)).toBe(expected));
  it("quotes names that are not plain identifiers", () => {
    expect([sqlName("trace_id"), sqlName('A"b')]).toEqual(["trace_id", '"A""b"']);
  });
});
