/** The head of a data table, which sorts its rows, and its foot. */
import type { ReactNode } from "react";
import type { Column, Sort } from "./data-table";
import classes from "./data-table.module.css";

interface HeadProps {
  columns: Column[];
  widths: number[];
  sort: Sort | null;
  onSort: (sort: Sort | null) => void;
  filter: ((column: number) => ReactNode) | undefined;
}

export function Head({ columns, widths, sort, onSort, filter }: HeadProps) {
  return (
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
            style={column.align ? { justifyContent: PLACES[column.align] } : undefined}
            title={column.type ? `${column.name} · ${column.type}` : column.name}
            onClick={() => onSort(nextSort(sort, index))}
          >
            {column.name}
            {sort?.column === index ? (sort.down ? " ↓" : " ↑") : ""}
            {column.type && <span className={classes.type}>{column.type}</span>}
          </button>
          {filter && <div className={classes.filter}>{filter(index)}</div>}
        </div>
      ))}
    </div>
  );
}

const PLACES = { left: "flex-start", center: "center", right: "flex-end" };

function nextSort(before: Sort | null, column: number): Sort | null {
  if (before?.column !== column) return { column, down: false };
  return before.down ? null : { column, down: true };
}

interface FootProps {
  texts: string[];
  columns: Column[];
  widths: number[];
}

export function Foot({ texts, columns, widths }: FootProps) {
  return (
    <div className={classes.foot} role="row" tabIndex={-1}>
      {columns.map((column, index) => (
        <div
          key={`${column.name} ${index}`}
          className={classes.cell}
          role="gridcell"
          tabIndex={-1}
          data-align={column.align}
          style={{ width: widths[index] }}
        >
          {texts[index]}
        </div>
      ))}
    </div>
  );
}
