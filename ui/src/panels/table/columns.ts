/** The columns of a frame for the table panel: what is in their cells, and what is below them. */
import { record } from "../../api/decode";
import { type DisplayValue, displayText, displayValue } from "../../data/display";
import { displayName } from "../../data/display-name";
import type { Field, Frame } from "../../data/frame";
import { calculate, calculationTitle } from "../../data/reducers";
import { formatExact } from "../../format/number";
import { formatInstant, type Zone } from "../../time/format";
import { colorOfValue } from "../color-mode";
import { linksOf } from "../links";
import type { PanelActions } from "../panel";
import { rangeOf } from "../values";
import { type CellOptions, readCellOptions } from "./cell-options";
import { type CellContent, PLAIN } from "./cells";
import type { Cell } from "./data-table";
import type { TableOptions } from "./options";

export interface TableColumn {
  field: Field;
  name: string;
  cell: CellOptions;
  range: { min: number; max: number };
}

/** The columns that are not hidden. */
export function columnsOf(frame: Frame | undefined): TableColumn[] {
  const fields = frame?.fields ?? [];
  const range = rangeOf(fields);
  return fields.flatMap((field) => {
    const cell = readCellOptions(field.config);
    if (cell.hidden || !frame) return [];
    const own = field.config.fieldMinMax ? rangeOf([field]) : range;
    return [
      {
        field,
        name: displayName(field, frame),
        cell,
        range: { min: field.config.min ?? own.min, max: field.config.max ?? own.max },
      },
    ];
  });
}

/** A value by which rows can be sorted. A series in a cell has one. */
export function cellOf(value: unknown): Cell {
  if (value === undefined) return null;
  const reduced = record(value).value;
  if (typeof reduced === "number") return reduced;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : (value as Cell);
}

export function textOf(value: Cell, field: Field | undefined, zone: Zone): string {
  // The unit of a panel is that of its numbers; a time has only those of dates.
  if (
    field?.type === "time" &&
    typeof value === "number" &&
    !/^(time:|dateTime)/.test(field.config.unit ?? "")
  )
    return formatInstant(value, zone, hasMillis(field));
  const plain = field?.config.unit === undefined && field?.config.decimals === undefined;
  if (typeof value === "number" && plain && !field?.config.mappings) return formatExact(value);
  return displayText(value, field?.config ?? {}, zone);
}

const withMillis = new WeakMap<readonly unknown[], boolean>();

/** Whether a time of the field is between two seconds: the others need no fractions. */
function hasMillis({ values }: Field): boolean {
  const known = withMillis.get(values);
  if (known !== undefined) return known;
  const found = values.some((value) => typeof value === "number" && value % 1_000 !== 0);
  withMillis.set(values, found);
  return found;
}

/** What a cell shows in other ways than as text. */
export function contentOf(
  { field, range }: TableColumn,
  frame: Frame,
  row: number,
  zone: Zone,
  actions: PanelActions | undefined,
): CellContent {
  const value = field.values[row];
  const config = { ...field.config, ...range };
  const display: DisplayValue = displayValue(value, config, zone);
  return {
    value,
    display,
    text: value === null || value === undefined ? (config.noValue ?? "") : textOf(cellOf(value), field, zone),
    color: colorOfValue(display, config, PLAIN),
    config,
    links: linksOf({ field, frame, row }, actions),
  };
}

/** The texts below the columns, or null without a footer. */
export function footerOf(
  columns: TableColumn[],
  rows: number[],
  { footer }: TableOptions,
  zone: Zone,
): string[] | null {
  if (!footer && !columns.some(({ cell }) => cell.footer?.length)) return null;
  const texts = columns.map(({ field, cell, name }) => {
    const calcs = cell.footer ?? footer?.calcs ?? [];
    const asked = !footer || footer.fields.length === 0 || footer.fields.includes(name);
    if (field.type !== "number" || !asked || footer?.countRows) return "";
    const values = rows.map((row) => field.values[row] ?? null);
    const found = calcs.map((calc) => ({ calc, value: calculate(values, calc) }));
    return found
      .map(({ calc, value }) => {
        const text = value === null ? "–" : textOf(value, field, zone);
        return found.length > 1 || texted(calc) ? `${calculationTitle(calc)} ${text}` : text;
      })
      .join(" · ");
  });
  const calc = footer?.calcs[0] ?? "";
  const label = footer?.countRows ? `Count ${rows.length}` : calculationTitle(calc);
  return texts[0] === "" ? [label, ...texts.slice(1)] : texts;
}

/** Calculations whose values cannot be taken for the sum of a column. */
function texted(calc: string): boolean {
  return calc !== "sum" && calc !== "";
}
