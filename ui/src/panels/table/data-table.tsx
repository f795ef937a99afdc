/** A sortable table that renders only its visible rows. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type ReactNode, useMemo, useRef, useState } from "react";
import type { ScopedValue } from "../../values/value";
import { ValueMenu } from "../../values/value-menu";
import classes from "./data-table.module.css";
import { Foot, Head } from "./data-table-head";

export type Cell = string | number | boolean | null;

export interface Column {
  name: string;
  /** Shown beside the name. */
  type?: string;
  align?: "left" | "center" | "right";
  /** In pixels; by default wide enough for most cells. */
  width?: number;
  widthMin?: number;
  /** What the cells of a row show, and their style; by default the formatted value. */
  render?: (row: number) => { node: ReactNode; style: CSSProperties | undefined };
  /** What is shown in place of a missing value. */
  missing?: string | undefined;
  /** Holds sentences, and may be wider than other columns. */
  wide?: boolean;
  /** Whether its cells have a menu of their values. */
  valued?: boolean;
}

export interface CellValues {
  values: ScopedValue[];
  refId?: string | undefined;
}

interface Props {
  label: string;
  columns: Column[];
  rows: Cell[][];
  /** Formats a cell; by default as the text of its value. */
  format?: (value: Cell, column: number) => string;
  /** Without it the columns have no names, and cannot be sorted. */
  header?: boolean;
  /** In pixels. */
  rowHeight?: number;
  /** Columns share the width of the table. */
  stretch?: boolean;
  /** A text below each column. */
  footer?: string[] | null;
  /** What is below the name of a column. */
  filter?: (column: number) => ReactNode;
  /** The maximum height as a CSS length; by default the height of the parent. */
  heightMax?: string;
  selected?: number | null;
  /** A click or an arrow key selects a row. */
  onSelect?: (row: number) => void;
  /** A click or Enter opens a row; the arrow keys then only move a cursor. */
  onOpen?: (row: number) => void;
  /** The values of a cell in a column that is `valued`. */
  valuesOf?: (row: number, column: number) => CellValues;
  /** The name of the sorted column, with a leading `-` when descending. The table keeps it when absent. */
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
}

const ROW_HEIGHT = 26;
const HEAD_HEIGHT = 33;
const FILTER_HEIGHT = 28;
const SAMPLED_ROWS = 80;
/** Of a monospaced character, and of a digit in a column of numbers. */
const CHARACTER_WIDTH = 7.3;
const DIGIT_WIDTH = 7.8;
const CELL_PADDING = 24;
/** The button of a menu, which is partly within the padding. */
const MENU_WIDTH = 12;
const STEPS: Record<string, number | undefined> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

export interface Sort {
  column: number;
  down: boolean;
}

/** The sort of the props, or one of its own. */
function useSort({ columns, sort, onSort }: Props): [Sort | null, (sort: Sort | null) => void] {
  const given = useMemo((): Sort | null => {
    const find = (name: string) => columns.findIndex((column) => column.name === name);
    if (!sort) return null;
    const column = find(sort);
    if (column >= 0) return { column, down: false };
    const down = sort.startsWith("-") ? find(sort.slice(1)) : -1;
    return down >= 0 ? { column: down, down: true } : null;
  }, [columns, sort]);
  const [own, setOwn] = useState<Sort | null>(given);
  if (!onSort) return [own, setOwn];
  const write = (next: Sort | null) =>
    onSort(next ? `${next.down ? "-" : ""}${columns[next.column]?.name ?? ""}` : undefined);
  return [given, write];
}

export function DataTable(props: Props) {
  const { label, columns, rows, format = plainText, heightMax, onSelect, onOpen } = props;
  const { header = true, rowHeight = ROW_HEIGHT, stretch = false, footer = null, filter } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useSort(props);
  const order = useMemo(() => sorted(rows, sort), [rows, sort]);
  const widths = useMemo(() => columnWidths(columns, rows, format), [columns, rows, format]);
  const [cursor, setCursor] = useState<number | null>(null);
  const selected = onOpen ? cursor : (props.selected ?? null);
  const virtual = useVirtualizer({
    count: order.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  });
  const step = (by: number) => {
    if (order.length === 0) return;
    const at = selected === null ? -1 : order.indexOf(selected);
    const next = Math.min(order.length - 1, Math.max(0, at + by));
    virtual.scrollToIndex(next);
    (onOpen ? setCursor : onSelect)?.(order[next] ?? 0);
  };
  const choose = onOpen ?? onSelect;
  return (
    <div
      ref={scroll}
      className={classes.scroll}
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      data-stretch={stretch}
      tabIndex={0}
      style={
        heightMax
          ? {
              height: `min(${heightMax}, ${rows.length * rowHeight + HEAD_HEIGHT + (filter ? FILTER_HEIGHT : 0)}px)`,
            }
          : undefined
      }
      onKeyDown={(event) => {
        if (!choose || event.target instanceof HTMLButtonElement || event.target instanceof HTMLInputElement)
          return;
        const by = STEPS[event.key];
        if (by) step(by);
        else if (event.key === "Enter" && selected !== null) choose(selected);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      {header && <Head columns={columns} widths={widths} sort={sort} onSort={setSort} filter={filter} />}
      <div className={classes.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const rowIndex = order[item.index] ?? 0;
          return (
            <Row
              key={item.key}
              cells={rows[rowIndex] ?? []}
              columns={columns}
              widths={widths}
              format={format}
              place={item.index}
              top={item.start}
              index={rowIndex}
              height={rowHeight}
              selected={selected === rowIndex}
              valuesOf={props.valuesOf && ((column) => props.valuesOf?.(rowIndex, column))}
              onSelect={choose ? () => choose(rowIndex) : undefined}
            />
          );
        })}
      </div>
      {footer && <Foot texts={footer} columns={columns} widths={widths} />}
    </div>
  );
}

