import { describe, expect, it } from "vitest";
import type { Frame } from "../data/frame";
import { corpusFile, corpusFolder } from "../testing/corpus";
import { calendarOf } from "../time/calendar";
import { readDashboard } from "./read";
import { panelFrames, panelRequests } from "./requests";
import { TRANSFORMATION_IDS, transformFrames } from "./transform/transform";
import { chosenOf } from "./variable-states";

const ODD: unknown[] = [
  null,
  0,
  -1,
  1e99,
  "",
  `$x\${y:z}[[`,
  "/(/",
  [],
  [null],
  {},
  { a: [{}] },
  true,
  "__proto__",
];

/** The same numbers at every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

/** The JSON with odd values in some places. */
function damaged(json: unknown, random: (below: number) => number): unknown {
  if (random(40) === 0) return ODD[random(ODD.length)];
  if (Array.isArray(json)) return json.map((item) => damaged(item, random));
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, damaged(value, random)]));
}

const ANSWER: Frame[] = [
  {
    refId: "A",
    length: 2,
    meta: { type: "timeseries" },
    fields: [
      { name: "Time", type: "time", values: [0, 1_000], config: {} },
      { name: "Value", type: "number", values: [1, null], labels: { job: "a", le: "1" }, config: {} },
    ],
  },
  { refId: "A", length: 0, meta: { type: "timeseries" }, fields: [] },
];

function shown(json: unknown): number {
  const dashboard = readDashboard(json);
  const variables = Object.fromEntries(
    dashboard.variables.map((variable) => {
      const { options } = variable;
      return [
        variable.name,
        { variable, options, chosen: chosenOf(variable, options, undefined), error: null },
      ];
    }),
  );
  const panels = Object.values(dashboard.panels);
  for (const panel of panels) {
    const range = { fromMs: 0, toMs: 3_600_000 };
    const context = {
      dashboard,
      variables,
      scoped: {},
      raw: { from: "now-1h", to: "now" },
      range,
      dataSources: [],
    };
    const found = panelRequests(panel, {
      ...context,
      nowMs: 3_600_000,
      calendar: calendarOf("utc"),
      widthPx: 100,
    });
    panelFrames(
      panel,
      found,
      found.requests.map(() => ANSWER),
    );
  }
  return panels.length;
}

const files = corpusFolder("dashboards").filter((path) => !/\/(queries|grafana-jsonschema)\//.test(path));

describe.skipIf(files.length === 0)("a dashboard with odd values", () => {
  it("is read and asked for, or is refused with a sentence", () => {
    let panels = 0;
    let refused = 0;
    files.forEach((path, index) => {
      const random = numbers(index + 1);
      const json = damaged(corpusFile(path), random);
      try {
        panels += shown(json);
      } catch (error) {
        expect((error as Error).message, path).toMatch(/^(A dashboard is|This JSON|This is a resource)/);
        refused += 1;
      }
    });
    console.log(`CORPUS: damaged dashboards: ${panels} panels shown, ${refused} files refused`);
    expect(panels).toBeGreaterThan(1_000);
  });
});

const KEYS =
  "byField fields filters sort reducers mode include exclude regex renamePattern conversions mappings source format " +
  "binary reduce unary cumulative window limitField bucketSize configRefId applyTo indexByName excludeByName keepLabels " +
  "valueLabel columnField rowField valueField outputFormat stringField timeField jsonPaths join value A";

describe("a transformation with odd options", () => {
  it.each(TRANSFORMATION_IDS)("%s changes nothing or something", (id) => {
    const modes = [
      "",
      "binary",
      "unary",
      "cumulativeFunctions",
      "windowFunctions",
      "index",
      "inner",
      "rows",
      "reduceFields",
    ];
    for (const odd of ODD)
      for (const mode of modes) {
        const options = {
          ...Object.fromEntries(KEYS.split(" ").map((key) => [key, odd])),
          ...(mode === "" ? {} : { mode }),
        };
        const transformation = { id, options, disabled: false, filter: null };
        expect(() => transformFrames(ANSWER, [transformation], (text) => text)).not.toThrow();
      }
  });
});
