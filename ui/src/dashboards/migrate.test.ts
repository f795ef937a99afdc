import { describe, expect, it } from "vitest";
import type { PanelModel } from "./model";
import { readDashboard } from "./read";

function migrated(panel: Record<string, unknown>, schemaVersion = 16): PanelModel {
  const [found] = Object.values(
    readDashboard({ title: "t", schemaVersion, panels: [{ id: 1, ...panel }] }).panels,
  );
  if (!found) throw new Error("no panel");
  return found;
}

const defaults = (panel: Record<string, unknown>, version?: number) =>
  migrated(panel, version).fieldConfig.defaults;
const overrides = (panel: Record<string, unknown>, version?: number) =>
  migrated(panel, version).fieldConfig.overrides;

describe("an old graph", () => {
  it("is a time series with its lines, its axis and its legend", () => {
    const panel = migrated({
      type: "graph",
      lines: true,
      linewidth: 2,
      fill: 3,
      steppedLine: true,
      nullPointMode: "connected",
      stack: true,
      percentage: true,
      decimals: 2,
      yaxes: [{ format: "bytes", min: "0", max: null, logBase: 10, label: "size", show: true }, {}],
      legend: {
        show: true,
        values: true,
        avg: true,
        current: true,
        alignAsTable: true,
        rightSide: true,
        sort: "avg",
      },
      tooltip: { shared: true, sort: 2 },
    });
    expect([panel.type, panel.originalType]).toEqual(["timeseries", "graph"]);
    expect(panel.fieldConfig.defaults).toMatchObject({
      unit: "bytes",
      min: 0,
      decimals: 2,
      nullValueMode: "connected",
      custom: {
        drawStyle: "line",
        lineWidth: 2,
        fillOpacity: 30,
        lineInterpolation: "stepAfter",
        spanNulls: true,
        stacking: { mode: "percent", group: "A" },
        axisLabel: "size",
        scaleDistribution: { type: "log", log: 10 },
      },
    });
    expect(panel.options).toMatchObject({
      legend: {
        showLegend: true,
        displayMode: "table",
        placement: "right",
        calcs: ["mean", "lastNotNull"],
        sortBy: "Mean",
      },
      tooltip: { mode: "multi", sort: "desc" },
    });
  });

  it.each([
    [
      { bars: true, lines: false },
      { drawStyle: "bars", fillOpacity: 100, lineWidth: 0 },
    ],
    [
      { points: true, lines: false },
      { drawStyle: "points", showPoints: "always" },
    ],
    [
      { lines: true, fill: 0 },
      { drawStyle: "line", fillOpacity: 0, stacking: { mode: "none" } },
    ],
    [
      { lines: true, fillGradient: 4 },
      { fillOpacity: 40, gradientMode: "opacity" },
    ],
    [{ dashes: true, dashLength: 4, spaceLength: 2 }, { lineStyle: { fill: "dash", dash: [4, 2] } }],
  ])("%j is drawn as %j", (given, expected) => {
    expect(defaults({ type: "graph", ...given }).custom).toMatchObject(expected);
  });
});

describe("the series of an old graph", () => {
  it("keep their colours and styles as overrides", () => {
    const found = overrides({
      type: "graph",
      aliasColors: { up: "#fff" },
      yaxes: [{ format: "short" }, { format: "percent", max: 100, label: "%" }],
      legend: { hideEmpty: true },
      seriesOverrides: [
        { alias: "/limit.*/i", yaxis: 2, fill: 0, dashes: true },
        { alias: "in", transform: "negative-Y", stack: "B", color: "red", bars: true },
        { alias: "out", hiddenSeries: true, legend: false },
        { alias: "nothing", $$hashKey: "object:1" },
      ],
    });
    expect(found.map(({ matcher }) => matcher)).toEqual([
      { id: "byName", options: "up" },
      { id: "byRegexp", options: "/limit.*/i" },
      { id: "byName", options: "in" },
      { id: "byName", options: "out" },
      { id: "byValue", options: { reducer: "allIsNull", op: "gte", value: 0 } },
    ]);
    expect(Object.fromEntries(found[1]?.properties.map(({ id, value }) => [id, value]) ?? [])).toEqual({
      "custom.axisPlacement": "right",
      "custom.axisLabel": "%",
      unit: "percent",
      max: 100,
      "custom.fillOpacity": 0,
      "custom.lineStyle": { fill: "dash", dash: [10, 10] },
    });
    expect(found[2]?.properties).toContainEqual({ id: "custom.transform", value: "negative-Y" });
    expect(found[2]?.properties).toContainEqual({
      id: "custom.stacking",
      value: { mode: "normal", group: "B" },
    });
  });
});

