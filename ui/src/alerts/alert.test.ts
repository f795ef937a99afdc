import { describe, expect, it } from "vitest";
import type { ManagedAlert } from "../api/alertmanager";
import { readRuleGroups } from "../api/rules";
import { alertsOf, byUrgency, resolvedOf, severityOf } from "./alert";

const alert = (labels: object, state = "firing") => ({
  labels,
  annotations: { summary: "s" },
  state,
  activeAt: "2026-11-20T12:00:00Z",
  value: "1.5e+00",
});
const groups = (...alerts: object[]) =>
  readRuleGroups(
    { data: { groups: [{ name: "g", rules: [{ type: "alerting", name: "A", query: "a > 1", alerts }] }] } },
    "promql",
  );
const managed = (labels: Record<string, string>, part: Partial<ManagedAlert> = {}): ManagedAlert => ({
  fingerprint: "f",
  labels,
  annotations: {},
  startsMs: 1_000,
  generatorUrl: "",
  receivers: ["r"],
  silencedBy: [],
  inhibitedBy: [],
  mutedBy: [],
  ...part,
});

describe("alerts", () => {
  it.each([
    [{}, "firing"],
    [{ silencedBy: ["s"], inhibitedBy: ["f"] }, "silenced"],
    [{ inhibitedBy: ["f"] }, "inhibited"],
    [{ mutedBy: ["night"] }, "firing"],
  ])("have the state that Alertmanager gives them: %j", (part, state) => {
    const [found] = alertsOf(groups(alert({ alertname: "A" })), [managed({ alertname: "A" }, part)]);
    expect(found).toMatchObject({ state, sinceMs: 1_000, value: 1.5 });
    expect(found?.rule?.expr).toBe("a > 1");
  });
  it("are found in Alertmanager also with labels that were added on the way", () => {
    const found = alertsOf(groups(alert({ alertname: "A", x: "1" }), alert({ alertname: "A", x: "2" })), [
      managed({ alertname: "A", x: "2", cluster: "c" }, { silencedBy: ["s"] }),
      managed({ alertname: "A", x: "1", cluster: "c" }),
    ]);
    expect(found.map(({ labels, state }) => [labels.x, state])).toEqual([
      ["1", "firing"],
      ["2", "silenced"],
    ]);
  });
  it("that others sent have no rule", () => {
    const found = alertsOf(groups(alert({ alertname: "A" }, "pending")), [managed({ alertname: "B" })]);
    expect(found.map(({ name, state, rule }) => [name, state, rule?.name])).toEqual([
      ["A", "pending", "A"],
      ["B", "firing", undefined],
    ]);
  });
  it("that are no longer active are resolved", () => {
    const rules = groups(alert({ alertname: "A", x: "1" }));
    const active = alertsOf(rules, []);
    const series = ["1", "2"].map((x) => ({
      labels: { alertname: "A", alertstate: "firing", x },
      times: [1],
      values: [1_700],
      histogram: false,
    }));
    expect(resolvedOf(series, rules, active)).toMatchObject([
      { key: '{alertname="A", x="2"}', state: "resolved", endedMs: 1_700_000, rule: { name: "A" } },
    ]);
  });
  it("are sorted by state, severity and time", () => {
    const found = alertsOf(
      [],
      [
        managed({ alertname: "i", severity: "info" }),
        managed({ alertname: "old", severity: "page" }, { startsMs: 1 }),
        managed({ alertname: "new", severity: "CRITICAL" }, { startsMs: 2 }),
        managed({ alertname: "quiet", severity: "critical" }, { silencedBy: ["s"] }),
        managed({ alertname: "unknown", severity: "constructor" }),
      ],
    ).sort(byUrgency);
    expect(found.map(({ name }) => name)).toEqual(["new", "old", "unknown", "i", "quiet"]);
    expect(severityOf({ severity: "constructor" })).toBe("none");
  });
  it.each([null, {}, { data: { groups: [null, { rules: [null, { alerts: [null] }] }] } }])(
    "survive an answer without form: %j",
    (answer) => expect(() => alertsOf(readRuleGroups(answer, "logql"), [])).not.toThrow(),
  );
});
