/** The panels of single values: the old `singlestat`, and the first versions of its successors. */
import { list, record, string } from "../api/decode";
import { migrateMappings, numberOf, oldMappings, oldThresholds } from "./migrate-values";

type Json = Record<string, unknown>;

/** The names of calculations in old panels. */
const CALCULATIONS: Record<string, string> = {
  avg: "mean",
  current: "lastNotNull",
  total: "sum",
  min: "min",
  max: "max",
  first: "firstNotNull",
  delta: "delta",
  diff: "diff",
  diffperc: "diffperc",
  range: "range",
  last_time: "lastNotNull",
  name: "lastNotNull",
  count: "count",
  mean: "mean",
  sum: "sum",
  last: "last",
};

export function calculationOf(name: unknown, fallback = "lastNotNull"): string {
  const text = string(name);
  return Object.hasOwn(CALCULATIONS, text) ? (CALCULATIONS[text] ?? fallback) : text || fallback;
}

export function migrateSinglestat(panel: Json): Json {
  const gauge = record(panel.gauge);
  const isGauge = gauge.show === true;
  const { colorBackground, colorValue, valueName, tableColumn } = panel;
  const colored = colorBackground === true || colorValue === true;
  const reduceOptions = {
    calcs: [calculationOf(valueName, "mean")],
    fields: typeof tableColumn === "string" && tableColumn !== "" ? tableColumn : "",
    values: false,
  };
  const looks = isGauge
    ? {
        showThresholdLabels: gauge.thresholdLabels === true,
        showThresholdMarkers: gauge.thresholdMarkers !== false,
      }
    : {
        graphMode: record(panel.sparkline).show === true ? "area" : "none",
        colorMode: colorBackground === true ? "background" : colorValue === true ? "value" : "none",
        textMode: valueName === "name" ? "name" : "auto",
        justifyMode: "auto",
      };
  return {
    ...panel,
    type: isGauge ? "gauge" : "stat",
    options: { ...record(panel.options), reduceOptions, orientation: "horizontal", ...looks },
    fieldConfig: { defaults: defaultsOf(panel, gauge, colored || isGauge), overrides: [] },
  };
}

function defaultsOf(panel: Json, gauge: Json, colored: boolean): Json {
  const { format, decimals, nullText, nullPointMode, prefix, postfix, colors, thresholds } = panel;
  const steps = oldThresholds(thresholds, colors);
  const [min, max] = [numberOf(gauge.minValue), numberOf(gauge.maxValue)];
  return {
    ...unitOf(string(format), string(prefix), string(postfix)),
    ...(numberOf(decimals) === undefined ? {} : { decimals: numberOf(decimals) }),
    ...(typeof nullText === "string" && nullText !== "" ? { noValue: nullText } : {}),
    ...(nullPointMode === "connected" || nullPointMode === "null as zero"
      ? { nullValueMode: nullPointMode }
      : {}),
    ...(gauge.show === true && min !== undefined ? { min } : {}),
    ...(gauge.show === true && max !== undefined ? { max } : {}),
    mappings: oldMappings(panel),
    ...(colored && steps ? { color: { mode: "thresholds" }, thresholds: steps } : {}),
    ...(colored ? {} : { color: { mode: "fixed", fixedColor: "text" } }),
  };
}

/** Text before or after the value, which a unit has no other place for. */
function unitOf(format: string, prefix: string, postfix: string): Json {
  const unit = format === "" || format === "none" ? "" : format;
  if (unit !== "") return { unit };
  if (postfix.trim() !== "") return { unit: `suffix:${postfix}` };
  return prefix.trim() !== "" ? { unit: `prefix:${prefix}` } : {};
}

/** The first versions had the configuration of fields among the options. */
export function migrateSingleValue(panel: Json): Json {
  const options = record(panel.options);
  const { fieldOptions, valueOptions, stat, ...rest } = options;
  if (fieldOptions !== undefined) return withFieldOptions(panel, record(fieldOptions), rest);
  if (valueOptions === undefined && stat === undefined && rest.thresholds === undefined) return panel;
  return withValueOptions(panel, { ...record(valueOptions), stat: record(valueOptions).stat ?? stat }, rest);
}

function withFieldOptions(panel: Json, fields: Json, options: Json): Json {
  const { calcs, values, limit, defaults, override, overrides, mappings, thresholds } = fields;
  const own = record(defaults);
  const steps = thresholds ?? own.thresholds;
  const config = {
    ...record(override),
    ...own,
    ...(steps === undefined ? {} : { thresholds: thresholdsOf(steps) }),
    ...(mappings === undefined ? {} : { mappings: migrateMappings(mappings) }),
  };
  const { defaults: current, overrides: given } = record(panel.fieldConfig);
  return {
    ...panel,
    options: {
      reduceOptions: {
        calcs: list(calcs).map((name) => calculationOf(name)),
        values: values === true,
        ...(limit === undefined ? {} : { limit }),
        fields: "",
      },
      ...options,
    },
    fieldConfig: {
      defaults: { color: { mode: "thresholds" }, ...config, ...record(current) },
      overrides: list(given).length > 0 ? given : list(overrides),
    },
  };
}

function withValueOptions(panel: Json, values: Json, options: Json): Json {
  const { unit, decimals, stat, prefix, suffix } = values;
  const { minValue, maxValue, thresholds, valueMappings, ...rest } = options;
  const [min, max] = [numberOf(minValue), numberOf(maxValue)];
  return {
    ...panel,
    options: { ...rest, reduceOptions: { calcs: [calculationOf(stat)], values: false, fields: "" } },
    fieldConfig: {
      defaults: {
        ...(typeof unit === "string" && unit !== "none"
          ? { unit }
          : unitOf("", string(prefix), string(suffix))),
        ...(numberOf(decimals) === undefined ? {} : { decimals: numberOf(decimals) }),
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        color: { mode: "thresholds" },
        mappings: migrateMappings(valueMappings),
        thresholds: thresholdsOf(thresholds),
      },
      overrides: [],
    },
  };
}

/** A list of steps, of which the first has minus infinity, in any order. */
function thresholdsOf(value: unknown): Json {
  if (!Array.isArray(value)) return record(value);
  const steps = value.map((item) => ({
    color: string(record(item).color),
    value: numberOf(record(item).value) ?? null,
  }));
  return { mode: "absolute", steps };
}
