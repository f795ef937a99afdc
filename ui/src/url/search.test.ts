import { describe, expect, it } from "vitest";
import { metricQuery, serviceMetrics, traceLogs } from "./links";
import { oneOf, parseSearch, stringifySearch, text, texts, whole } from "./search";
import { traceIdIn, traceIdOf } from "./trace-id";

const ID = "0af7651916cd43dd8448eb211c80319c";

describe("search parameters", () => {
  it.each([
    {},
    { query: '{service_name="a"} |= "x&y=z" | json', from: "now-1h" },
    { expr: ["sum(rate(x[5m]))", "", 'y{a=~"b|c"} + 1'], off: "A,B" },
    { q: "100%", find: "ä 日本 +" },
  ])("come back as they were written: %j", (search) => {
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });
  it("omit undefined values", () => {
    expect(stringifySearch({ a: undefined, b: null, c: [] })).toBe("");
  });
  it("are limited in length and number", () => {
    expect(String(parseSearch(`?q=${"x".repeat(100_000)}`).q)).toHaveLength(32_768);
    expect(parseSearch(`?${"e=1&".repeat(2_000)}`).e).toHaveLength(1_000);
  });
  it("are validated", () => {
    expect(text(["a", "b"])).toBe("a");
    expect(text("")).toBeUndefined();
    expect(text({ a: 1 })).toBeUndefined();
    expect(texts("a")).toEqual(["a"]);
    expect(texts([1, "a", null])).toEqual(["a"]);
    expect(whole("5000000", 1, 1_000)).toBe(1_000);
    expect(whole("-1", 1, 1_000)).toBeUndefined();
    expect(oneOf("dark", ["dark", "light"])).toBe("dark");
    expect(oneOf("<b>", ["dark", "light"])).toBeUndefined();
  });
});

describe("a trace id", () => {
  it.each([
    [ID, ID],
    [` ${ID.toUpperCase()} `, ID],
    [`00-${ID}-b7ad6b7169203331-01`, ID],
    [`http://localhost:16686/trace/${ID}?uiFind=x`, ID],
    [`{"trace_id":"${ID}"}`, ID],
    ["8448eb211c80319c", `${"0".repeat(16)}8448eb211c80319c`],
  ])("is found in %s", (given, expected) => expect(traceIdIn(given)).toBe(expected));
  it.each(["", "hello", "0".repeat(32), `${ID}a`, "b7ad6b71692033"])("is not in %j", (given) => {
    expect(traceIdIn(given)).toBeNull();
  });
  it("is found under any of its names", () => {
    expect(traceIdOf({ a: "b" }, { traceID: ID })).toBe(ID);
    expect(traceIdOf({ trace_id: "none" })).toBeNull();
  });
});

describe("links between signals", () => {
  it("quote what they carry", () => {
    expect(traceLogs('a"b\\', ID, "c")).toBe(`{service_name="a\\"b\\\\"} | trace_id="${ID}" | span_id="c"`);
    expect(serviceMetrics("a.b")).toBe('count by (__name__) ({job=~"(.+/)?a\\\\.b"})');
  });
});

describe("the first query of a metric", () => {
  it("is one for its type", () => {
    const counter = { type: "counter", help: "", unit: "" };
    expect(metricQuery("a_total")).toBe("sum(rate(a_total[$__rate_interval]))");
    expect(metricQuery("a", counter)).toBe("sum(rate(a[$__rate_interval]))");
    expect(metricQuery("a_bucket")).toContain("histogram_quantile(0.95, sum by (le) (rate(a_bucket");
    expect(metricQuery("a.b")).toBe('{"a.b"}');
  });
});
