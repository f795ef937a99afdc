import { describe, expect, it } from "vitest";
import { readAnswer } from "../api/prometheus";
import type { Frame } from "./frame";
import { seriesTable } from "./series-table";
import { seriesFrames } from "./sources/prometheus";

/** The table of queries and their answers, by columns and rows. */
function resultTable(queries: { letter: string; frames: Frame[] }[]) {
  const { frame, ...rest } = seriesTable(
    queries.flatMap(({ letter, frames }) => frames.map((one) => ({ ...one, refId: letter }))),
  );
  const rows = Array.from({ length: frame.length }, (_, row) =>
    frame.fields.map(({ values }) => values[row]),
  );
  return { columns: frame.fields, rows, ...rest };
}
const framesOf = (data: unknown) => seriesFrames(readAnswer({ data }), "q");
const vector = (result: unknown[]) => framesOf({ resultType: "vector", result });

describe("the table of instant results", () => {
  it("has a column for each label, the name and job first", () => {
    const frames = vector([
      { metric: { __name__: "up", job: "a", env: "x" }, value: [5, "1"] },
      { metric: { __name__: "up", job: "b", zone: "z" }, value: [5, "0"] },
    ]);
    const table = resultTable([{ letter: "A", frames }]);
    expect(table.columns.map(({ name }) => name)).toEqual(["__name__", "job", "env", "zone", "value"]);
    expect(table.rows).toEqual([
      ["up", "a", "x", "", 1],
      ["up", "b", "", "z", 0],
    ]);
  });
  it("names the query when there are several", () => {
    const frames = vector([{ metric: {}, value: [5, "1"] }]);
    const table = resultTable([
      { letter: "A", frames },
      { letter: "B", frames },
    ]);
    expect(table.rows).toEqual([
      ["A", 1],
      ["B", 1],
    ]);
  });
  it("lists all samples of a range selector with their times", () => {
    const values = [
      [1, "10"],
      [2, "11"],
    ];
    const frames = framesOf({ resultType: "matrix", result: [{ metric: { a: "b" }, values }] });
    const table = resultTable([{ letter: "A", frames }]);
    expect(table.columns.map(({ name }) => name)).toEqual(["a", "time", "value"]);
    expect(table.rows).toEqual([
      ["b", 1_000, 10],
      ["b", 2_000, 11],
    ]);
    expect(table).toMatchObject({ total: 2, series: 1 });
  });
  it("keeps further labels in one column", () => {
    const metric = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`l${10 + at}`, "v"]));
    const table = resultTable([{ letter: "A", frames: vector([{ metric, value: [5, "1"] }]) }]);
    expect(table.columns).toHaveLength(18);
    expect(table.rows[0]?.[16]).toBe('{l26="v", l27="v", l28="v", l29="v"}');
  });
  it("shows a string, and no more rows than it can", () => {
    const text = framesOf({ resultType: "string", result: [5, "hello"] });
    expect(resultTable([{ letter: "A", frames: text }]).rows).toEqual([["hello"]]);
    const many = vector(
      Array.from({ length: 20_100 }, (_, at) => ({ metric: { a: String(at) }, value: [5, "1"] })),
    );
    const table = resultTable([{ letter: "A", frames: many }]);
    expect([table.rows.length, table.total]).toEqual([20_000, 20_100]);
  });
});
