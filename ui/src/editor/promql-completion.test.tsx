import { type Completion, CompletionContext } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { parser } from "@prometheus-io/lezer-promql";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type CompletionSources, clearCache } from "./completions";
import { promql } from "./promql";
import { promqlCompletion } from "./promql-completion";
import { parametersOf } from "./promql-terms";

const LABELS: Record<string, string[]> = {
  "a_total{}": ["__name__", "job", "code"],
  "b{}": ["job", "pod.id"],
};
const asked: unknown[] = [];
const SOURCES: CompletionSources = {
  metrics: async () => [
    { name: "a_total", type: "counter", unit: "", help: "Requests <b>so far</b>." },
    { name: "b", type: "gauge", unit: "bytes", help: "Memory." },
    { name: "c.d", type: "", unit: "", help: "" },
  ],
  labels: async (selectors = []) => {
    asked.push(selectors);
    return [...new Set(selectors.flatMap((selector) => LABELS[selector] ?? ["job"]))];
  },
  labelValues: async (name, selectors = []) => {
    asked.push([name, ...selectors]);
    return ["200", "a.b", 'say "x"'];
  },
};

/** The state of an editor with the cursor at `|`. */
function stateAt(marked: string): EditorState {
  const pos = marked.indexOf("|");
  const doc = marked.replace("|", "");
  return EditorState.create({ doc, selection: { anchor: pos }, extensions: [promql(SOURCES)] });
}

async function complete(marked: string, explicit = true) {
  const state = stateAt(marked);
  const context = new CompletionContext(state, state.selection.main.head, explicit);
  return promqlCompletion(SOURCES).promQL(context);
}

async function labels(marked: string): Promise<string[]> {
  return ((await complete(marked))?.options ?? []).map(({ label }) => label);
}

/** The text after the option with that label is chosen, with the cursor as `|`. */
async function chosen(marked: string, label: string): Promise<string> {
  const found = await complete(marked);
  const option = found?.options.find((candidate) => candidate.label === label);
  if (!found || !option) throw new Error(`${label} is not offered`);
  const view = new EditorView({ state: stateAt(marked) });
  apply(view, option, found.from, found.to ?? view.state.selection.main.head);
  const { doc, selection } = view.state;
  view.destroy();
  const text = doc.toString();
  return `${text.slice(0, selection.main.head)}|${text.slice(selection.main.head)}`;
}

function apply(view: EditorView, option: Completion, from: number, to: number) {
  if (typeof option.apply === "function") return option.apply(view, option, from, to);
  const insert = option.apply ?? option.label;
  view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length } });
}

beforeEach(() => {
  asked.length = 0;
  clearCache();
});

describe("completion of PromQL", () => {
  it("offers metrics with type, help and unit, and functions with parameters", async () => {
    const options = (await complete("sum(a|"))?.options ?? [];
    const find = (label: string) => options.find((option) => option.label === label);
    expect(find("a_total")).toMatchObject({ detail: "counter", info: "Requests <b>so far</b>." });
    expect(find("b")).toMatchObject({ detail: "gauge", info: "Memory.\nUnit: bytes" });
    expect(find("rate")).toMatchObject({
      detail: "(v range-vector)",
      info: expect.stringMatching(/^rate\(v range-vector\)\nCalculate per-second increase/),
    });
    expect(find("histogram_quantile")?.detail).toBe("(φ scalar, v instant-vector)");
    expect(find("topk")?.detail).toBe("(k scalar, v instant-vector)");
  });
  it.each([
    ["a_total{|}", [["a_total{}"]], ["__name__", "job", "code"]],
    ["a_total{co|", [["a_total{}"]], ["__name__", "job", "code"]],
    ["sum by (|) (rate(a_total[5m]))", [["a_total{}"]], ["__name__", "job", "code"]],
    ["sum without (jo|) (a_total)", [["a_total{}"]], ["__name__", "job", "code"]],
    ["sum(a_total) by (|", [["a_total{}"]], ["__name__", "job", "code"]],
    ["a_total / on (|) b", [["a_total{}", "b{}"]], ["__name__", "job", "code", "pod.id"]],
    ["a_total / ignoring (job, |) b", [["a_total{}", "b{}"]], ["__name__", "code", "pod.id"]],
    ["sum by (|)", [[]], []],
  ])("offers the label names of the selected series: %s", async (query, selectors, names) => {
    expect(await labels(query)).toEqual(names);
    expect(asked).toEqual(selectors);
  });
  it.each([
    ['a_total{code="|"}', [["code", "a_total{}"]]],
    ['a_total{code="2|', [["code", "a_total{}"]]],
    ['rate(a_total{job="x", code=~"|"}[5m])', [["code", 'a_total{job="x"}']]],
    ['{code!="|", job="x"}', [["code", '{job="x"}']]],
  ])("offers values within the quotes: %s", async (query, wanted) => {
    expect(await labels(query)).toEqual(["200", "a.b", 'say "x"']);
    expect(asked).toEqual(wanted);
  });
  it("offers no values behind the quotes", async () => {
    expect(await labels('a_total{code="x"|}')).not.toContain("200");
    expect(asked).toEqual([]);
  });
  it.each([
    ["a_total{|}", "code", 'a_total{code="|"}'],
    ["a_total{co|=~'x'}", "code", "a_total{code|=~'x'}"],
    ["b{|}", "pod.id", 'b{"pod.id"="|"}'],
    ["sum by (|) (b)", "pod.id", 'sum by ("pod.id"|) (b)'],
    ['a_total{code="|"}', 'say "x"', 'a_total{code="say \\"x\\"|"}'],
    ["su|", "sum", "sum(|)"],
    ["rat|(x[5m])", "rate", "rate|(x[5m])"],
    ["tim|", "time", "time()|"],
    ["c|", "c.d", '{"c.d"}|'],
    ["rate(x[|])", "$__rate_interval", "rate(x[$__rate_interval|])"],
    ["rate(x[5|])", "5m", "rate(x[5m|])"],
  ])("%s and %s", async (query, label, expected) => {
    expect(await chosen(query, label)).toBe(expected);
  });
  it("completes each alternative of a pattern, as text", async () => {
    const state = EditorState.create({ doc: 'a{code=~"200|x"}', extensions: [promql(SOURCES)] });
    const found = await promqlCompletion(SOURCES).promQL(new CompletionContext(state, 14, true));
    expect(found).toMatchObject({ from: 13, to: 14 });
    expect(found?.options.map(({ apply }) => apply)).toEqual(["200", "a\\\\.b", 'say \\"x\\"']);
  });
  it("says nothing in a place where any word can stand", async () => {
    expect(await complete("a_total |", false)).toBeNull();
    expect(await complete("a_total > 5|", false)).toBeNull();
  });
  it("works without the server", async () => {
    const failing = vi.fn(async () => {
      throw new Error("offline");
    });
    const sources = { metrics: failing, labels: failing, labelValues: failing };
    const state = stateAt("ra|");
    const found = await promqlCompletion(sources).promQL(new CompletionContext(state, 2, true));
    expect(found?.options.map(({ label }) => label)).toContain("rate");
  });
  it("knows the parameters of every function of the grammar", () => {
    const node = (query: string, name: string) => parser.parse(query).toString().includes(name);
    for (const name of ["rate", "ts_of_max_over_time", "info", "topk", "group"])
      expect([node(`${name}(x)`, "⚠"), parametersOf(name) !== undefined]).toEqual([false, true]);
    expect(parametersOf("no_such_function")).toBeUndefined();
  });
});