describe("an old graph also", () => {
  const INFINITE = Number.NEGATIVE_INFINITY;
  it.each([
    [
      [
        { colorMode: "critical", fill: true, op: "gt", value: 80 },
        { colorMode: "warning", fill: true, op: "gt", value: 50 },
      ],
      "area",
      [
        ["transparent", INFINITE],
        ["orange", 50],
        ["red", 80],
      ],
    ],
    [
      [
        { colorMode: "critical", fill: true, line: true, op: "gt", value: 80 },
        { colorMode: "warning", fill: true, line: true, op: "lt", value: 40 },
      ],
      "line+area",
      [
        ["orange", INFINITE],
        ["transparent", 40],
        ["red", 80],
      ],
    ],
    [
      [{ colorMode: "custom", lineColor: "#123456", line: true, op: "lt", value: "40" }],
      "line",
      [
        ["#123456", INFINITE],
        ["transparent", 40],
      ],
    ],
  ])("has thresholds %j", (thresholds, mode, steps) => {
    const found = defaults({ type: "graph", thresholds });
    expect(found.custom?.thresholdsStyle).toEqual({ mode });
    expect(found.thresholds?.steps.map(({ color, value }) => [color, value])).toEqual(steps);
  });

  it("of the first versions has its axes among formats and limits of the grid", () => {
    const found = defaults(
      {
        type: "graph",
        y_formats: ["ms", "short"],
        grid: { leftMin: 1, leftMax: 10, threshold1: 200, threshold1Color: "red" },
      },
      3,
    );
    expect(found).toMatchObject({
      unit: "ms",
      min: 1,
      max: 10,
      thresholds: { steps: [{}, { value: 200, color: "red" }] },
    });
  });

  it("of series is a bar chart, and of values a histogram", () => {
    const bars = migrated({ type: "graph", xaxis: { mode: "series", values: ["max"] } });
    expect([bars.type, bars.transformations]).toMatchObject([
      "barchart",
      [{ id: "reduce", options: { reducers: ["max"] } }],
    ]);
    expect(migrated({ type: "graph", xaxis: { mode: "histogram" } }).type).toBe("histogram");
  });
});

describe("an old single value", () => {
  it("is a stat with its colours, mappings and sparkline", () => {
    const panel = migrated({
      type: "singlestat",
      format: "percent",
      valueName: "current",
      colorBackground: true,
      sparkline: { show: true },
      thresholds: "10,20",
      colors: ["green", "orange", "red"],
      mappingType: 1,
      valueMaps: [
        { value: "null", op: "=", text: "N/A" },
        { value: "1", op: "=", text: "up" },
      ],
    });
    expect(panel.type).toBe("stat");
    expect(panel.options).toMatchObject({
      graphMode: "area",
      colorMode: "background",
      reduceOptions: { calcs: ["lastNotNull"] },
    });
    expect(panel.fieldConfig.defaults).toMatchObject({
      unit: "percent",
      mappings: [
        { type: "value", options: { "1": { text: "up" } } },
        { type: "special", options: { match: "null", result: { text: "N/A" } } },
      ],
      thresholds: {
        steps: [{ color: "green" }, { color: "orange", value: 10 }, { color: "red", value: 20 }],
      },
    });
  });
  it("with a gauge is a gauge", () => {
    const panel = migrated({
      type: "singlestat",
      gauge: { show: true, minValue: 0, maxValue: 150, thresholdLabels: true },
    });
    expect([panel.type, panel.options.showThresholdLabels]).toEqual(["gauge", true]);
    expect(panel.fieldConfig.defaults).toMatchObject({ min: 0, max: 150 });
  });
  it("without colours has none", () => {
    expect(migrated({ type: "singlestat" }).options.colorMode).toBe("none");
  });
  it("of version 6 has the configuration of fields among its options", () => {
    const panel = migrated({
      type: "gauge",
      options: {
        fieldOptions: {
          calcs: ["mean"],
          defaults: { unit: "s", max: 5 },
          thresholds: [{ color: "red", value: null }],
        },
      },
    });
    expect(panel.options.reduceOptions).toMatchObject({ calcs: ["mean"] });
    expect(panel.fieldConfig.defaults).toMatchObject({
      unit: "s",
      max: 5,
      thresholds: { steps: [{ color: "red" }] },
    });
  });
});

