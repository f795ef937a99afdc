import { afterEach, describe, expect, it, vi } from "vitest";
import { lastAnswer } from "../source";
import { tracesOf } from "../traces";
import { type TempoQuery, tempo } from "./tempo";

interface Trace {
  durationNs: number;
  errors: number;
  spans: number;
}

const SELECT = "\n| select(traceDuration)";

/** A server that answers, as Tempo does, with the newest of the traces that match. Durations are whole milliseconds. */
function stubTempo(traces: Trace[], selects = true) {
  const queries: string[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    const given = new URL(url, "http://x").searchParams;
    const q = given.get("q") ?? "";
    queries.push(q);
    if (!selects && q.includes("select")) return new Response("syntax error", { status: 400 });
    const within = (name: string, value: number) => {
      const [, above = "-1", upTo = "Infinity"] =
        new RegExp(`${name} > (\\d+)(?:ns)?(?:.*?<= (\\d+))?`).exec(q) ?? [];
      return value > Number(above) && value <= Number(upTo);
    };
    const found = traces
      .map((trace, index) => ({ ...trace, index }))
      .filter(
        (trace) =>
          within("traceDuration", trace.durationNs) &&
          within("status = error } \\| count\\(\\)", trace.errors) &&
          within("{} \\| count\\(\\)", trace.spans),
      )
      .reverse()
      .slice(0, Math.min(1_000, Number(given.get("limit"))));
    return Response.json({
      traces: found.map(({ index, durationNs, ...trace }) => ({
        traceID: index.toString(16),
        startTimeUnixNano: `17950000000${String(index).padStart(8, "0")}`,
        durationMs: Math.floor(durationNs / 1e6),
        spanSets: [
          {
            matched: 1,
            spans: selects
              ? [{ attributes: [{ key: "traceDuration", value: { intValue: String(durationNs) } }] }]
              : [],
          },
        ],
        serviceStats: { api: { spanCount: trace.spans, errorCount: trace.errors } },
      })),
    });
  });
  return queries;
}

const ask = async (query: TempoQuery) => {
  const request = { query, range: { fromMs: 0, toMs: 60_000 }, intervalMs: 1_000 };
  return tracesOf(await lastAnswer(tempo.query(request, new AbortController().signal)));
};

// The largest are the oldest, which is the worst case of a server that finds the newest.
const many = Array.from({ length: 9_000 }, (_, index) => ({
  durationNs: (9_000 - index) * 250_000,
  errors: index === 3 ? 7 : index % 2,
  spans: index === 5 ? 4_000 : 1,
}));

afterEach(() => vi.unstubAllGlobals());

describe("a search for traces", () => {
  it("finds the longest of the range, not the longest of the newest", async () => {
    const queries = stubTempo(many);
    const found = await ask({ query: "{}", limit: 3, largest: "duration" });
    expect(found.map(({ durationMs }) => durationMs)).toEqual([2_250, 2_249.75, 2_249.5]);
    expect(queries.length).toBeLessThan(20);
  });
  it("finds as many of the longest as one search can answer with", async () => {
    stubTempo(many);
    const found = await ask({ query: "{}", limit: 1_000, largest: "duration" });
    expect([found.length, found.at(0)?.durationMs, found.at(-1)?.durationMs]).toEqual([
      1_000, 2_250, 2_000.25,
    ]);
  });
  it("finds those with most errors, and with most spans", async () => {
    stubTempo(many);
    expect((await ask({ query: "{}", limit: 2, largest: "errors" })).map((one) => one.errorCount)).toEqual([
      7, 1,
    ]);
    expect((await ask({ query: "{}", limit: 2, largest: "spans" })).map((one) => one.spanCount)).toEqual([
      4_000, 1,
    ]);
  });
  it("keeps the conditions of the query, whatever they are", async () => {
    const queries = stubTempo(many);
    await ask({ query: '{ .a = "b" } | count() > 1 // ok', limit: 1, largest: "duration" });
    await ask({ query: "{} with (most_recent=true)", limit: 1, largest: "duration" });
    const above = (query: string) => query.replace(/\d+ns/, "Xns");
    expect(queries.map(above)).toEqual(
      expect.arrayContaining([
        `({ .a = "b" } | count() > 1 // ok\n) && ({ traceDuration > Xns })${SELECT}`,
        `({}\n) && ({ traceDuration > Xns })${SELECT} with (most_recent=true)`,
      ]),
    );
  });
  it("tells durations below a millisecond", async () => {
    stubTempo([{ durationNs: 274_301, errors: 0, spans: 1 }]);
    expect(await ask({ query: "{}", limit: 5 })).toMatchObject([{ durationMs: 0.274301 }]);
  });
  it("asks the query itself when the server rejects what is added to it", async () => {
    const queries = stubTempo(many, false);
    expect(await ask({ query: "{}", limit: 1, largest: "duration" })).toHaveLength(1);
    expect(queries.slice(0, 2)).toEqual([`{}${SELECT}`, "{}"]);
  });
});
