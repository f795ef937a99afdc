/** The old graph panel as a time series, a bar chart or a histogram. */
import { list, record, string } from "../api/decode";
import { axisConfig, dashOf, seriesOverrides, stackingOf } from "./migrate-graph-series";
import { calculationOf } from "./migrate-singlestat";
import { numberOf } from "./migrate-values";

type Json = Record<string, unknown>;

export function migrateGraph(given: Json): Json {
  const panel = withAxes(given);
  const mode = record(panel.xaxis).mode;
  if (mode === "series") return barChart(panel);
  const type = mode === "histogram" ? "histogram" : "timeseries";
  return {
    ...panel,
    type,
    options: { ...record(panel.options), legend: legendOf(panel), tooltip: tooltipOf(record(panel.tooltip)) },
    fieldConfig: {
      defaults: defaultsOf(panel),
      overrides: [...seriesOverrides(panel), ...axisOverrides(panel)],
    },
  };
}

/** Axes were formats and limits of the grid before version 13, and aliases had their axis apart. */
function withAxes(panel: Json): Json {
  const grid = record(panel.grid);
  const formats = list(panel.y_formats);
  const overrides = list(panel.seriesOverrides);
  const second = Object.entries(record(panel.aliasYAxis)).map(([alias, yaxis]) => ({ alias, yaxis }));
  const yaxes = Array.isArray(panel.yaxes)
    ? panel.yaxes
    : [
        {
          format: formats[0],
          min: grid.leftMin,
          max: grid.leftMax,
          logBase: grid.leftLogBase,
          label: panel.leftYAxisLabel,
        },
        {
          format: formats[1],
          min: grid.rightMin,
          max: grid.rightMax,
          logBase: grid.rightLogBase,
          label: panel.rightYAxisLabel,
        },
      ].map((axis) => ({ ...axis, show: panel["y-axis"] !== false }));
  const xaxis = panel.xaxis ?? { show: panel["x-axis"] !== false };
  const thresholds = Array.isArray(panel.thresholds) ? panel.thresholds : [];
  return {
    ...panel,
    yaxes,
    xaxis,
    seriesOverrides: [...overrides, ...second],
    thresholds: [...gridThresholds(grid), ...thresholds],
    legend: panel.legend === true ? { show: true } : panel.legend,
  };
}

function gridThresholds(grid: Json): Json[] {
  const [first, second] = [numberOf(grid.threshold1), numberOf(grid.threshold2)];
  const op = first !== undefined && second !== undefined && first > second ? "lt" : "gt";
  const line = grid.thresholdLine === true;
  return [
    [first, grid.threshold1Color],
    [second, grid.threshold2Color],
  ].flatMap(([value, color]) =>
    value === undefined
      ? []
      : [{ value, op, line, fill: !line, colorMode: "custom", fillColor: color, lineColor: color }],
  );
}

function defaultsOf(panel: Json): Json {
  const [left] = list(panel.yaxes).map(record);
  const { bars, lines, points, linewidth, fill, fillGradient, pointradius, steppedLine, nullPointMode } =
    panel;
  const style = bars === true ? "bars" : lines === false && points === true ? "points" : "line";
  const gradient = numberOf(fillGradient) ?? 0;
  const opacity = (gradient > 0 ? gradient : (numberOf(fill) ?? 1)) * 10;
  const marks = thresholdsOf(panel.thresholds);
  const axis = axisConfig(left ?? {});
  return {
    ...axis.config,
    ...(numberOf(axis.config.decimals ?? panel.decimals) === undefined
      ? {}
      : { decimals: numberOf(axis.config.decimals ?? panel.decimals) }),
    ...(nullPointMode === "null as zero" || nullPointMode === "connected"
      ? { nullValueMode: nullPointMode }
      : {}),
    ...(marks ? { thresholds: marks.thresholds } : {}),
    color: { mode: "palette-classic" },
    custom: {
      ...axis.custom,
      drawStyle: style,
      lineWidth: style === "bars" ? 0 : (numberOf(linewidth) ?? 1),
      fillOpacity: style === "bars" ? 100 : Math.min(100, opacity),
      gradientMode: gradient > 0 ? "opacity" : "none",
      showPoints: points === true ? "always" : "never",
      pointSize: Math.max(2, (numberOf(pointradius) ?? 2) * 2),
      spanNulls: nullPointMode === "connected",
      lineInterpolation: steppedLine === true ? "stepAfter" : "linear",
      ...(panel.dashes === true ? { lineStyle: { fill: "dash", dash: dashOf(panel) } } : {}),
      stacking: stackingOf(panel.stack === true, panel.percentage === true),
      ...(marks ? { thresholdsStyle: { mode: marks.style } } : {}),
    },
  };
}

