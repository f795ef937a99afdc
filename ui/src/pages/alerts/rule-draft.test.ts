import { describe, expect, it } from "vitest";
import { fileNameOf, fileWith, newRule, ruleProblem, withDurations } from "./rule-draft";

const draft = {
  ...newRule('rate(a{b="c"}[5m])\n  > 1'),
  name: "TooManyErrors",
  summary: 'a "b" {{ $labels.x }}',
};

describe("the file of a rule", () => {
  it("has the rule in a group of its own", () => {
    expect(fileWith(null, draft)).toBe(`groups:
  - name: TooManyErrors
    rules:
      - alert: TooManyErrors
        expr: |-
          rate(a{b="c"}[5m])
            > 1
        for: 5m
        labels:
          severity: warning
        annotations:
          summary: "a \\"b\\" {{ $labels.x }}"
          description: "Value: {{ $value }}"
`);
  });
  it("keeps what the file has, its indentation and its names", () => {
    const before = "groups:\n- name: TooManyErrors\n  rules: []\n";
    expect(fileWith(before, { ...draft, holds: "", severity: "", summary: "", description: "" })).toBe(
      `${before}- name: "TooManyErrors 2"
  rules:
    - alert: TooManyErrors
      expr: |-
        rate(a{b="c"}[5m])
          > 1
`,
    );
  });
  it("quotes what YAML would read otherwise", () => {
    const text = fileWith(null, { ...draft, name: "on", expr: "a\t> 1", severity: "a: b" });
    expect(text).toContain('alert: "on"');
    expect(text).toContain('expr: "a\\t> 1"');
    expect(text).toContain('severity: "a: b"');
  });
  it.each([
    ["HighErrorRate", "high-error-rate.yml"],
    ["../../etc/passwd", "etc-passwd.yml"],
    ["ü", "rule.yml"],
  ])("is named after the alert: %s", (name, expected) => expect(fileNameOf(name)).toBe(expected));
});

describe("the draft of a rule", () => {
  it("has durations in place of the variables of Explore", () => {
    const braced = ["b[$", "{__range}]"].join("");
    expect(withDurations(`rate(a[$__rate_interval]) + ${braced} + $x + $__constructor`)).toBe(
      "rate(a[5m]) + b[1h] + $x + $__constructor",
    );
  });
  it.each([
    [{ name: "" }, /Name/],
    [{ expr: " " }, /expression/],
    [{ holds: "soon" }, /hold time/],
    [{}, null],
  ])("says what is missing: %j", (part, expected) => {
    const problem = ruleProblem({ ...draft, ...part });
    if (expected) expect(problem).toMatch(expected);
    else expect(problem).toBeNull();
  });
});
