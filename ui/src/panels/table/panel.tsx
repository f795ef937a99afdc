/** The table panel: one frame, with a column per field. */
import { useMemo, useState } from "react";
import { displayText } from "../../data/display";
import { column as columnNamed, type Field, type Frame } from "../../data/frame";
import { useRange } from "../../time/context";
import { type Scope, valuesOfCell } from "../../values/value";
import { NoData } from "../no-data";
import type { PanelActions, PanelProps } from "../panel";
import { CellView, cellStyle } from "./cells";
import { cellOf, columnsOf, contentOf, footerOf, type TableColumn, textOf } from "./columns";
import { type Cell, type CellValues, type Column, DataTable } from "./data-table";
import type { TableOptions } from "./options";
import classes from "./panel.module.css";

export default function TablePanel(props: PanelProps<TableOptions>) {
  const { frames, options, height } = props;
  const [chosen, setChosen] = useState<number | null>(null);
  const shown = frames.filter(({ meta, fields }) => meta.type !== "exemplars" && fields.length > 0);
  const index = Math.min(Math.max(0, shown.length - 1), chosen ?? options.frame);
  const frame = shown[index];
  const table = frame ? <FrameTable {...props} frame={frame} /> : <NoData frames={frames} />;
  if (shown.length < 2) return height === undefined ? table : <div style={{ height }}>{table}</div>;
  return (
    <div className={classes.panel} style={{ height: height ?? "100%" }}>
      <div className={classes.table}>{table}</div>
      <select
        className={classes.frames}
        aria-label="Shown answer"
        value={index}
        onChange={(event) => setChosen(Number(event.currentTarget.value))}
      >
        {shown.map((one, at) => (
          <option key={at} value={at}>
            {nameOf(one, at)}
          </option>
        ))}
      </select>
    </div>
  );
}

function nameOf({ name, refId, fields }: Frame, index: number): string {
  const series = fields.find(({ type }) => type === "number")?.config.displayNameFromDS;
  return name ?? series ?? refId ?? `Answer ${index + 1}`;
}

interface Props extends PanelProps<TableOptions> {
  frame: Frame;
}

function FrameTable({ frame, options, onOptions, actions }: Props) {
  const { zone } = useRange();
  const [filters, setFilters] = useState<Record<string, string>>({});
  const columns = useMemo(() => columnsOf(frame), [frame]);
  const rows = useMemo(
    () =>
      Array.from({ length: frame.length }, (_, row) => columns.map(({ field }) => cellOf(field.values[row]))),
    [frame, columns],
  );
  const format = useMemo(
    () => (value: Cell, column: number) => textOf(value, columns[column]?.field, zone),
    [columns, zone],
  );
  const kept = useMemo(() => keptRows(rows, columns, filters, format), [rows, columns, filters, format]);
  const shown = useMemo(() => (kept ? kept.map((row) => rows[row] ?? []) : rows), [kept, rows]);
  const footer = useMemo(
    () => footerOf(columns, kept ?? rows.map((_, row) => row), options, zone),
    [columns, rows, kept, options, zone],
  );
  const heads = useMemo(
    () => columns.map((column) => columnOf(column, frame, (row) => kept?.[row] ?? row, zone, actions)),
    [columns, frame, kept, zone, actions],
  );
  if (columns.length === 0) return <NoData frames={[frame]} needs="All columns of this table are hidden." />;
  const { openRow, selection } = actions ?? {};
  const valued = columns.some(({ field }) => scopeOf(field) !== undefined);
  const valuesOf = (row: number, column: number): CellValues =>
    valuesIn(frame, columns[column]?.field, kept?.[row] ?? row);
  return (
    <DataTable
      label={options.label}
      columns={heads}
      rows={shown}
      format={format}
      {...(valued ? { valuesOf } : {})}
      header={options.header}
      rowHeight={options.rowHeight}
      stretch={options.stretch}
      footer={footer}
      {...(columns.some(({ cell }) => cell.filterable)
        ? { filter: (column) => filterOf(columns[column], filters, setFilters) }
        : {})}
      {...(options.heightMax ? { heightMax: options.heightMax } : {})}
      sort={options.sort}
      {...(onOptions ? { onSort: (sort) => onOptions({ sort }) } : {})}
      {...(openRow ? { onOpen: openRow } : {})}
      {...(selection ? { selected: selection.row, onSelect: selection.select } : {})}
    />
  );
}

/** The rows whose texts contain those of the filters, or null for all. */
function keptRows(
  rows: Cell[][],
  columns: TableColumn[],
  filters: Record<string, string>,
  format: (value: Cell, column: number) => string,
): number[] | null {
  const wanted = columns.flatMap(({ name }, index) => {
    const text = filters[name]?.toLowerCase();
    return text ? [{ index, text }] : [];
  });
  if (wanted.length === 0) return null;
  return rows.flatMap((cells, row) =>
    wanted.every(({ index, text }) =>
      format(cells[index] ?? null, index)
        .toLowerCase()
        .includes(text),
    )
      ? [row]
      : [],
  );
}

function filterOf(
  column: TableColumn | undefined,
  filters: Record<string, string>,
  change: (filters: Record<string, string>) => void,
) {
  if (!column?.cell.filterable) return null;
  const { name } = column;
  return (
    <input
      className={classes.filter}
      aria-label={`Filter ${name}`}
      placeholder="Filter"
      value={filters[name] ?? ""}
      onChange={(event) => change({ ...filters, [name]: event.currentTarget.value })}
    />
  );
}

/** A source may have a name of its own for the type of a column. */
function columnOf(
  column: TableColumn,
  frame: Frame,
  rowOf: (row: number) => number,
  zone: ReturnType<typeof useRange>["zone"],
  actions: PanelActions | undefined,
): Column {
  const { field, name, cell } = column;
  const given = field.config.custom?.type;
  const plain = cell.type === "auto" && !field.config.links?.length;
  const align = cell.align ?? (field.type === "number" && cell.type !== "gauge" ? "right" : "left");
  return {
    name,
    align,
    missing: missingText(field, zone),
    ...(typeof given === "string" ? { type: given } : {}),
    ...(scopeOf(field) ? { valued: true } : {}),
    ...(cell.width === null ? {} : { width: cell.width }),
    ...(cell.widthMin > 0 ? { widthMin: cell.widthMin } : {}),
    ...(plain
      ? {}
      : {
          render: (row: number) => {
            const content = contentOf(column, frame, rowOf(row), zone, actions);
            return { node: <CellView options={cell} content={content} />, style: cellStyle(cell, content) };
          },
        }),
  };
}

/** What the field says of missing values. */
function missingText({ config }: Field, zone: ReturnType<typeof useRange>["zone"]): string | undefined {
  const said = config.noValue !== undefined || config.mappings?.length;
  return said ? displayText(null, config, zone) : undefined;
}

/** A source says of which scope the values of a column are, if queries can compare them. */
function scopeOf({ config }: Field): Scope | undefined {
  const scope = config.custom?.scope;
  return scope === "label" || scope === "column" ? scope : undefined;
}

function valuesIn(frame: Frame, field: Field | undefined, row: number): CellValues {
  const scope = field && scopeOf(field);
  const refId = columnNamed(frame, "query")[row];
  return {
    values: scope ? valuesOfCell(scope, field.name, field.values[row], field.type === "number") : [],
    refId: typeof refId === "string" ? refId : undefined,
  };
}
