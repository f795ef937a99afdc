/** A sortable table that renders only its visible rows. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { ScopedValue } from "../../values/value";
import { ValueMenu } from "../../values/value-menu";
import classes from "./data-table.module.css";

export type Cell = string | number | boolean | null;

export interface Column {
  name: string;
  /** Shown beside the name. */
  type?: string;
  right?: boolean;
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
const SAMPLED_ROWS = 80;
/** Of a monospaced character, and of a digit in a column of numbers. */
const CHARACTER_WIDTH = 7.3;
const DIGIT_WIDTH = 7.8;
const CELL_PADDING = 24;
/** The button of a menu, which is partly within the padding. */
const MENU_WIDTH = 12;
const STEPS: Record<string, number | undefined> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

interface Sort {
  column: number;
  down: boolean;
}

/** The sort of the props, or one of its own. */
function useSort({ columns, sort, onSort }: Props): [Sort | null, (sort: Sort | null) => void] {
  const [own, setOwn] = useState<Sort | null>(null);
  const given = useMemo((): Sort | null => {
    const find = (name: string) => columns.findIndex((column) => column.name === name);
    if (!sort) return null;
    const column = find(sort);
    if (column >= 0) return { column, down: false };
    const down = sort.startsWith("-") ? find(sort.slice(1)) : -1;
    return down >= 0 ? { column: down, down: true } : null;
  }, [columns, sort]);
  if (!onSort) return [own, setOwn];
  const write = (next: Sort | null) =>
    onSort(next ? `${next.down ? "-" : ""}${columns[next.column]?.name ?? ""}` : undefined);
  return [given, write];
}

export function DataTable(props: Props) {
  const { label, columns, rows, format = plainText, heightMax, onSelect, onOpen } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useSort(props);
  const order = useMemo(() => sorted(rows, sort), [rows, sort]);
  const widths = useMemo(() => columnWidths(columns, rows, format), [columns, rows, format]);
  const [cursor, setCursor] = useState<number | null>(null);
  const selected = onOpen ? cursor : (props.selected ?? null);
  const virtual = useVirtualizer({
    count: order.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
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
      tabIndex={0}
      style={
        heightMax ? { height: `min(${heightMax}, ${rows.length * ROW_HEIGHT + HEAD_HEIGHT}px)` } : undefined
      }
      onKeyDown={(event) => {
        if (!choose || event.target instanceof HTMLButtonElement) return;
        const by = STEPS[event.key];
        if (by) step(by);
        else if (event.key === "Enter" && selected !== null) choose(selected);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <div className={classes.head} role="row" tabIndex={-1}>
        {columns.map((column, index) => (
          <div
            key={`${column.name} ${index}`}
            className={classes.headCell}
            role="columnheader"
            tabIndex={-1}
            aria-sort={sort?.column === index ? (sort.down ? "descending" : "ascending") : undefined}
            style={{ width: widths[index] }}
          >
            <button
              type="button"
              style={column.right ? { justifyContent: "flex-end" } : undefined}
              title={column.type ? `${column.name} · ${column.type}` : column.name}
              onClick={() => setSort(nextSort(sort, index))}
            >
              {column.name}
              {sort?.column === index ? (sort.down ? " ↓" : " ↑") : ""}
              {column.type && <span className={classes.type}>{column.type}</span>}
            </button>
          </div>
        ))}
      </div>
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
              selected={selected === rowIndex}
              valuesOf={props.valuesOf && ((column) => props.valuesOf?.(rowIndex, column))}
              onSelect={choose ? () => choose(rowIndex) : undefined}
            />
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  cells: Cell[];
  columns: Column[];
  widths: number[];
  format: (value: Cell, column: number) => string;
  place: number;
  top: number;
  selected: boolean;
  valuesOf: ((column: number) => CellValues | undefined) | undefined;
  onSelect: (() => void) | undefined;
}

function Row(props: RowProps) {
  const { cells, columns, widths, format, place, top, selected, valuesOf, onSelect } = props;
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
      style={{ transform: `translateY(${top}px)` }}
      onClick={onSelect}
      onKeyDown={undefined}
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={({ currentTarget }) =>
        setPointed(currentTarget.querySelector("[aria-expanded=true]") !== null)
      }
    >
      {columns.map((column, index) => {
        const value = cells[index] ?? null;
        const text = value === null ? "null" : format(value, index);
        return (
          <div
            key={`${column.name} ${index}`}
            className={value === null ? `${classes.cell} ${classes.null}` : classes.cell}
            role="gridcell"
            tabIndex={-1}
            data-right={column.right}
            data-mono={!column.right}
            title={text.length * DIGIT_WIDTH > (widths[index] ?? 0) - CELL_PADDING ? text : undefined}
            style={{ width: widths[index] }}
          >
            {text}
            {menus && column.valued && (
              <CellMenu name={column.name} read={() => valuesOf(index)} focusable={selected} />
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

function nextSort(before: Sort | null, column: number): Sort | null {
  if (before?.column !== column) return { column, down: false };
  return before.down ? null : { column, down: true };
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
    const width = column.right ? DIGIT_WIDTH : CHARACTER_WIDTH;
    const sample = rows.slice(0, SAMPLED_ROWS).map((row) => {
      const value = row[index] ?? null;
      return (value === null ? 4 : Math.min(format(value, index).length, column.wide ? 160 : 80)) * width;
    });
    const widest = Math.max(head + 16, ...sample);
    return Math.round(
      Math.min(column.wide ? 1_100 : 460, Math.max(72, widest + 26 + (column.valued ? MENU_WIDTH : 0))),
    );
  });
}
