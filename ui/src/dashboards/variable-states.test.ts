import { afterEach, describe, expect, it, vi } from "vitest";
import type { DataSourceEntry } from "../api/generated";
import { filterByRegex, sortOptions } from "./option-order";
import { readDashboard } from "./read";
import { filterTexts } from "./scope";
import { chosenOf, dependencyOrder, givenIn, resolveVariables, searchOf } from "./variable-states";
import { readVariables } from "./variables";

afterEach(() => vi.unstubAllGlobals());

/** Answers of the server by the end of their paths; also the requests, with their parameters. */
function stubServer(answers: Record<string, unknown>): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (path: string, { body }: RequestInit) => {
    asked.push(decodeURIComponent(`${path} ${body ?? ""}`).replaceAll("+", " "));
    const found = Object.entries(answers).find(([end]) => path.split("?")[0]?.endsWith(end));
    return found ? Response.json(found[1]) : Response.json({ error: "no such label" }, { status: 400 });
  });
  return asked;
}

function resolved(list: object[], given = {}, dataSources: DataSourceEntry[] = []) {
  const dashboard = readDashboard({ title: "T", templating: { list } });
  const context = {
    dashboard,
    scoped: {},
    raw: { from: "now-1h", to: "now" },
    range: { fromMs: 0, toMs: 3_600_000 },
    dataSources,
  };
  return resolveVariables(context, given);
}

const values = async (list: object[], given?: object, dataSources?: DataSourceEntry[]) =>
  Object.values(await resolved(list, given, dataSources)).map(({ options, chosen }) => [
    options.map(({ value }) => value),
    chosen.values,
  ]);

describe("the options of a variable", () => {
  it("are those that its query finds, with the variables before it", async () => {
    const asked = stubServer({
      "job/values": { data: ["b", "a", "a"] },
      "instance/values": { data: ["h:1", "h:2"] },
    });
    const found = await values([
      {
        name: "instance",
        type: "query",
        query: 'label_values(up{job=~"$job"}, instance)',
        includeAll: true,
        regex: "/(h):/",
        refresh: 2,
      },
      { name: "job", type: "query", query: { query: "label_values(job)", refId: "x" }, multi: true, sort: 1 },
    ]);
    expect(found).toEqual([
      [["h"], ["$__all"]],
      [["a", "b"], ["a"]],
    ]);
    expect(asked[1]).toContain('match[]=up{job=~"a"}');
  });

  it("are series of an expression, names of metrics, or of labels", async () => {
    const series = {
      data: { resultType: "vector", result: [{ metric: { __name__: "x", a: "b" }, value: [1, "2"] }] },
    };
    stubServer({ "/query": series, "/labels": { data: ["a"] }, "__name__/values": { data: ["x_total"] } });
    const query = (name: string, text: string) => ({ name, type: "query", query: text });
    expect(
      await values([
        query("a", "query_result(x)"),
        query("b", "label_names()"),
        query("c", "metrics(x)"),
        query("d", "x"),
      ]),
    ).toEqual([
      [['x{a="b"} 2 1000'], ['x{a="b"} 2 1000']],
      [["a"], ["a"]],
      [["x_total"], ["x_total"]],
      [['x{a="b"}'], ['x{a="b"}']],
    ]);
  });

  it("are labels of logs, tags of traces, services of Jaeger and rows of SQL", async () => {
    const asked = stubServer({
      "app/values": { data: ["web"] },
      "tag/name/values": { tagValues: [{ value: "GET" }] },
      "/services": { data: ["api"] },
      "/sql": { columns: [{ name: "x", type: "Utf8" }], rows: [{ x: "row" }], truncated: false },
    });
    const query = (type: string, given: unknown) => ({
      name: type,
      type: "query",
      datasource: { type },
      query: given,
    });
    expect(
      await values([
        query("loki", { type: 1, label: "app", stream: '{a="b"}' }),
        query("tempo", { type: 1, label: "name" }),
        query("jaeger", "services"),
        query("mysql", "SELECT x FROM spans WHERE $__timeFilter(time)"),
      ]),
    ).toEqual([
      [["web"], ["web"]],
      [["GET"], ["GET"]],
      [["api"], ["api"]],
      [["row"], ["row"]],
    ]);
    expect(asked[0]).toContain('query={a="b"}');
  });
});

describe("the options", () => {
  it("are unknown when the query fails, and the saved choice remains", async () => {
    stubServer({});
    const current = { value: ["x"], text: ["x"] };
    const found = await resolved([{ name: "a", type: "query", query: "label_values(a)", current }]);
    expect(found.a).toMatchObject({ chosen: { values: ["x"] }, error: "no such label" });
  });

  it("are data sources of a type, or the type itself", async () => {
    const entry = { uid: "", type: "loki", is_default: false, time_interval: "" };
    const sources = [
      { ...entry, name: "logs-a" },
      { ...entry, name: "logs-b" },
    ];
    const variable = { name: "ds", type: "datasource", query: "loki", regex: "/b$/" };
    expect(await values([variable], {}, sources)).toEqual([[["logs-b"], ["logs-b"]]]);
    expect(await values([variable])).toEqual([[["loki"], ["loki"]]]);
  });

  it("are intervals, of which `auto` depends on the range", async () => {
    const interval = {
      name: "i",
      type: "interval",
      query: "1m,10m",
      auto: true,
      auto_count: 10,
      current: { value: "$__auto_interval_old" },
    };
    expect(await values([interval])).toEqual([[["$__auto_interval_i", "1m", "10m"], ["$__auto_interval_i"]]]);
  });
});