describe("an old table", () => {
  const panel = migrated({
    type: "table",
    transform: "timeseries_aggregations",
    columns: [{ text: "Avg", value: "avg" }],
    sort: { col: 0, desc: true },
    styles: [
      { pattern: "Time", type: "date", dateFormat: "YYYY", alias: "When" },
      { pattern: "/x.*/", type: "hidden" },
      {
        pattern: "v",
        type: "number",
        unit: "bytes",
        decimals: 1,
        colorMode: "cell",
        colors: ["a", "b"],
        thresholds: ["5"],
      },
      { pattern: "/.*/", type: "number", unit: "short" },
    ],
  });
  it("has its styles as overrides", () => {
    expect(panel.fieldConfig.defaults.unit).toBe("short");
    expect(
      panel.fieldConfig.overrides.map(({ matcher, properties }) => [matcher.id, properties[0]?.value]),
    ).toEqual([
      ["byName", "When"],
      ["byRegexp", true],
      ["byName", "bytes"],
    ]);
    expect(panel.fieldConfig.overrides[2]?.properties).toContainEqual({
      id: "custom.cellOptions",
      value: { type: "color-background" },
    });
  });
  it("has its transform as a transformation", () => {
    expect(panel.transformations).toMatchObject([{ id: "reduce", options: { reducers: ["mean"] } }]);
    expect(panel.options.sortBy).toEqual([{ displayName: "Avg", desc: true }]);
  });
});

describe("other old panels", () => {
  it("are those of today", () => {
    expect(migrated({ type: "text", mode: "html", content: "<b>" }).options).toEqual({
      mode: "html",
      content: "<b>",
    });
    expect(migrated({ type: "text2", options: { content: "x" } }).type).toBe("text");
    const pie = migrated({
      type: "grafana-piechart-panel",
      valueName: "total",
      legendType: "On graph",
      aliasColors: { x: "#fff" },
    });
    expect([pie.type, pie.options]).toMatchObject([
      "piechart",
      { reduceOptions: { calcs: ["sum"] }, displayLabels: ["name"], legend: { showLegend: false } },
    ]);
    const heatmap = migrated({
      type: "heatmap",
      dataFormat: "tsbuckets",
      yAxis: { format: "s" },
      color: { colorScheme: "interpolateBlues" },
    });
    expect(heatmap.options).toMatchObject({
      calculate: false,
      color: { scheme: "Blues" },
      yAxis: { unit: "s" },
    });
  });
  it("have the options of today", () => {
    const panel = migrated(
      {
        type: "timeseries",
        options: { legend: { displayMode: "hidden" }, tooltipOptions: { mode: "multi" } },
        fieldConfig: {
          defaults: {
            custom: { displayMode: "color-background-solid", hideFrom: { viz: true } },
            mappings: [{ type: 2, from: "1", to: "5", text: "low" }],
            displayName: "$__series_name",
          },
          overrides: [
            {
              matcher: { id: "byName", options: "x" },
              properties: [{ id: "custom.displayMode", value: "lcd-gauge" }],
            },
          ],
        },
        transformations: [{ id: "labelsToFields" }],
      },
      30,
    );
    expect(panel.options).toMatchObject({ legend: { showLegend: false }, tooltip: { mode: "multi" } });
    expect(panel.fieldConfig).toMatchObject({
      defaults: {
        displayName: `\${__series.name}`,
        mappings: [{ type: "range", options: { from: 1, to: 5, result: { text: "low" } } }],
        custom: {
          cellOptions: { type: "color-background", mode: "basic" },
          hideFrom: { viz: true, tooltip: true },
        },
      },
      overrides: [{ properties: [{ id: "custom.cellOptions", value: { type: "gauge", mode: "lcd" } }] }],
    });
    expect(panel.transformations.map(({ id }) => id)).toEqual(["labelsToFields", "merge"]);
  });
});
