/** The options of the field configuration: those of every type, and those of charts and tables. */
import type { Choice, OptionKind, OptionSpec } from "./options";

/** Choices whose values are their names. */
export function words(...labels: string[]): Choice[] {
  return labels.map((label) => ({ value: label.toLowerCase(), label }));
}

const SERIES = ["timeseries", "trend"];
const CHARTS = [...SERIES, "barchart", "histogram", "xychart", "candlestick"];
const STATES = ["state-timeline", "status-history"];
const VALUES = [...CHARTS, ...STATES, "stat", "gauge", "bargauge", "piechart", "table", "heatmap"];

const field = (group: string, types: readonly string[], specs: Bare[]): OptionSpec[] =>
  specs.map((spec) => ({ ...spec, area: "field", group, types }));

type Bare = OptionKind & Pick<OptionSpec, "id" | "inner" | "label">;

const STANDARD: Bare[] = [
  { id: "unit", label: "Unit", kind: "unit" },
  { id: "min", label: "Min", kind: "number", placeholder: "auto" },
  { id: "max", label: "Max", kind: "number", placeholder: "auto" },
  { id: "decimals", label: "Decimals", kind: "number", min: 0, max: 15, placeholder: "auto" },
  { id: "displayName", label: "Display name", kind: "text" },
  { id: "color", label: "Color", kind: "color" },
  { id: "noValue", label: "No value", kind: "text" },
];

const STYLE: Bare[] = [
  { id: "custom.drawStyle", label: "Style", kind: "choice", choices: words("Line", "Bars", "Points") },
  {
    id: "custom.lineInterpolation",
    label: "Interpolation",
    kind: "choice",
    choices: [
      { value: "linear", label: "Linear" },
      { value: "smooth", label: "Smooth" },
      { value: "stepBefore", label: "Before" },
      { value: "stepAfter", label: "After" },
    ],
  },
  { id: "custom.lineWidth", label: "Line width", kind: "number", min: 0, max: 10, placeholder: "auto" },
  { id: "custom.fillOpacity", label: "Fill opacity", kind: "number", min: 0, max: 100, placeholder: "0" },
  { id: "custom.gradientMode", label: "Gradient", kind: "choice", choices: words("None", "Opacity") },
  {
    id: "custom.lineStyle",
    inner: "fill",
    label: "Line style",
    kind: "choice",
    choices: [
      { value: "solid", label: "Solid" },
      { value: "dash", label: "Dash" },
      { value: "dot", label: "Dots" },
    ],
  },
  {
    id: "custom.spanNulls",
    label: "Connect null values",
    kind: "choice",
    choices: [
      { value: false, label: "Never" },
      { value: true, label: "Always" },
      { value: 3_600_000, label: "Within 1h" },
    ],
  },
  {
    id: "custom.showPoints",
    label: "Show points",
    kind: "choice",
    choices: words("Auto", "Always", "Never"),
  },
  { id: "custom.pointSize", label: "Point size", kind: "number", min: 1, max: 40, placeholder: "auto" },
  {
    id: "custom.stacking",
    inner: "mode",
    label: "Stack series",
    kind: "choice",
    choices: [
      { value: "none", label: "Off" },
      { value: "normal", label: "Normal" },
      { value: "percent", label: "100%" },
    ],
  },
  {
    id: "custom.transform",
    label: "Transform",
    kind: "choice",
    choices: [
      { value: undefined, label: "None" },
      { value: "negative-Y", label: "Negative Y" },
    ],
  },
  { id: "custom.fillBelowTo", label: "Fill below to", kind: "text" },
  { id: "custom.hideFrom", inner: "legend", label: "Hide from the legend", kind: "switch", fallback: false },
  { id: "custom.hideFrom", inner: "viz", label: "Hide from the chart", kind: "switch", fallback: false },
];

const AXIS: Bare[] = [
  {
    id: "custom.axisPlacement",
    label: "Placement",
    kind: "choice",
    choices: words("Auto", "Left", "Right", "Hidden"),
  },
  { id: "custom.axisLabel", label: "Label", kind: "text" },
  { id: "custom.axisSoftMin", label: "Soft min", kind: "number" },
  { id: "custom.axisSoftMax", label: "Soft max", kind: "number" },
  { id: "custom.axisCenteredZero", label: "Centered zero", kind: "switch", fallback: false },
  {
    id: "custom.scaleDistribution",
    label: "Scale",
    kind: "choice",
    choices: [
      { value: { type: "linear" }, label: "Linear" },
      { value: { type: "log", log: 2 }, label: "Log 2" },
      { value: { type: "log", log: 10 }, label: "Log 10" },
      { value: { type: "symlog", log: 10 }, label: "Symlog" },
    ],
  },
];

const CELLS: Bare[] = [
  {
    id: "custom.cellOptions",
    inner: "type",
    label: "Cell type",
    kind: "choice",
    choices: [
      { value: "auto", label: "Auto" },
      { value: "color-text", label: "Colored text" },
      { value: "color-background", label: "Colored background" },
      { value: "gauge", label: "Gauge" },
      { value: "sparkline", label: "Sparkline" },
      { value: "json-view", label: "JSON" },
      { value: "data-links", label: "Data links" },
      { value: "pill", label: "Pill" },
      { value: "markdown", label: "Markdown" },
    ],
  },
  {
    id: "custom.align",
    label: "Alignment",
    kind: "choice",
    choices: words("Auto", "Left", "Center", "Right"),
  },
  { id: "custom.width", label: "Column width", kind: "number", min: 20, max: 2_000, placeholder: "auto" },
  { id: "custom.minWidth", label: "Minimum width", kind: "number", min: 20, max: 2_000, placeholder: "auto" },
  { id: "custom.filterable", label: "Column filter", kind: "switch", fallback: false },
  { id: "custom.hidden", label: "Hide the column", kind: "switch", fallback: false },
];

const THRESHOLDS: Bare[] = [{ id: "thresholds", label: "Steps", kind: "thresholds" }];
const THRESHOLD_STYLE: Bare[] = [
  {
    id: "custom.thresholdsStyle",
    inner: "mode",
    label: "Show in the chart",
    kind: "choice",
    choices: ["Off", "Line", "Dashed", "Area", "Line+area", "Dashed+area"].map((label) => ({
      value: label.toLowerCase(),
      label,
    })),
  },
];

export const FIELD_OPTIONS: readonly OptionSpec[] = [
  ...field("Standard options", VALUES, STANDARD),
  ...field("Graph styles", [...SERIES, "candlestick"], STYLE),
  ...field("Axis", CHARTS, AXIS),
  ...field("Cells", ["table"], CELLS),
  ...field("Thresholds", VALUES, THRESHOLDS),
  ...field("Thresholds", SERIES, THRESHOLD_STYLE),
  ...field("Value mappings", VALUES, [{ id: "mappings", label: "Mappings", kind: "mappings" }]),
  ...field("Data links", VALUES, [{ id: "links", label: "Links", kind: "links" }]),
];
