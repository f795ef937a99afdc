/** What the old graph panel says of single series, as overrides of the field configuration. */
import { list, record, string } from "../api/decode";
import { colorOverrides } from "./migrate-others";
import { numberOf } from "./migrate-values";

type Json = Record<string, unknown>;
type Property = { id: string; value: unknown };

export function dashOf({ dashLength, spaceLength }: Json): number[] {
  return [numberOf(dashLength) ?? 10, numberOf(spaceLength) ?? 10];
}

export function stackingOf(stacked: boolean, percent: boolean, group = "A"): Json {
  return { mode: stacked ? (percent ? "percent" : "normal") : "none", group };
}

/** The configuration that an axis of the graph gives the fields on it. */
export function axisConfig({ format, min, max, decimals, logBase, label, show }: Json): {
  config: Json;
  custom: Json;
} {
  const [least, most, places, base] = [min, max, decimals, logBase].map(numberOf);
  return {
    config: {
      ...(typeof format === "string" && format !== "" ? { unit: format } : {}),
      ...(least === undefined ? {} : { min: least }),
      ...(most === undefined ? {} : { max: most }),
      ...(places === undefined ? {} : { decimals: places }),
    },
    custom: {
      ...(base !== undefined && base > 1
        ? { scaleDistribution: { type: "log", log: base === 2 ? 2 : 10 } }
        : {}),
      ...(typeof label === "string" && label !== "" ? { axisLabel: label } : {}),
      ...(show === false ? { axisPlacement: "hidden" } : {}),
    },
  };
}

export function seriesOverrides(panel: Json): Json[] {
  return [
    ...colorOverrides(panel.aliasColors),
    ...list(panel.seriesOverrides).flatMap((item) => seriesOverride(record(item), panel)),
    ...hiddenWithout(record(panel.legend)),
    ...(panel.hiddenSeries === true
      ? [{ matcher: { id: "byType", options: "number" }, properties: [hideFrom(true, false)] }]
      : []),
  ];
}

function hideFrom(viz: boolean, legend: boolean): Property {
  return { id: "custom.hideFrom", value: { viz, legend, tooltip: viz || legend } };
}

/** An alias is a name, or an expression between slashes. */
function seriesOverride(given: Json, panel: Json): Json[] {
  const alias = string(given.alias);
  const properties = propertiesOf(given, panel);
  if (alias === "" || properties.length === 0) return [];
  const id = /^\/.*\/[gimsuy]*$/s.test(alias) ? "byRegexp" : "byName";
  return [{ matcher: { id, options: alias }, properties }];
}

function propertiesOf(given: Json, panel: Json): Property[] {
  const found: Property[] = [];
  const set = (id: string, value: unknown) => found.push({ id, value });
  const number = (key: string) => numberOf(given[key]);
  if (given.yaxis === 2) found.push(...rightAxis(panel));
  const color = string(given.color);
  if (color !== "") set("color", { mode: "fixed", fixedColor: color });
  if (given.bars === true) {
    set("custom.drawStyle", "bars");
    set("custom.fillOpacity", 100);
  }
  if (given.lines === true) set("custom.drawStyle", "line");
  if (given.lines === false && given.bars !== true)
    set(
      given.points === true ? "custom.drawStyle" : "custom.lineWidth",
      given.points === true ? "points" : 0,
    );
  if (typeof given.points === "boolean") set("custom.showPoints", given.points ? "always" : "never");
  if (number("linewidth") !== undefined) set("custom.lineWidth", number("linewidth"));
  if (number("fill") !== undefined) set("custom.fillOpacity", Math.min(100, (number("fill") ?? 0) * 10));
  if ((number("fillGradient") ?? 0) > 0) {
    set("custom.fillOpacity", Math.min(100, (number("fillGradient") ?? 0) * 10));
    set("custom.gradientMode", "opacity");
  }
  if (number("pointradius") !== undefined) set("custom.pointSize", (number("pointradius") ?? 1) * 2);
  if (typeof given.fillBelowTo === "string") set("custom.fillBelowTo", given.fillBelowTo);
  if (given.steppedLine === true) set("custom.lineInterpolation", "stepAfter");
  if (given.dashes === true) set("custom.lineStyle", { fill: "dash", dash: dashOf({ ...panel, ...given }) });
  if (given.dashes === false) set("custom.lineStyle", { fill: "solid" });
  if (given.stack !== undefined) set("custom.stacking", stackOf(given.stack, panel));
  if (given.transform === "negative-Y" || given.transform === "constant")
    set("custom.transform", given.transform);
  if (given.nullPointMode === "null as zero" || given.nullPointMode === "connected")
    set("nullValueMode", given.nullPointMode);
  if (given.hiddenSeries === true) found.push(hideFrom(true, false));
  if (given.legend === false)
    found.push({ id: "custom.hideFrom", value: { viz: false, legend: true, tooltip: false } });
  return found;
}

function stackOf(stack: unknown, panel: Json): Json {
  const percent = panel.percentage === true;
  return typeof stack === "string" ? stackingOf(true, percent, stack) : stackingOf(stack === true, percent);
}

function rightAxis(panel: Json): Property[] {
  const { config, custom } = axisConfig(record(list(panel.yaxes)[1]));
  const { axisPlacement = "right", ...rest } = custom;
  return [
    { id: "custom.axisPlacement", value: axisPlacement },
    ...Object.entries(config).map(([id, value]) => ({ id, value })),
    ...Object.entries(rest).map(([id, value]) => ({ id: `custom.${id}`, value })),
  ];
}

/** Series that the legend leaves out. */
function hiddenWithout(legend: Json): Json[] {
  const hidden = (reducer: string): Json => ({
    matcher: { id: "byValue", options: { reducer, op: "gte", value: 0 } },
    properties: [{ id: "custom.hideFrom", value: { viz: false, legend: true, tooltip: true } }],
  });
  return [
    ...(legend.hideEmpty === true ? [hidden("allIsNull")] : []),
    ...(legend.hideZero === true ? [hidden("allIsZero")] : []),
  ];
}
