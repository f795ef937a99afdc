import { describe, expect, it } from "vitest";
import { type Case, corpusFile, expectCases } from "../testing/corpus";
import { UNITS } from "./unit-table";
import { formatClock, formatHms, formatLongDuration } from "./unit-time";
import { formatAxisValue, formatParts, formatValue } from "./units";

const FACTS = "grafana-frontend/apache-facts/grafana-data/packages__grafana-data__src__valueFormats__";

interface Facts {
  tests: {
    path: string[];
    each?: Record<string, unknown>[];
    expects: { actual: Call; matcher: string; expected: unknown }[];
  }[];
}
interface Call {
  _call?: string;
  _get?: string;
  on?: Call;
  args?: unknown[];
}

/** An argument of a recorded call: a literal, `undefined`, or a date of local time. */
function argument(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const call = (value ?? {}) as Call;
  const date = call.on?.args?.[0] as Call | undefined;
  const fields = date?._call === "Date" ? (date.args as [number, number, number]) : null;
  return fields ? new Date(...fields).getTime() : undefined;
}

const facts = (name: string) => corpusFile(`${FACTS}${name}.test.json`) as Facts | null;

describe("Grafana's value formats", () => {
  it("are those of its tests", () => {
    const found = facts("valueFormats");
    if (!found) return;
    const cases = found.tests.flatMap(({ each = [] }) =>
      each.flatMap(({ format, decimals, value, expected }, index): Case[] => {
        const [number, places] = [argument(value), argument(decimals)];
        if (typeof format !== "string" || number === undefined || typeof expected !== "string") return [];
        return [
          {
            name: `${index} ${format} ${number} ${places}`,
            expected,
            actual: () => formatValue(number, format, places),
          },
        ];
      }),
    );
    expectCases("grafana value formats", cases);
  });

  it("are those of its tests of durations, clocks and hexadecimal numbers", () => {
    const found = [facts("dateTimeFormatters"), facts("arithmeticFormatters")];
    const cases = found.flatMap((file) => (file?.tests ?? []).flatMap(casesOf));
    if (found[0]) expectCases("grafana durations and numbers", cases);
  });

  it("are those of its tests of prefixes and currencies", () => {
    const found = facts("symbolFormatters");
    if (!found) return;
    const cases = found.tests.flatMap(({ path, each = [] }) => {
      const unit =
        path[0] === "SIPrefix" ? "si:V" : path[1]?.includes("without") ? "currency:@" : "currency:suffix:@";
      return each.map(({ value, expectedSuffix, expectedText }): Case => {
        const number = Number(value);
        return {
          name: `${unit} ${number}`,
          expected: [expectedText, expectedSuffix],
          actual: () => [formatParts(number, unit).text, formatParts(number, unit).suffix],
        };
      });
    });
    expectCases("grafana prefixes", cases);
  });

  it("have all units of its schema", () => {
    const schema = corpusFile("dashboards/grafana-jsonschema/units.jsonschema.json");
    if (!schema) return;
    const { definitions } = schema as { definitions: Record<string, { const?: string }> };
    const ids = Object.values(definitions).flatMap(({ const: id }) => (id ? [id] : []));
    const cases = ids.map((id): Case => ({ name: id, expected: true, actual: () => UNITS.has(id) }));
    expectCases("grafana units", cases);
  });
});

const LENGTHS_MS: Record<string, number> = {
  Millisecond: 1,
  Minute: 6e4,
  Hour: 3.6e6,
  Day: 8.64e7,
  Week: 6.048e8,
  Month: 2.592e9,
  Year: 3.1536e10,
};

/** The recorded calls that have only literals as arguments. */
function casesOf({ path, expects }: Facts["tests"][number]): Case[] {
  return expects.flatMap(({ actual, matcher, expected }): Case[] => {
    const part = actual._get;
    const call = part ? actual.on : (actual.args?.[0] as Call | undefined);
    const [first, second, third] = call?.args ?? [];
    if (matcher !== "toBe" || typeof expected !== "string" || typeof first !== "number") return [];
    const decimals = argument(second);
    const interval = (third as { _ref?: string } | undefined)?._ref?.split(".")[1] ?? "";
    const made: Record<string, () => string> = {
      toHex: () => formatValue(first, "hex", decimals),
      toHex0x: () => formatValue(first, "hex0x", decimals),
      toDuration: () => formatLongDuration(first * (LENGTHS_MS[interval] ?? 1), "millisecond", decimals ?? 0),
      toDurationInMilliseconds: () => formatValue(first, "dtdurationms", decimals),
      toDurationInSeconds: () => formatValue(first, "dtdurations", decimals),
      toDurationInHoursMinutesSeconds: () => formatHms(first, false),
      toDurationInDaysHoursMinutesSeconds: () => formatHms(first, true),
      toClock: () => formatClock(first, decimals),
      toNanoSeconds: () => pick(formatParts(first, "ns"), part),
      toSeconds: () => pick(formatParts(first, "s"), part),
    };
    const run = made[call?._call ?? ""];
    return run ? [{ name: `${path.join(" / ")} ${part ?? ""}`, expected, actual: run }] : [];
  });
}

function pick(parts: { text: string; suffix: string }, part: string | undefined): string {
  return part === "suffix" ? parts.suffix : parts.text;
}

describe("a value with a unit", () => {
  it.each([
    [0.25, "s", "250 ms"],
    [90, "s", "1.50 min"],
    [2_048, "bytes", "2 KiB"],
    [0.5, "bytes", "0.500 B"],
    [0.25, "percentunit", "25%"],
    [0.002, "watt", "2 mW"],
    [1_234.5, "reqps", "1.23K req/s"],
    [12, "tokens/s", "12 tokens/s"],
    [-0.0001, "short", "-0.000100"],
    [0.000_001_23, "short", "0.00000123"],
    [0, "short", "0"],
    [Number.NaN, "s", "NaN"],
    [Number.NEGATIVE_INFINITY, "bytes", "-Inf"],
    [1, "bool_yes_no", "Yes"],
    [1e15, "short", "1 Quadr"],
  ])("%d in %s is %s", (value, unit, expected) => expect(formatValue(value, unit)).toBe(expected));
  it("has no digits on an axis that carry nothing", () => {
    expect([0, 0.5, 1, 1.25].map((value) => formatAxisValue(value, "s"))).toEqual([
      "0 s",
      "500 ms",
      "1 s",
      "1.25 s",
    ]);
    expect(formatAxisValue(0.5, "none")).toBe("0.5");
  });
  it("is a date in the zone of the page", () => {
    expect(formatValue(0, "dateTimeAsIso", undefined, "utc")).toBe("1970-01-01 00:00:00");
    expect(formatValue(0, "time:ddd D MMM YYYY [at] h:mm a", undefined, "utc")).toBe(
      "Thu 1 Jan 1970 at 12:00 am",
    );
    expect(formatValue(Date.now() - 7 * 86_400_000, "dateTimeFromNow")).toBe("7 days ago");
  });
});
