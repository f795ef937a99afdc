/** How the cells of a column are shown: the custom field configuration of Grafana's table panel. */
import { record, string, strings } from "../../api/decode";
import type { FieldConfig } from "../../data/field-config";
import { oneOf } from "../../url/search";

const TYPES = [
  "auto",
  "color-text",
  "color-background",
  "gauge",
  "sparkline",
  "json-view",
  "image",
  "data-links",
  "pill",
  "markdown",
] as const;

const ALIGNMENTS = ["left", "center", "right"] as const;

export interface CellOptions {
  type: (typeof TYPES)[number];
  mode: "basic" | "gradient" | "lcd";
  align: "left" | "center" | "right" | null;
  /** In pixels; null is a width that fits. */
  width: number | null;
  widthMin: number;
  hidden: boolean;
  filterable: boolean;
  /** The calculations of the footer; null are those of the panel. */
  footer: string[] | null;
}

/** The modes of a time before `cellOptions`. */
const DISPLAY_MODES: Record<string, { type: CellOptions["type"]; mode?: CellOptions["mode"] }> = {
  "color-background": { type: "color-background", mode: "gradient" },
  "color-background-solid": { type: "color-background", mode: "basic" },
  basic: { type: "gauge", mode: "basic" },
  "gradient-gauge": { type: "gauge", mode: "gradient" },
  "lcd-gauge": { type: "gauge", mode: "lcd" },
};

export function readCellOptions({ custom = {} }: FieldConfig): CellOptions {
  const { type, mode } = record(custom.cellOptions);
  const before = DISPLAY_MODES[string(custom.displayMode)];
  const found = oneOf(type ?? custom.displayMode, TYPES);
  const pixels = (value: unknown) => (typeof value === "number" && value > 0 ? value : null);
  return {
    type: type === undefined && before ? before.type : (found ?? "auto"),
    mode: oneOf(mode, ["basic", "gradient", "lcd"]) ?? before?.mode ?? "gradient",
    align: oneOf(custom.align, ALIGNMENTS) ?? null,
    width: pixels(custom.width),
    widthMin: pixels(custom.minWidth) ?? 0,
    hidden: custom.hidden === true || custom.hidden === "true" || record(custom.hideFrom).viz === true,
    filterable: custom.filterable === true,
    footer: custom.footer === undefined ? null : strings(record(custom.footer).reducers),
  };
}
