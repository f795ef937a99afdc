/** The options of single types of panels, and those of legends and tooltips. */
import { words } from "./field-options";
import type { OptionKind, OptionSpec } from "./options";

type Bare = OptionKind & Pick<OptionSpec, "id" | "label">;

const option = (group: string, types: readonly string[], specs: Bare[]): OptionSpec[] =>
  specs.map((spec) => ({ ...spec, area: "options", group, types }));

const LEGEND = [
  "timeseries",
  "barchart",
  "piechart",
  "histogram",
  "state-timeline",
  "status-history",
  "xychart",
];
const WITH_LEGEND = [...LEGEND, "trend", "candlestick"];
const WITH_CALCS = ["timeseries", "barchart", "histogram", "xychart", "trend", "candlestick"];
const SINGLE = ["stat", "gauge", "bargauge", "piechart"];

const ORIENTATION: Bare = {
  id: "orientation",
  label: "Orientation",
  kind: "choice",
  choices: words("Auto", "Horizontal", "Vertical"),
};

const SHOW_VALUE: Bare = {
  id: "showValue",
  label: "Show values",
  kind: "choice",
  choices: words("Auto", "Always", "Never"),
};

const VALUE: Bare[] = [
  {
    id: "reduceOptions.values",
    label: "Show",
    kind: "choice",
    choices: [
      { value: false, label: "Calculate" },
      { value: true, label: "All values" },
    ],
  },
  { id: "reduceOptions.calcs", label: "Calculation", kind: "calcs", single: true },
  { id: "reduceOptions.limit", label: "Limit", kind: "number", min: 1, placeholder: "25" },
  { id: "reduceOptions.fields", label: "Fields (/regex/)", kind: "text" },
];

const STAT: Bare[] = [
  ORIENTATION,
  {
    id: "textMode",
    label: "Text",
    kind: "choice",
    choices: [
      { value: "auto", label: "Auto" },
      { value: "value", label: "Value" },
      { value: "value_and_name", label: "Value and name" },
      { value: "name", label: "Name" },
      { value: "none", label: "None" },
    ],
  },
  {
    id: "colorMode",
    label: "Color mode",
    kind: "choice",
    choices: [
      { value: "value", label: "Value" },
      { value: "background", label: "Background" },
      { value: "background_solid", label: "Background solid" },
      { value: "none", label: "None" },
    ],
  },
  {
    id: "graphMode",
    label: "Graph",
    kind: "choice",
    choices: [
      { value: "area", label: "Area" },
      { value: "none", label: "None" },
    ],
  },
  { id: "justifyMode", label: "Alignment", kind: "choice", choices: words("Auto", "Center") },
  { id: "showPercentChange", label: "Percent change", kind: "switch", fallback: false },
];

const BAR_GAUGE: Bare[] = [
  ORIENTATION,
  { id: "displayMode", label: "Bars", kind: "choice", choices: words("Gradient", "LCD", "Basic") },
  { id: "valueMode", label: "Values", kind: "choice", choices: words("Color", "Text", "Hidden") },
  { id: "namePlacement", label: "Names", kind: "choice", choices: words("Auto", "Top", "Left", "Hidden") },
  { id: "showUnfilled", label: "Unfilled part", kind: "switch", fallback: true },
];

const TABLE: Bare[] = [
  { id: "showHeader", label: "Header", kind: "switch", fallback: true },
  {
    id: "cellHeight",
    label: "Row height",
    kind: "choice",
    choices: [
      { value: "sm", label: "Small" },
      { value: "md", label: "Medium" },
      { value: "lg", label: "Large" },
    ],
  },
  { id: "footer.show", label: "Footer", kind: "switch", fallback: false },
  { id: "footer.reducer", label: "Footer calculations", kind: "calcs", single: false },
];

const HEATMAP: Bare[] = [
  { id: "calculate", label: "Calculate from data", kind: "switch", fallback: false },
  { id: "color.mode", label: "Colors", kind: "choice", choices: words("Scheme", "Opacity") },
  { id: "color.scheme", label: "Scheme", kind: "text" },
  { id: "color.steps", label: "Color steps", kind: "number", min: 2, max: 128, placeholder: "64" },
  { id: "yAxis.unit", label: "Y axis unit", kind: "unit" },
  { id: "cellGap", label: "Cell gap", kind: "number", min: 0, max: 20, placeholder: "1" },
  { id: "legend.show", label: "Legend", kind: "switch", fallback: true },
];

