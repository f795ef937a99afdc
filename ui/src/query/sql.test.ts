import { describe, expect, it } from "vitest";
import { condition, groupedBy, mapEntry, newest, sqlName, tableBy, withCondition } from "./sql";

describe("SQL", () => {
  it("quotes names and texts", () => {
    expect([sqlName("trace_id"), sqlName('A"b')]).toEqual(["trace_id", '"A""b"']);
    expect(mapEntry("attributes", "it's")).toBe("attributes['it''s']");
  });
  it.each([
    [{ type: "string", text: "o'k" }, true, "c = 'o''k'"],
    [{ type: "number", text: "780177723283783680" }, true, "c = 780177723283783680"],
    [{ type: "bool", text: "true" }, false, "(c IS DISTINCT FROM true)"],
    [{ type: "null", text: "null" }, true, "c IS NULL"],
    [{ type: "null", text: "null" }, false, "c IS NOT NULL"],
  ] as const)("compares %j (%s) with %s", (value, keep, expected) => {
    expect(condition("c", value, keep)).toBe(expected);
  });
  it("filters and groups the rows of any query", () => {
    const once = withCondition("SELECT a FROM b; ", "a = 1");
    expect(once).toBe("SELECT * FROM (\nSELECT a FROM b\n) AS result\nWHERE a = 1");
    expect(withCondition(once, "c = 2")).toBe(`${once}\n  AND c = 2`);
    expect(withCondition(`${once}\nLIMIT 5`, "c = 2")).toContain("LIMIT 5\n) AS result\nWHERE c = 2");
    expect(groupedBy("SELECT a FROM b -- c", "a")).toBe(
      "SELECT a, count(*) AS rows FROM (\nSELECT a FROM b -- c\n) AS result\nGROUP BY 1\nORDER BY rows DESC",
    );
  });
  it("searches tables within the time range of the page", () => {
    expect(newest("logs", "a = 1")).toContain("WHERE $__timeFilter(timestamp)\n  AND a = 1\n");
    expect(tableBy("spans", "attributes['a.b']", "a.b")).toMatch(
      /^SELECT attributes\['a.b'\] AS "a.b", count/,
    );
  });
});
