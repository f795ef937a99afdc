import { describe, expect, it } from "vitest";
import { withTimeFilter } from "./time-filter";

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
