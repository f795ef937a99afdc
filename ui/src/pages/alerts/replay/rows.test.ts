import { describe, expect, it } from "vitest";
import type { ReplayAnswer, ReplayedRule } from "../../../api/generated";
import { alertLanes, integrationRows, messageRows, ruleRows, sumOf } from "./rows";

const episode = (pod: string, active: number, fired: number | null = null) => ({
  labels: { alertname: "X", pod },
  annotations: {},
  active_unix_ms: active,
  fired_unix_ms: fired,
  ended_unix_ms: null,
  peak: "1",
});
const rule = (name: string, part: Partial<ReplayedRule> = {}): ReplayedRule => ({
  file: "a.yml",
  group: "g",
  name,
  is_alerting: true,
  active_total: 0,
  fired_total: 0,
  firing_s: 0,
  episodes: [],
  failures: 0,
  last_failure: null,
  ...part,
});
const message = (at: number, receiver: string) => ({
  at_unix_ms: at,
  receiver,
  integration: "slack",
  index: 0,
  reason: "first notification",
  group_labels: {},
  alerts: [],
  alerts_total: 0,
});
const answer = (part: Partial<ReplayAnswer>): ReplayAnswer => ({
  rules: [],
  integrations: [],
  notifications: [],
  notifications_total: 0,
  ...part,
});

describe("the rules of two versions", () => {
  const A = answer({
    rules: [rule("calm"), rule("twice", { group: "one" }), rule("twice", { group: "two" }), rule("gone")],
  });
  const B = answer({
    rules: [
      rule("new", { active_total: 1 }),
      rule("twice", { fired_total: 2 }),
      rule("calm", { failures: 3, last_failure: "many-to-many" }),
    ],
  });
  it("are joined by their names, those that fired first", () => {
    const rows = ruleRows({ A, B });
    expect(rows.map(({ key, rules }) => [key, rules.A !== null, rules.B !== null])).toEqual([
      ["twice", true, true],
      ["calm", true, true],
      ["new", false, true],
      ["twice #2", true, false],
      ["gone", true, false],
    ]);
  });
  it.each([
    ["calm", ["calm"]],
    ["MANY-to", ["calm"]],
    ["a.yml two", ["twice #2"]],
    ["nothing", []],
  ])("are filtered by words: %s", (find, keys) => {
    expect(ruleRows({ A, B }, find).map(({ key }) => key)).toEqual(keys);
  });
  it("have the alerts of both below one another", () => {
    const lanes = alertLanes({
      A: rule("X", { episodes: [episode("1", 1), episode("2", 2), episode("1", 3)] }),
      B: rule("X", { episodes: [episode("2", 2)] }),
    });
    expect(lanes.map(({ labels, episodes }) => [labels.pod, episodes.A.length, episodes.B.length])).toEqual([
      ["1", 2, 0],
      ["2", 1, 1],
    ]);
  });
});

describe("the messages of two versions", () => {
  const A = answer({ notifications: [message(1, "a"), message(3, "a")] });
  const B = answer({ notifications: [message(2, "b")] });
  it("are in order of time", () => {
    expect(messageRows({ A, B }).map(({ version, message }) => [version, message.at_unix_ms])).toEqual([
      ["A", 1],
      ["B", 2],
      ["A", 3],
    ]);
    expect(messageRows({ A, B }, "b slack")).toHaveLength(1);
  });
  it("are counted for each integration", () => {
    const one = (receiver: string, index: number, messages: number) => ({
      receiver,
      integration: "slack",
      index,
      messages,
    });
    const rows = integrationRows({
      A: answer({ integrations: [one("a", 0, 1), one("a", 1, 9)] }),
      B: answer({ integrations: [one("a", 0, 4)] }),
    });
    expect(rows.map(({ integration, messages }) => [integration, messages.A, messages.B])).toEqual([
      ["slack 2", 9, 0],
      ["slack", 1, 4],
    ]);
    expect(
      integrationRows({ A: answer({ integrations: [one("a", 0, 1)] }), B: null })[0]?.messages.B,
    ).toBeNull();
  });
});

it("the sum of a version counts alerts, time and failures", () => {
  const rules = [
    rule("a", { fired_total: 2, firing_s: 60, failures: 1 }),
    rule("b", { fired_total: 1, firing_s: -0 }),
  ];
  expect(sumOf(answer({ rules }))).toEqual({ fired: 3, firingMs: 60_000, failures: 1 });
});
