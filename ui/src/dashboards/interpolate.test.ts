// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of Grafana's variables
import { describe, expect, it } from "vitest";
import { list, record, string } from "../api/decode";
import { type Case, corpusFile, expectCases } from "../testing/corpus";
import { formatted } from "./formats";
import {
  interpolate,
  queryFormat,
  type Scope,
  sqlFormat,
  type VariableValue,
  variablesOf,
} from "./interpolate";

const VALUES: Record<string, VariableValue> = {
  one: { value: "a.b", text: "A" },
  many: { value: ["a.b", "c"], text: ["A", "C"], multi: true },
  single: { value: "a.b", multi: true },
  quote: { value: 'a"b\\' },
  all: { value: "$__all", text: "All", custom: ".*$one", multi: true },
  none: { value: [], multi: true },
  every: { value: Array.from({ length: 3_000 }, (_, at) => `instance-${at}`), multi: true, all: true },
  loop: { value: "", custom: "$loop" },
  __from: { value: "1594671549254" },
};
const scope: Scope = (name) => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined);

describe("a variable in a text", () => {
  it.each([
    ["$one [[one]] ${one} ${one:text} [[one:text]]", "a.b a.b a.b A A"],
    ["$many ${many:csv} ${many:pipe} ${many:join:;} ${many:text}", "{a.b,c} a.b,c a.b|c a.b;c A + C"],
    ["${many:regex} ${many:json} ${many:singlequote}", "(a\\.b|c) [\"a.b\",\"c\"] 'a.b','c'"],
    [
      "${many:queryparam} ${all:queryparam} ${many:distributed}",
      "var-many=a.b&var-many=c var-all=%24__all a.b,many=c",
    ],
    [
      "${__from:date} ${__from:date:seconds} ${__from:date:YYYY-MM}",
      "2020-07-13T20:19:09.254Z 1594671549 2020-07",
    ],
    ["$all ${all:regex} ${all:text}", ".*a.b .*a.b All"],
    ["$unknown ${unknown.x:csv} [[unknown]] $1", "$unknown ${unknown.x:csv} [[unknown]] $1"],
    ["$loop", "$loop"],
  ])("%s is %s", (text, expected) => expect(interpolate(text, scope)).toBe(expected));

  it("has its name", () => {
    expect(variablesOf("$a ${b:csv} [[c]] ${d.e}")).toEqual(["a", "b", "c", "d"]);
  });
});

describe("a variable in PromQL and LogQL", () => {
  it.each([
    ['m{l="$one"}', 'm{l="a.b"}'],
    ['m{l=~"$many"}', 'm{l=~"(a\\\\.b|c)"}'],
    ['m{l=~"^$single$"}', 'm{l=~"^a\\\\.b$"}'],
    ["m{l=~`$many`}", "m{l=~`(a\\.b|c)`}"],
    ['m{l="$quote"}', 'm{l="a\\"b\\\\"}'],
    ['m{l=~"^$all$"}', 'm{l=~"^.*a.b$"}'],
    ['m{l=~"$none"}', 'm{l=~".*"}'],
    ['m{l=~"$every"}', 'm{l=~".*"}'],
    ["sum by ($many) (x)", "sum by (a.b,c) (x)"],
    ["rate(x[$one])", "rate(x[a.b])"],
  ])("%s is %s", (text, expected) => expect(interpolate(text, scope, queryFormat)).toBe(expected));
});

describe("a variable in SQL", () => {
  it.each([
    ["x IN ($many) AND y = '$one'", "x IN ('a.b','c') AND y = 'a.b'"],
    ["x IN ($single) LIMIT $one", "x IN ('a.b') LIMIT a.b"],
  ])("%s is %s", (text, expected) => expect(interpolate(text, scope, sqlFormat)).toBe(expected));
});

/** The older tests of formats. */
function formatCases(): Case[] {
  const file = corpusFile(
    "grafana-frontend/agpl-facts/public__app__features__templating__template_srv.test.json",
  );
  return list(record(file).tests).flatMap((test) =>
    list(record(test).expects).flatMap((item): Case[] => {
      const { actual, expected } = record(item);
      const [value, format, variable] = list(record(actual).args);
      if (
        !string(record(actual)._call).endsWith("formatValue") ||
        string(format, "glob") === "nonexistentformat"
      )
        return [];
      const given = Array.isArray(value) ? value.map((one) => string(one)) : string(value);
      const name = string(record(variable).name);
      return [
        {
          name: string(list(record(test).path).at(-1)),
          expected,
          actual: () => formatted({ value: given, text: given, name }, string(format, "glob")),
        },
      ];
    }),
  );
}

describe("Grafana's formats", () => {
  it("are those of its tests", () => {
    const file = corpusFile(
      "grafana-frontend/apache-facts/scenes/packages__scenes__src__variables__interpolation__formatRegistry.test.json",
    );
    if (!file) return;
    const cases = list(record(file).tests).flatMap((test) =>
      list(record(test).expects).flatMap((item, index): Case[] => {
        const { actual, expected } = record(item);
        const [id, value, text, parameters] = list(record(actual).args);
        const name = string(record(id)._ref, string(id)).replace("VariableFormatID.", "").toLowerCase();
        const format = [name, ...list(parameters)].join(":");
        if (record(actual)._call !== "formatValue") return [];
        // JSON keeps numbers as numbers, which a variable here does not have.
        const given = Array.isArray(value) ? value.map((one) => string(one)) : string(value);
        return [
          {
            name: `${index} ${format} ${JSON.stringify(value)}`,
            expected,
            actual: () => formatted({ value: given, text: string(text), name: "server" }, format),
          },
        ];
      }),
    );
    expectCases("grafana variable formats", [...cases, ...formatCases()], {
      '19 json ["test",12]': "values are texts here",
    });
  });
});
