import { describe, expect, it } from "vitest";
import { formatMatchers, keyOf, matchersProblem, matching, parseMatchers, parseSearchText } from "./matchers";

const text = (given: string) => {
  const found = parseMatchers(given);
  return found && formatMatchers(found);
};

describe("matchers", () => {
  it.each([
    ['{alertname="A",severity=~"a|b"}', '{alertname="A", severity=~"a|b"}'],
    ['a!="b, c", d!~"e"', '{a!="b, c", d!~"e"}'],
    ["a=b", '{a="b"}'],
    ['"a.b"="c\\"d"', '{"a.b"="c\\"d"}'],
    ["{}", "{}"],
    ["", "{}"],
    ['a=""', '{a=""}'],
    ['{a="}"}', '{a="}"}'],
  ])("are read from %s", (given, expected) => expect(text(given)).toBe(expected));
  it.each(["a", "{a}", "=b", 'a="b" c', "a".repeat(10_000)])("are not read from %s", (given) => {
    expect(text(given)).toBeNull();
  });
  it("come back from the key of an alert", () => {
    const labels = { b: 'x"}, ', a: "1", "c.d": "ü" };
    const key = keyOf(labels);
    expect(key).toBe('{a="1", b="x\\"}, ", "c.d"="ü"}');
    expect(Object.fromEntries((parseMatchers(key) ?? []).map(({ name, value }) => [name, value]))).toEqual(
      labels,
    );
  });
  it.each([
    ['a="1"', true],
    ['a!="1"', false],
    ['a=~"1|2"', true],
    ['a=~"."', true],
    ['a!~"2"', true],
    ['b=""', true],
    ['b!=""', false],
    ['a=~"("', false],
    ["", true],
  ])("match labels: %s", (given, expected) => {
    expect(matching(parseMatchers(given) ?? [])({ a: "1" })).toBe(expected);
  });
  it.each([
    ["", /at least one/],
    ['a=""', /every alert/],
    ['a=~".*"', /every alert/],
    ['a!="b"', /every alert/],
  ])("of a silence must require a label: %s", (given, expected) => {
    expect(matchersProblem(parseMatchers(given) ?? [])).toMatch(expected);
  });
  it("of a silence may be negative beside one that requires a label", () => {
    expect(matchersProblem(parseMatchers('a!="b", c=~".+"') ?? [])).toBeNull();
  });
});

describe("a search text", () => {
  it.each([
    ["GPU memory", [], ["gpu", "memory"]],
    ['{severity="critical", type=~"gpu|drift"} high', ['severity="critical"', 'type=~"gpu|drift"'], ["high"]],
    ["severity=critical gpu", ['severity="critical"'], ["gpu"]],
    ["severity=", [], ["severity="]],
    ['summary="a b" c', ['summary="a b"'], ["c"]],
    ['"unfinished', [], ['"unfinished']],
    ["", [], []],
  ])("has matchers and words: %s", (given, matchers, words) => {
    const found = parseSearchText(given);
    expect(formatMatchers(found.matchers)).toBe(`{${matchers.join(", ")}}`);
    expect(found.words).toEqual(words);
  });
});
