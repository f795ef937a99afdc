import { describe, expect, it } from "vitest";
import { list, record, string } from "../api/decode";
import { type Case, corpusFile, expectCases } from "../testing/corpus";
import { matcherOf, withMatchers } from "./ad-hoc";

const FACTS = "grafana-frontend/agpl-facts/public__app__plugins__datasource__";

describe("the filters of a dashboard", () => {
  it.each([
    ["=", "a", ['k="a"']],
    ["!~", 'a"', ['k!~"a\\""']],
    ["=|", "a.b|c", ['k=~"a\\\\.b|c"']],
    ["!=|", "a", ['k!~"a"']],
    [">", "1", []],
  ])("k %s %s are %j", (operator, value, expected) => {
    expect(matcherOf({ key: "k", operator, value })).toEqual(expected);
  });

  it.each([
    ["up", 'up{a="b"}'],
    ["up{}", 'up{a="b"}'],
    ['up{a="b",}', 'up{a="b"}'],
    ["sum(rate(x[5m] offset 1h)) by (job, le)", 'sum(rate(x{a="b"}[5m] offset 1h)) by (job, le)'],
    [
      "sum by (job) (x) / on (job) group_left (team) y",
      'sum by (job) (x{a="b"}) / on (job) group_left (team) y{a="b"}',
    ],
    ["histogram_quantile(0.9, x) > bool 1e3", 'histogram_quantile(0.9, x{a="b"}) > bool 1e3'],
    ['label_replace(x, "d", "$1", "s", "(.*)")', 'label_replace(x{a="b"}, "d", "$1", "s", "(.*)")'],
    ['{__name__=~"x.*"} or y', '{__name__=~"x.*", a="b"} or y{a="b"}'],
    ["x @ start() # up", 'x{a="b"} @ start() # up'],
    ["x[$__range] + y", 'x{a="b"}[$__range] + y{a="b"}'],
    ["1 + Inf", "1 + Inf"],
  ])("are in every selector of %s", (query, expected) => {
    expect(withMatchers(query, ['a="b"'], true)).toBe(expected);
  });

  it.each([
    [
      '{x="y"} |= "{z}" | json | line_format "{{.a}}"',
      '{x="y"} |= "{z}" | json | a="b" | line_format "{{.a}}"',
    ],
    ['{x="y"} |= "json" != "a"', '{x="y", a="b"} |= "json" != "a"'],
    ['{x="y"} | c="d" # json', '{x="y", a="b"} | c="d" # json'],
    ['{x="y"} | json c="d", e | f > 1 |= "g"', '{x="y"} | json c="d", e | f > 1 | a="b" |= "g"'],
    [
      'sum(rate({x="y"} | logfmt [1m])) / sum(rate({x="y"}[1m]))',
      'sum(rate({x="y"} | logfmt | a="b" [1m])) / sum(rate({x="y", a="b"}[1m]))',
    ],
    ['sum by (x) (rate({x="y"} [1m]))', 'sum by (x) (rate({x="y", a="b"} [1m]))'],
  ])("are in every selector of LogQL: %s", (query, expected) => {
    expect(withMatchers(query, ['a="b"'], false)).toBe(expected);
  });
});

const compact = (text: string) => text.replace(/\s+/g, "");

/** A recorded call, in which another one may be the query. */
function added(call: Record<string, unknown>): string | null {
  const [query, key, value, operator = "="] = list(call.args);
  if (call._call !== "addLabelToQuery") return null;
  const text = typeof query === "string" ? query : added(record(query));
  if (text === null) return null;
  const filter = { key: string(key), operator: string(operator), value: string(value) };
  return withMatchers(text, matcherOf(filter), true);
}

describe("Grafana's filters", () => {
  it("are those of its tests of PromQL", () => {
    const file = corpusFile(`${FACTS}prometheus__add_label_to_query.test.json`);
    if (!file) return;
    const cases = list(record(file).tests).flatMap((test) =>
      list(record(test).expects).flatMap((item, index): Case[] => {
        const { actual, expected } = record(item);
        const found = added(record(actual));
        return found === null
          ? []
          : [
              {
                name: `${list(record(test).path).at(-1)} ${index}`,
                expected: compact(string(expected)),
                actual: () => compact(found),
              },
            ];
      }),
    );
    expectCases("grafana ad hoc filters of PromQL", cases);
  });

  it("are those of its tests of LogQL", () => {
    const file = corpusFile(`${FACTS}loki__modifyQuery.test.json`);
    if (!file) return;
    const cases = list(record(list(record(file).tests)[0]).each).map((item): Case => {
      const { query, label, operator, value, expectedResult, description } = record(item);
      const filter = { key: string(label), operator: string(operator), value: string(value) };
      return {
        name: `${string(description)}: ${string(query)}`,
        expected: compact(string(expectedResult)).replaceAll("`", '"'),
        actual: () => compact(withMatchers(string(query), matcherOf(filter), false)).replaceAll("`", '"'),
      };
    });
    expectCases("grafana ad hoc filters of LogQL", cases.slice(1));
  });
});
