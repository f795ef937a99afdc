import { describe, it } from "vitest";
import { type Case, corpusFile, expectCases } from "../testing/corpus";
import { mappedValue } from "./display";
import { readFieldConfig } from "./field-config";

const FACTS =
  "grafana-frontend/apache-facts/grafana-data/packages__grafana-data__src__utils__valueMappings.test.json";

interface Facts {
  tests: {
    path: string[];
    each?: { value: unknown; expected: unknown }[];
    expects: { actual: { _call?: string; args: [unknown, unknown] }; matcher: string; expected: unknown }[];
  }[];
}

const TYPES: Record<string, string> = {
  "MappingType.ValueToText": "value",
  "MappingType.RangeToText": "range",
  "MappingType.RegexToText": "regex",
  "MappingType.SpecialValue": "special",
};
const MATCHES: Record<string, string> = {
  "SpecialValueMatch.Null": "null",
  "SpecialValueMatch.NaN": "nan",
  "SpecialValueMatch.NullAndNaN": "null+nan",
  "SpecialValueMatch.True": "true",
  "SpecialValueMatch.False": "false",
  "SpecialValueMatch.Empty": "empty",
};

/** A recorded literal; infinities, NaN and `undefined` have a form of their own. */
function literal(value: unknown): unknown {
  if (value === "+Inf") return Number.POSITIVE_INFINITY;
  if (value === "NaN") return Number.NaN;
  const { _op, _undefined } = (value ?? {}) as { _op?: string; _undefined?: boolean };
  return _op === "-" ? Number.NEGATIVE_INFINITY : _undefined ? undefined : value;
}

function mappings(given: unknown) {
  const named = JSON.stringify(given, (_key, value) => {
    const reference = value?._ref;
    return typeof reference === "string" ? (TYPES[reference] ?? MATCHES[reference] ?? reference) : value;
  });
  return readFieldConfig({ defaults: { mappings: JSON.parse(named) } }).defaults.mappings ?? [];
}

describe("Grafana's value mappings", () => {
  it("are those of its tests", () => {
    const found = corpusFile(FACTS) as Facts | null;
    if (!found) return;
    const cases = found.tests.flatMap(({ path, each, expects }) =>
      expects.flatMap(({ actual, matcher, expected }): Case[] => {
        if (actual._call !== "getValueMappingResult") return [];
        const [given, value] = actual.args;
        const rows = each ?? [{ value, expected: matcher === "toBeNull" ? null : expected }];
        return rows.map((row) => ({
          name: `${path[1]} ${JSON.stringify(row.value)}`,
          expected: row.expected,
          actual: () => mappedValue(literal(row.value), mappings(given)),
        }));
      }),
    );
    expectCases("grafana value mappings", cases);
  });
});
