import { describe, expect, it } from "vitest";
import { followsRange, interpolate, withTimeFilter, writtenPosition } from "./time-filter";

const RANGE = { fromMs: 0, toMs: 1_000 };
const FROM = "TIMESTAMP '1970-01-01 00:00:00.000'";
const TO = "TIMESTAMP '1970-01-01 00:00:01.000'";
const SPANS = "$__timeFilter(start_time)";
const LOGS = "$__timeFilter(timestamp)";

describe("a time filter", () => {
  it.each([
    ["", `SELECT * FROM spans\nWHERE ${SPANS}\nLIMIT 100`],
    ["SELECT * FROM spans", `SELECT * FROM spans\nWHERE ${SPANS}`],
    ["SELECT * FROM spans LIMIT 5", `SELECT * FROM spans\nWHERE ${SPANS}\nLIMIT 5`],
    ["SELECT * FROM logs;", `SELECT * FROM logs\nWHERE ${LOGS}`],
    ['SELECT * FROM "logs"', `SELECT * FROM "logs"\nWHERE ${LOGS}`],
    [
      "SELECT a FROM spans WHERE b = 1 GROUP BY a",
      `SELECT a FROM spans WHERE b = 1\n  AND ${SPANS}\nGROUP BY a`,
    ],
    ["SELECT a FROM spans WHERE a OR b", `SELECT a FROM spans WHERE (a OR b)\n  AND ${SPANS}`],
    [
      "SELECT a FROM spans WHERE a OR b -- or\nLIMIT 5",
      `SELECT a FROM spans WHERE (a OR b) -- or\n  AND ${SPANS}\nLIMIT 5`,
    ],
    [
      "SELECT a FROM spans WHERE (a OR b) AND c = 'x or where limit'",
      `SELECT a FROM spans WHERE (a OR b) AND c = 'x or where limit'\n  AND ${SPANS}`,
    ],
    [
      "SELECT * FROM (SELECT * FROM spans LIMIT 9) WHERE a OR b",
      `SELECT * FROM (SELECT * FROM spans\nWHERE ${SPANS}\nLIMIT 9) WHERE a OR b`,
    ],
    [
      "SELECT * FROM (SELECT * FROM logs WHERE a OR b) ORDER BY 1",
      `SELECT * FROM (SELECT * FROM logs WHERE (a OR b)\n  AND ${LOGS}) ORDER BY 1`,
    ],
    [
      "SELECT extract(hour FROM start_time) FROM spans WHERE a IN (SELECT b FROM logs WHERE c OR d)",
      `SELECT extract(hour FROM start_time) FROM spans WHERE a IN (SELECT b FROM logs WHERE c OR d)\n  AND ${SPANS}`,
    ],
  ])("keeps the meaning of %j", (query, expected) => expect(withTimeFilter(query)).toBe(expected));
  it("is added once, and only to a table that has times", () => {
    expect(withTimeFilter(withTimeFilter("SELECT * FROM logs") ?? "")).toBeNull();
    expect(withTimeFilter("SELECT 1")).toBeNull();
    expect(withTimeFilter("SELECT * FROM information_schema.tables -- FROM spans")).toBeNull();
  });
});

describe("the macros of a query", () => {
  it("become the time range", () => {
    expect(interpolate("a AND $__timeFilter(s.start_time) OR b", RANGE)).toBe(
      `a AND (s.start_time >= ${FROM} AND s.start_time < ${TO}) OR b`,
    );
    expect(interpolate("x BETWEEN $__timeFrom() AND $__timeTo()", RANGE)).toBe(`x BETWEEN ${FROM} AND ${TO}`);
  });
  it("are the only thing that follows the time range", () => {
    expect([followsRange("x < $__timeTo()"), followsRange("$__timeFilter")]).toEqual([true, false]);
  });
  it("do not move the position of an error", () => {
    const query = `SELECT 1\nWHERE ${SPANS} AND foo = 1`;
    const sent = interpolate(query, RANGE).split("\n")[1] ?? "";
    const written = (column: number) => writtenPosition(query, { line: 2, column }, RANGE).column;
    expect(written(1)).toBe(1);
    expect(written(sent.indexOf("AND foo") + 1)).toBe(
      (query.split("\n")[1]?.indexOf("AND foo") as number) + 1,
    );
    expect(written(20)).toBe(7);
  });
});