function axisOverrides(panel: Json): Json[] {
  if (record(panel.xaxis).show !== false) return [];
  return [
    {
      matcher: { id: "byType", options: "time" },
      properties: [{ id: "custom.axisPlacement", value: "hidden" }],
    },
  ];
}

const LEGEND_VALUES = ["min", "max", "avg", "current", "total"];

function legendOf(panel: Json): Json {
  const legend = record(panel.legend);
  const calcs = legend.values === true ? LEGEND_VALUES.filter((name) => legend[name] === true) : [];
  const sort = string(legend.sort);
  return {
    showLegend: legend.show !== false,
    displayMode: legend.alignAsTable === true ? "table" : "list",
    placement: legend.rightSide === true ? "right" : "bottom",
    calcs: calcs.map((name) => calculationOf(name)),
    ...(numberOf(legend.sideWidth) === undefined ? {} : { width: numberOf(legend.sideWidth) }),
    ...(sort === "" ? {} : { sortBy: SORT_TITLES[sort] ?? sort, sortDesc: legend.sortDesc === true }),
  };
}

/** A legend is sorted by the title of a column. */
const SORT_TITLES: Record<string, string> = {
  min: "Min",
  max: "Max",
  avg: "Mean",
  current: "Last *",
  total: "Total",
};

function tooltipOf({ shared, sort }: Json): Json {
  return {
    mode: shared === false ? "single" : "multi",
    sort: sort === 1 ? "asc" : sort === 2 ? "desc" : "none",
  };
}

const COLORS: Record<string, string> = { critical: "red", warning: "orange", ok: "green" };

/** Limits from which, or up to which, values have a colour. */
function thresholdsOf(value: unknown): { thresholds: Json; style: string } | null {
  const given = list(value)
    .map(record)
    .filter((item) => numberOf(item.value) !== undefined)
    .sort((left, right) => (numberOf(left.value) ?? 0) - (numberOf(right.value) ?? 0));
  if (given.length === 0) return null;
  const steps: { color: string; value: number | null }[] = [];
  for (const item of given) {
    const at = numberOf(item.value) ?? 0;
    const color =
      COLORS[string(item.colorMode)] ?? (string(item.fillColor) || string(item.lineColor) || "red");
    const last = steps.at(-1);
    if (item.op === "lt") {
      if (last) last.color = color;
      else steps.push({ color, value: null });
      steps.push({ color: "transparent", value: at });
      continue;
    }
    if (!last) steps.push({ color: "transparent", value: null });
    steps.push({ color, value: at });
  }
  const [line, fill] = ["line", "fill"].map((key) => given.some((item) => item[key] === true));
  return {
    thresholds: { mode: "absolute", steps },
    style: line && fill ? "line+area" : line ? "line" : fill ? "area" : "off",
  };
}

/** A bar for each series, of one calculation. */
function barChart(panel: Json): Json {
  const [calculation] = list(record(panel.xaxis).values);
  const { config } = axisConfig(record(list(panel.yaxes)[0]));
  const reducers = [calculationOf(calculation, "sum")];
  return {
    ...panel,
    type: "barchart",
    transformations: [...list(panel.transformations), { id: "reduce", options: { reducers } }],
    options: {
      legend: { showLegend: false, displayMode: "list", placement: "bottom" },
      tooltip: { mode: "single" },
    },
    fieldConfig: { defaults: config, overrides: seriesOverrides(panel) },
  };
}
