/** Pie charts, heat maps and texts of old versions. */
import { record, string } from "../api/decode";
import { calculationOf } from "./migrate-singlestat";
import { numberOf } from "./migrate-values";

type Json = Record<string, unknown>;

export function migratePie(panel: Json): Json {
  const legend = record(panel.legend);
  const { valueName, legendType, pieType, aliasColors, format, decimals } = panel;
  const onGraph = legendType === "On graph";
  const shown = ["values", "percentage"].filter((name) => legend[name] === true);
  const labels = [
    "name",
    ...(legend.values === true ? ["value"] : []),
    ...(legend.percentage === true ? ["percent"] : []),
  ];
  return {
    ...panel,
    type: "piechart",
    options: {
      reduceOptions: { calcs: [calculationOf(valueName)], values: false, fields: "" },
      pieType: pieType === "donut" ? "donut" : "pie",
      displayLabels: onGraph ? labels : [],
      legend: {
        showLegend: !onGraph && legend.show !== false,
        displayMode: shown.length > 0 ? "table" : "list",
        placement: legendType === "Under graph" ? "bottom" : "right",
        values: shown.map((name) => (name === "values" ? "value" : "percent")),
      },
    },
    fieldConfig: {
      defaults: {
        ...(typeof format === "string" && format !== "" ? { unit: format } : {}),
        ...(numberOf(decimals) === undefined ? {} : { decimals: numberOf(decimals) }),
      },
      overrides: colorOverrides(aliasColors),
    },
  };
}

/** The colours of series by their names. */
export function colorOverrides(aliasColors: unknown): Json[] {
  return Object.entries(record(aliasColors)).flatMap(([name, color]) =>
    typeof color === "string"
      ? [
          {
            matcher: { id: "byName", options: name },
            properties: [{ id: "color", value: { mode: "fixed", fixedColor: color } }],
          },
        ]
      : [],
  );
}

/** The colour schemes of the old heat map, without their prefix. */
const SCHEME = /^interpolate/;

export function migrateHeatmap(panel: Json): Json {
  // The new one has all of it in its options.
  if (panel.yAxis === undefined && panel.dataFormat === undefined) return panel;
  const [color, yAxis, tooltip] = [record(panel.color), record(panel.yAxis), record(panel.tooltip)];
  const buckets = panel.dataFormat === "tsbuckets";
  const unit = string(yAxis.format);
  return {
    ...panel,
    options: {
      calculate: !buckets,
      calculation: calculationOptions(panel, yAxis),
      color: {
        mode: color.mode === "opacity" ? "opacity" : "scheme",
        scheme: string(color.colorScheme, "Oranges").replace(SCHEME, "") || "Oranges",
        fill: string(color.cardColor, "dark-orange"),
        scale: color.colorScale === "sqrt" ? "exponential" : "linear",
        exponent: numberOf(color.exponent) ?? 0.5,
        steps: 64,
        ...(numberOf(color.min) === undefined ? {} : { min: numberOf(color.min) }),
        ...(numberOf(color.max) === undefined ? {} : { max: numberOf(color.max) }),
      },
      yAxis: {
        unit,
        axisPlacement: yAxis.show === false ? "hidden" : "left",
        reverse: panel.reverseYBuckets === true,
        ...(numberOf(yAxis.decimals) === undefined ? {} : { decimals: numberOf(yAxis.decimals) }),
        ...(numberOf(yAxis.min) === undefined ? {} : { min: numberOf(yAxis.min) }),
        ...(numberOf(yAxis.max) === undefined ? {} : { max: numberOf(yAxis.max) }),
      },
      rowsFrame: { layout: panel.yBucketBound ?? "auto" },
      legend: { show: record(panel.legend).show === true },
      tooltip: {
        mode: tooltip.show === false ? "none" : "single",
        yHistogram: tooltip.showHistogram === true,
      },
      filterValues: panel.hideZeroBuckets === true ? { le: 1e-9 } : {},
    },
    fieldConfig: { defaults: unit === "" ? {} : { unit }, overrides: [] },
  };
}

function calculationOptions(panel: Json, yAxis: Json): Json {
  const base = numberOf(yAxis.logBase) ?? 1;
  const bucket = (size: unknown, count: unknown) =>
    string(size) !== ""
      ? { mode: "size", value: string(size) }
      : string(count) !== ""
        ? { mode: "count", value: string(count) }
        : {};
  return {
    xBuckets: bucket(panel.xBucketSize, panel.xBucketNumber),
    yBuckets: {
      ...bucket(panel.yBucketSize, panel.yBucketNumber),
      ...(base > 1 ? { scale: { type: "log", log: base } } : {}),
    },
  };
}

export function migrateText(panel: Json): Json {
  const options = record(panel.options);
  const mode = options.mode ?? panel.mode;
  return {
    ...panel,
    type: "text",
    options: {
      ...options,
      // The mode `text` is gone since version 7.1.
      mode: mode === "html" || mode === "code" ? mode : "markdown",
      content: string(options.content, string(panel.content)),
    },
  };
}
