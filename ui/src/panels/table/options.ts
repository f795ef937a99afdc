/** The options of the table panel. */
import { record, string } from "../../api/decode";

export interface TableOptions {
  /** For assistive technology. */
  label: string;
  /** The sorted column, with a leading `-` when descending. */
  sort: string | undefined;
  /** The maximum height as a CSS length; without it the table fills its parent. */
  heightMax: string | undefined;
}

export function readTableOptions(value: unknown): TableOptions {
  const { label, sort, heightMax } = record(value);
  return {
    label: string(label, "Rows"),
    sort: string(sort) || undefined,
    heightMax: string(heightMax) || undefined,
  };
}
