import { describe, expect, it } from "vitest";
import { readTasks, refusal } from "./api";
import { KINDS, type Kind, readEvent } from "./events";
import { pageOf, routeOf, taskPath } from "./routes";
import { apply, newRun, STEPS_MAX } from "./run";
import { cost, duration, totals } from "./words";

const event = (kind: Kind, data: unknown = {}) => readEvent(kind, JSON.stringify(data));

/** What a task with one tool says. */
const TASK: [Kind, unknown][] = [
  [
    "connected",
    { task_id: "t1", session_id: "s1", task: "Weather?", trace_id: "0af7651916cd43dd8448eb211c80319c" },
  ],
  ["iteration", { iteration: 1 }],
  [
    "llm",
    {
      iteration: 1,
      model: "gpt-4o",
      duration_ms: 812,
      input_tokens: 420,
      output_tokens: 30,
      cost_usd: 0.001,
    },
  ],
  ["tool", { tool: "weather", arguments: { city: "Oslo" }, result: "rain", duration_ms: 12, server: "mcp" }],
  ["iteration", { iteration: 2 }],
  ["token", { text: "Take " }],
  ["token", { text: "one." }],
  ["llm", { model: "gpt-4o", duration_ms: 500, input_tokens: 500, output_tokens: 3, cost_usd: 0.002 }],
  ["result", { text: "Take one." }],
  ["done", { outcome: "success", duration_ms: 1400 }],
];
const told = (events: [Kind, unknown][]) => {
  const run = newRun();
  for (const [kind, data] of events) apply(run, event(kind, data));
  return run;
};

describe("a run is told by its events", () => {
  it("to the end", () => {
    const run = told(TASK);
    expect(run).toMatchObject({
      phase: "success",
      task: "Weather?",
      traceId: "0af7651916cd43dd8448eb211c80319c",
    });
    expect(run.steps.map(({ event: { kind }, text }) => [kind, text])).toEqual([
      ["iteration", ""],
      ["llm", ""],
      ["tool", ""],
      ["iteration", ""],
      ["token", "Take one."],
      ["llm", ""],
      ["result", "Take one."],
    ]);
    expect(totals(run.totals)).toEqual([
      "2 iterations",
      "2 LLM calls",
      "1 tool call",
      "920 in · 33 out tokens",
      "$0.003",
      "1.4 s",
    ]);
    expect(run.steps[2]?.event).toMatchObject({
      title: "weather",
      input: '{"city":"Oslo"}',
      output: "rain",
      facts: [["server", "mcp"]],
    });
  });
  it.each([
    [[["done", { outcome: "cancelled" }]], "cancelled"],
    [[["done", {}]], "success"],
    [
      [
        ["error", { class: "rate_limit", message: "slow down" }],
        ["done", {}],
      ],
      "error",
    ],
    [[["iteration", {}]], "running"],
    [[], "connecting"],
  ] as [[Kind, unknown][], string][])("%j is %s", (events, phase) => expect(told(events).phase).toBe(phase));
  it("a tool that fails says why", () => {
    expect(event("tool", { tool: "read", error: "no such file" })).toMatchObject({
      isError: true,
      output: "no such file",
    });
  });
  it("and has a bound", () => {
    const run = told(Array.from({ length: STEPS_MAX + 7 }, () => ["iteration", {}]));
    expect([run.steps.length, run.omitted, run.totals.iterations]).toEqual([STEPS_MAX, 7, STEPS_MAX + 7]);
  });
});

describe("events are read without trust", () => {
  const HOSTILE = ["", "null", "7", "[]", "<b>", '{"text":{"a":1}}', '{"duration_ms":"1","facts":[],"x":{}}'];
  it.each(KINDS.flatMap((kind) => HOSTILE.map((data) => [kind, data] as const)))("%s %s", (kind, data) => {
    expect(() => apply(newRun(), readEvent(kind, data))).not.toThrow();
  });
  it("long text and many fields are cut", () => {
    const many = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`f${i}`, "x".repeat(999)]));
    const read = event("llm", {
      ...many,
      text: "x".repeat(99_999),
      cost_usd: Number.MAX_VALUE,
      input_tokens: -1,
    });
    expect(read.facts.length).toBe(12);
    expect(read.facts[0]?.[1].length).toBe(200);
    expect(read.text.length).toBeLessThan(20_010);
    expect(read.inputTokens).toBe(0);
  });
  it("text that is no JSON is text", () => expect(readEvent("token", "plain").text).toBe("plain"));
});

describe("addresses have names without ids", () => {
  it.each([
    ["/", "/"],
    ["/tasks/42", "/tasks/:id"],
    ["/tasks/joe@example.org?x=1", "/tasks/:id"],
    ["/tasks/", "/:unknown"],
    ["/tasks/a/b", "/:unknown"],
    ["/joe", "/:unknown"],
  ])("%s is %s", (path, name) => expect(pageOf(`http://127.0.0.1:8080${path}`)).toBe(name));
  it("and ids come back as they were", () => {
    expect(routeOf(taskPath("a/b c"))).toEqual({ name: "/tasks/:id", id: "a/b c" });
    expect(routeOf("/tasks/%zz")).toMatchObject({ id: "%zz" });
  });
});

describe("the service's answers", () => {
  it("a list of tasks, in either form", () => {
    const tasks = [{ task_id: "t1", task: "x", state: "running" }, { task_id: 7 }, null, { task_id: "t2" }];
    const expected = [
      { id: "t1", task: "x", state: "running" },
      { id: "t2", task: "", state: "" },
    ];
    expect(readTasks(tasks)).toEqual(expected);
    expect(readTasks({ tasks })).toEqual(expected);
    expect(readTasks("nonsense")).toEqual([]);
  });
  it.each([
    [429, '{"error":"slow down"}', "The agent refused: slow down"],
    [400, '{"error":{"message":"empty task"}}', "The agent refused: empty task"],
    [400, "plain words", "The agent refused: plain words"],
    [502, "<html>Bad Gateway</html>", "The agent answered 502."],
    [500, "", "The agent answered 500."],
    [500, "{}", "The agent answered 500."],
  ])("%d %s", (status, text, words) => expect(refusal(status, text)).toBe(words));
});

describe("numbers", () => {
  it.each([
    [0.2, "< 1 ms"],
    [812.4, "812 ms"],
    [1_400, "1.4 s"],
    [61_000, "1 min 1 s"],
  ])("%d ms is %s", (ms, text) => expect(duration(ms)).toBe(text));
  it.each([
    [0.000_000_1, "< $0.000001"],
    [0.003, "$0.003"],
    [0.000_123, "$0.000123"],
    [12.5, "$12.50"],
  ])("%d is %s", (usd, text) => expect(cost(usd)).toBe(text));
});