const TOOLTIPS = { single: "Single", multi: "All", none: "Hidden" };

/** The first mode is that of a panel without the option. */
function tooltip(...modes: ("single" | "multi")[]): Bare {
  const choices = [...modes, "none" as const].map((value) => ({ value, label: TOOLTIPS[value] }));
  return { id: "tooltip.mode", label: "Mode", kind: "choice", choices };
}

export const PANEL_OPTIONS: readonly OptionSpec[] = [
  ...option("Value options", SINGLE, VALUE),
  ...option("Stat", ["stat"], STAT),
  ...option(
    "Gauge",
    ["gauge"],
    [
      ORIENTATION,
      { id: "showThresholdLabels", label: "Threshold labels", kind: "switch", fallback: false },
      { id: "showThresholdMarkers", label: "Threshold markers", kind: "switch", fallback: true },
    ],
  ),
  ...option("Bar gauge", ["bargauge"], BAR_GAUGE),
  ...option(
    "Pie chart",
    ["piechart"],
    [{ id: "pieType", label: "Shape", kind: "choice", choices: words("Pie", "Donut") }],
  ),
  ...option(
    "Bar chart",
    ["barchart"],
    [
      ORIENTATION,
      SHOW_VALUE,
      {
        id: "stacking",
        label: "Stacking",
        kind: "choice",
        choices: [
          { value: "none", label: "Off" },
          { value: "normal", label: "Normal" },
          { value: "percent", label: "100%" },
        ],
      },
      { id: "xField", label: "X axis field", kind: "text" },
    ],
  ),
  ...option(
    "States",
    ["state-timeline", "status-history"],
    [
      SHOW_VALUE,
      { id: "mergeValues", label: "Merge equal values", kind: "switch", fallback: true },
      { id: "rowHeight", label: "Row height", kind: "number", min: 0, max: 1, placeholder: "0.9" },
    ],
  ),
  ...option("Heatmap", ["heatmap"], HEATMAP),
  ...option(
    "Histogram",
    ["histogram"],
    [
      { id: "bucketCount", label: "Bucket count", kind: "number", min: 1, placeholder: "30" },
      { id: "bucketSize", label: "Bucket size", kind: "number", placeholder: "auto" },
      { id: "combine", label: "Combine series", kind: "switch", fallback: false },
    ],
  ),
  ...option("Table", ["table"], TABLE),
  ...option(
    "Logs",
    ["logs"],
    [
      { id: "wrapLogMessage", label: "Wrap lines", kind: "switch", fallback: false },
      { id: "prettifyLogMessage", label: "Prettify JSON", kind: "switch", fallback: false },
    ],
  ),
  ...option(
    "Text",
    ["text"],
    [
      { id: "mode", label: "Mode", kind: "choice", choices: words("Markdown", "HTML", "Code") },
      { id: "content", label: "Content", kind: "markdown" },
    ],
  ),
  ...option("Legend", WITH_LEGEND, [
    { id: "legend.showLegend", label: "Show", kind: "switch", fallback: true },
    { id: "legend.displayMode", label: "Mode", kind: "choice", choices: words("List", "Table") },
    { id: "legend.placement", label: "Placement", kind: "choice", choices: words("Bottom", "Right") },
  ]),
  ...option("Legend", WITH_CALCS, [{ id: "legend.calcs", label: "Values", kind: "calcs", single: false }]),
  ...option(
    "Tooltip",
    ["timeseries", "trend", "state-timeline", "status-history"],
    [tooltip("multi", "single")],
  ),
  ...option("Tooltip", ["barchart", "piechart"], [tooltip("single", "multi")]),
  ...option(
    "Tooltip",
    ["timeseries", "trend"],
    [
      {
        id: "tooltip.sort",
        label: "Order",
        kind: "choice",
        choices: [
          { value: "desc", label: "Descending" },
          { value: "asc", label: "Ascending" },
          { value: "none", label: "None" },
        ],
      },
    ],
  ),
];