interface RowProps {
  cells: Cell[];
  columns: Column[];
  widths: number[];
  format: (value: Cell, column: number) => string;
  place: number;
  /** Of the row in the data. */
  index: number;
  height: number;
  top: number;
  selected: boolean;
  valuesOf: ((column: number) => CellValues | undefined) | undefined;
  onSelect: (() => void) | undefined;
}

function Row(props: RowProps) {
  const { cells, columns, widths, format, place, index, height, top, selected, valuesOf, onSelect } = props;
  // Only the row that is pointed at, or selected, has buttons: a table shows a thousand cells.
  const [pointed, setPointed] = useState(false);
  const menus = valuesOf !== undefined && (pointed || selected);
  return (
    <div
      className={classes.row}
      role="row"
      tabIndex={-1}
      aria-rowindex={place + 2}
      aria-selected={selected}
      data-link={onSelect !== undefined}
      style={{ transform: `translateY(${top}px)`, height: height - 1 }}
      onClick={onSelect}
      onKeyDown={undefined}
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={({ currentTarget }) =>
        setPointed(currentTarget.querySelector("[aria-expanded=true]") !== null)
      }
    >
      {columns.map((column, at) => {
        const value = cells[at] ?? null;
        const rendered = column.render?.(index);
        const text = value === null ? (column.missing ?? "null") : format(value, at);
        return (
          <div
            key={`${column.name} ${at}`}
            className={value === null && !rendered ? `${classes.cell} ${classes.null}` : classes.cell}
            role="gridcell"
            tabIndex={-1}
            data-align={column.align}
            data-mono={column.align !== "right"}
            title={text.length * DIGIT_WIDTH > (widths[at] ?? 0) - CELL_PADDING ? text : undefined}
            style={{ width: widths[at], lineHeight: `${height - 7}px`, ...rendered?.style }}
          >
            {rendered ? rendered.node : text}
            {menus && column.valued && (
              <CellMenu name={column.name} read={() => valuesOf(at)} focusable={selected} />
            )}
          </div>
        );
      })}
    </div>
  );
}

function CellMenu(props: { name: string; read: () => CellValues | undefined; focusable: boolean }) {
  const { name, read, focusable } = props;
  return (
    <span className={classes.menu}>
      <ValueMenu
        label={name}
        values={() => read()?.values ?? []}
        refId={read()?.refId}
        focusable={focusable}
      />
    </span>
  );
}

function plainText(value: Cell): string {
  return String(value);
}

function sorted(rows: Cell[][], sort: Sort | null): number[] {
  const order = rows.map((_, index) => index);
  if (!sort) return order;
  const sign = sort.down ? -1 : 1;
  return order.sort((left, right) => {
    const [first, second] = [rows[left]?.[sort.column] ?? null, rows[right]?.[sort.column] ?? null];
    // Nulls are last in both directions.
    if (first === null || second === null) return first === second ? 0 : first === null ? 1 : -1;
    return sign * compare(first, second);
  });
}

function compare(left: NonNullable<Cell>, right: NonNullable<Cell>): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  return String(left).localeCompare(String(right), undefined, { numeric: true });
}

/** Wide enough for the header and most cells of a sample. */
function columnWidths(
  columns: Column[],
  rows: Cell[][],
  format: (value: Cell, column: number) => string,
): number[] {
  return columns.map((column, index) => {
    const head = column.name.length * 7.4 + (column.type ? Math.min(column.type.length, 14) * 6 + 8 : 0);
    if (column.width !== undefined) return column.width;
    const width = column.align === "right" ? DIGIT_WIDTH : CHARACTER_WIDTH;
    const sample = rows.slice(0, SAMPLED_ROWS).map((row) => {
      const value = row[index] ?? null;
      return (value === null ? 4 : Math.min(format(value, index).length, column.wide ? 160 : 80)) * width;
    });
    const widest = Math.max(head + 16, ...sample);
    const menu = column.valued ? MENU_WIDTH : 0;
    return Math.round(
      Math.min(column.wide ? 1_100 : 460, Math.max(column.widthMin ?? 72, widest + 26 + menu)),
    );
  });
}
