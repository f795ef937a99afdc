import { afterEach, describe, expect, it, vi } from "vitest";
import { lastAnswer } from "../source";
import { sql, sqlFrame } from "./sql";
import { followsRange, interpolate, writtenPosition } from "./sql-macros";

const RANGE = { fromMs: 0, toMs: 1_000 };
const FROM = "TIMESTAMP '1970-01-01 00:00:00.000'";
const TO = "TIMESTAMP '1970-01-01 00:00:01.000'";
const SPANS = "$__timeFilter(start_time)";

afterEach(() => vi.unstubAllGlobals());

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

describe("SQL answers", () => {
  it("become a frame with the types of the columns", () => {
    const columns = [
      { name: "a", type: "text" },
      { name: "m", type: "map" },
      { name: "n", type: "int64" },
    ];
    const rows = [
      ["x", null, 0],
      ["y", { k: 1 }, 1],
    ];
    const { fields, length } = sqlFrame({ columns, rows });
    expect(length).toBe(2);
    expect(fields.map(({ name, type, config }) => [name, type, config.custom?.type])).toEqual([
      ["a", "other", "text"],
      ["m", "other", "map"],
      ["n", "number", "int64"],
    ]);
    expect(fields[2]?.values).toEqual([0, 1]);
  });
  it("have no zeros at the end of a decimal", () => {
    const rows = ["0.0288781000000000", "12.000", "120", null].map((value) => [value]);
    const { fields } = sqlFrame({ columns: [{ name: "a", type: "decimal128(38, 16)" }], rows });
    expect(fields[0]?.values).toEqual(["0.0288781", "12", "120", null]);
  });
  it("answer a query of a panel, in its time range", async () => {
    const sent: unknown[] = [];
    vi.stubGlobal("fetch", async (path: string, { body }: RequestInit) => {
      sent.push(path, JSON.parse(String(body)));
      return Response.json({ columns: [{ name: "n", type: "int64" }], rows: [{ n: 2 }], truncated: true });
    });
    const request = { query: { rawSql: "SELECT n WHERE t > $__timeFrom()" }, range: RANGE, intervalMs: 1 };
    const [frame] = await lastAnswer(sql.query(request, new AbortController().signal));
    expect(sent).toEqual(["/api/sql", { query: `SELECT n WHERE t > ${FROM}` }]);
    expect(frame?.fields[0]?.values).toEqual([2]);
    expect(frame?.meta.notices?.[0]?.text).toMatch(/Rows are missing/);
  });
});
