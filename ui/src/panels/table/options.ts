/** The options of the table panel. */
import { list, record, string, strings } from "../../api/decode";

export interface TableOptions {
  /** For assistive technology. */
  label: string;
  /** The sorted column, with a leading `-` when descending. */
  sort: string | undefined;
  /** The maximum height as a CSS length; without it the table fills its parent. */
  heightMax: string | undefined;
  header: boolean;
  /** In pixels. */
  rowHeight: number;
  /** The frame that is shown first. */
  frame: number;
  /** The calculations below the columns, and of which; none without a footer. */
  footer: { calcs: string[]; fields: string[]; countRows: boolean } | null;
  /** Columns share the width of the panel. */
  stretch: boolean;
}

const ROW_HEIGHTS: Record<string, number> = { sm: 26, md: 38, lg: 50 };

export function readTableOptions(value: unknown): TableOptions {
  const { label, sort, sortBy, heightMax, showHeader, cellHeight, frameIndex, footer, stretch } =
    record(value);
  const { displayName, desc } = record(list(sortBy)[0]);
  const { show, reducer, fields, countRows } = record(footer);
  const column = string(displayName);
  return {
    label: string(label, "Rows"),
    sort: string(sort) || (column ? `${desc === true ? "-" : ""}${column}` : undefined),
    heightMax: string(heightMax) || undefined,
    header: showHeader !== false,
    rowHeight: ROW_HEIGHTS[string(cellHeight)] ?? 26,
    frame: typeof frameIndex === "number" ? frameIndex : 0,
    footer:
      show === true
        ? { calcs: strings(reducer), fields: strings(fields), countRows: countRows === true }
        : null,
    stretch: stretch !== false,
  };
}
