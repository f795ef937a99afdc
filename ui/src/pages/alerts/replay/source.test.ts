import { describe, expect, it } from "vitest";
import type { ReplaySearch } from "../../../alerting-routes";
import type { RuleGroup } from "../../../api/rules";
import { intervalOf, requestOf, sourceText, textNameOf, versionOf } from "./source";

const FILE = "/etc/rules/a.yml";
const INPUTS = {
  files: [{ file: FILE, name: null, content: "groups: []" }],
  groups: [] as RuleGroup[],
  textName: "rules.yml",
};
const RANGE = { fromMs: 1_000.5, toMs: 2_000 };
const asked = (search: ReplaySearch, version: "A" | "B" = "A") => {
  const found = versionOf(search, version);
  return found && requestOf(found, RANGE, INPUTS);
};

describe("a replay asks the server", () => {
  it.each<[string, ReplaySearch, object | null]>([
    ["for the rules and the routes in use", {}, { rules: null, alertmanager: null, interval_s: null }],
    [
      "for a file of rules",
      { rules: `file:${FILE}` },
      { rules: [{ file: FILE, content: "groups: []" }], interval_s: 60 },
    ],
    ["for a text", { rules: "text:x" }, { rules: [{ file: "rules.yml", content: "x" }], interval_s: 60 }],
    ["for other routes", { alertmanager: "text:route: {}" }, { rules: null, alertmanager: "route: {}" }],
    ["not for a file that is gone", { rules: "file:/gone.yml" }, null],
    ["not for a text that another browser tab has", { rules: "kept:abc" }, null],
    [
      "for what is in use when the source has no form",
      { rules: "constructor", alertmanager: "file:/x" },
      { rules: null, alertmanager: null },
    ],
  ])("%s", (_what, search, expected) => {
    const found = asked(search);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toMatchObject({ from_unix_ms: 1_000, to_unix_ms: 2_000, ...expected });
  });
  it("for a second version only when there is one", () => {
    expect(asked({ rules: "text:x" }, "B")).toBeNull();
    expect(asked({ otherRules: "used" }, "B")).toMatchObject({ rules: null });
    expect(asked({ otherAlertmanager: "text:y" }, "B")).toMatchObject({ rules: null, alertmanager: "y" });
  });
});

describe("the source of a replay", () => {
  it.each(["used", `file:${FILE}`, "text:", "text:groups:\n  - name: a"])(
    "comes back from the URL: %s",
    (given) => {
      const found = versionOf({ rules: given }, "A");
      expect(found && sourceText(found.rules)).toBe(given);
    },
  );
  it("is kept apart from the URL when its text is long", () => {
    const text = "# long\n".repeat(1_000);
    const given = sourceText({ kind: "text", text });
    expect(given).toMatch(/^kept:\w{5,20}$/);
    expect(sourceText({ kind: "text", text: `${text}#` })).not.toBe(given);
    expect(versionOf({ rules: given }, "A")?.rules).toEqual({ kind: "text", text });
  });
  it("has the path of the file that it is compared with", () => {
    const versions = (search: ReplaySearch) => ({ A: versionOf(search, "A"), B: versionOf(search, "B") });
    expect(textNameOf(versions({ rules: `file:${FILE}`, otherRules: "text:x" }))).toBe(FILE);
    expect(textNameOf(versions({ rules: "text:x" }))).toBe("rules.yml");
  });
  it("is evaluated as often as most groups in use", () => {
    const groups = [15_000, 60_000, 15_000, 0].map((intervalMs) => ({ intervalMs }) as RuleGroup);
    expect(intervalOf(groups)).toBe(15_000);
    expect(intervalOf([])).toBe(60_000);
  });
});