describe("a choice", () => {
  const [variable] = readVariables([
    { name: "v", type: "custom", query: "a : 1, b, c\\,d", multi: true, includeAll: true },
  ]);
  if (!variable) throw new Error("no variable");
  const options = variable.options;
  it.each([
    [["b", "c,d"], { values: ["b", "c,d"], texts: ["b", "c,d"] }],
    [["a"], { values: ["1"], texts: ["a"] }],
    [["other"], { values: ["other"], texts: ["other"] }],
    [["All"], { values: ["$__all"], texts: ["All"] }],
    [undefined, { values: ["$__all"], texts: ["All"] }],
  ])("of %j in the URL is %j", (given, expected) => {
    expect(chosenOf(variable, options, given)).toEqual(expected);
  });
  it("is written into the URL and read from it", () => {
    const search = searchOf(variable, ["a", "b"]);
    expect(search).toEqual({ "var-v": ["a", "b"] });
    expect(givenIn({ ...search, "var-x": "y", from: "now" })).toEqual({ v: ["a", "b"], x: ["y"] });
    expect(searchOf({ ...variable, skipUrlSync: true }, ["a"])).toEqual({});
  });
  it("of filters is written with bars", async () => {
    expect(filterTexts([{ key: "k", operator: "=~", value: "a|b" }])).toEqual(["k|=~|a__gfp__b"]);
    expect(filterTexts([{ key: "k", operator: "=|", value: "a|b" }])).toEqual(["k|=__gfp__|a|b"]);
    const found = await resolved([{ name: "f", type: "adhoc" }], {
      f: ["k|=~|a__gfp__b", "bad", "k|!=__gfp__|a|b__gfc__c"],
    });
    expect(found.f?.variable.filters).toEqual([
      { key: "k", operator: "=~", value: "a|b" },
      { key: "bad", operator: "=", value: "" },
      { key: "k", operator: "!=|", value: "a|b,c" },
    ]);
  });
  it.each([
    [undefined, ["a"], [{ key: "k", operator: "=", value: "v" }]],
    [
      ["b", "c"],
      ["b", "c"],
      [
        { key: "b", operator: "=", value: "" },
        { key: "c", operator: "=", value: "" },
      ],
    ],
    // Without the empty text the saved ones would be back.
    [searchOf(variable, [])["var-v"], [], []],
  ])("of labels that are %j in the URL are %j", async (given, labels, filters) => {
    const saved = [{ key: "k", operator: "=", value: "v" }];
    const list = [
      { name: "by", type: "groupby", current: { value: ["a"] } },
      { name: "f", type: "adhoc", filters: saved },
    ];
    const found = await resolved(list, given ? { by: given, f: given } : {});
    expect([found.by?.chosen.values, found.f?.variable.filters]).toEqual([labels, filters]);
  });
});

describe("options", () => {
  const of = (...texts: string[]) => texts.map((text) => ({ text, value: text }));
  it.each([
    ["/^a/", ["ab", "ba"], ["ab"]],
    ["a.", ["ab", "abc"], ["ab"]],
    ["/(\\d)/", ["a1b2", "c"], ["1", "2"]],
    ["/(?<text>\\w)=(?<value>\\w)/", ["x=y"], ["y"]],
    ["/(!?^\\w+-((?!billing|\\d).)*$)/", ["x-y", "x-billing"], ["x-y"]],
    ["/[^\\d]/", ["a", "1"], ["a"]],
  ])("with the pattern %s of %j are %j", (source, given, expected) => {
    expect(filterByRegex(of(...given), source, "value").map(({ value }) => value)).toEqual(expected);
  });
  it("with a pattern that cannot be read have a message", () => {
    expect(() => filterByRegex(of("a"), "/(/", "value")).toThrow(
      "The regular expression /(/ cannot be read.",
    );
  });
  it.each([
    ["alphabeticalDesc" as const, ["b", "a", "B"]],
    ["numericalAsc" as const, ["a", "b", "B"]],
    ["alphabeticalCaseInsensitiveAsc" as const, ["a", "b", "B"]],
    ["disabled" as const, ["a", "b", "B"]],
  ])("in the order %s are %j", (sort, expected) => {
    expect(sortOptions(of("a", "b", "B"), sort).map(({ text }) => text)).toEqual(expected);
  });
  it("are ordered by the numbers in them", () => {
    expect(sortOptions(of("n10", "n9", "x"), "numericalAsc").map(({ text }) => text)).toEqual([
      "x",
      "n9",
      "n10",
    ]);
    expect(sortOptions(of("n10", "n9"), "naturalAsc").map(({ text }) => text)).toEqual(["n9", "n10"]);
  });
});

describe("variables", () => {
  it("come after those that they depend on, also in a cycle", () => {
    const query = (name: string, text: string) => ({ name, type: "query", query: text });
    const variables = readVariables([
      query("a", "$b"),
      query("b", "[[c]]"),
      query("c", "x"),
      query("d", "$e"),
      query("e", "$d"),
    ]);
    expect(dependencyOrder(variables).map((group) => group.map(({ name }) => name))).toEqual([
      ["c"],
      ["b"],
      ["a"],
      ["d"],
      ["e"],
    ]);
  });
});
