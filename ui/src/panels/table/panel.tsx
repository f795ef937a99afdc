/** The table panel: the first frame, with a column per field. */
import { useMemo } from "react";
import { displayText } from "../../data/display";
import { column as columnNamed, type Field } from "../../data/frame";
import { formatExact } from "../../format/number";
import { useRange } from "../../time/context";
import { formatInstant, type Zone } from "../../time/format";
import { type Scope, valuesOfCell } from "../../values/value";
import type { PanelProps } from "../panel";
import { type Cell, type CellValues, type Column, DataTable } from "./data-table";
import type { TableOptions } from "./options";

export default function TablePanel({
  frames,
  options,
  height,
  onOptions,
  actions,
}: PanelProps<TableOptions>) {
  const { zone } = useRange();
  const [frame] = frames;
  const columns = useMemo(() => (frame?.fields ?? []).map(columnOf), [frame]);
  const rows = useMemo(
    () =>
      Array.from({ length: frame?.length ?? 0 }, (_, row) =>
        (frame?.fields ?? []).map(({ values }) => cellOf(values[row])),
      ),
    [frame],
  );
  const format = useMemo(
    () => (value: Cell, column: number) => textOf(value, frame?.fields[column], zone),
    [frame, zone],
  );
  const { openRow, selection } = actions ?? {};
  const valued = frame?.fields.some((field) => scopeOf(field) !== undefined) ?? false;
  const valuesOf = (row: number, column: number): CellValues => {
    const field = frame?.fields[column];
    const scope = field && scopeOf(field);
    const refId = frame ? columnNamed(frame, "query")[row] : undefined;
    return {
      values: scope ? valuesOfCell(scope, field.name, field.values[row], field.type === "number") : [],
      refId: typeof refId === "string" ? refId : undefined,
    };
  };
  const table = (
    <DataTable
      label={options.label}
      columns={columns}
      rows={rows}
      format={format}
      {...(valued ? { valuesOf } : {})}
      {...(options.heightMax ? { heightMax: options.heightMax } : {})}
      {...(onOptions ? { sort: options.sort, onSort: (sort) => onOptions({ sort }) } : {})}
      {...(openRow ? { onOpen: openRow } : {})}
      {...(selection ? { selected: selection.row, onSelect: selection.select } : {})}
    />
  );
  return height === undefined ? table : <div style={{ height }}>{table}</div>;
}

/** A source may have a name of its own for the type of a column. */
function columnOf(field: Field): Column {
  const { name, type, config } = field;
  const given = config.custom?.type;
  return {
    name: config.displayName ?? name,
    ...(typeof given === "string" ? { type: given } : {}),
    ...(type === "number" ? { right: true } : {}),
    ...(scopeOf(field) ? { valued: true } : {}),
  };
}

/** A source says of which scope the values of a column are, if queries can compare them. */
function scopeOf({ config }: Field): Scope | undefined {
  const scope = config.custom?.scope;
  return scope === "label" || scope === "column" ? scope : undefined;
}

function cellOf(value: unknown): Cell {
  if (value === undefined) return null;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : (value as Cell);
}

function textOf(value: Cell, field: Field | undefined, zone: Zone): string {
  if (field?.type === "time" && typeof value === "number" && !field.config.unit)
    return formatInstant(value, zone, true);
  const plain = field?.config.unit === undefined && field?.config.decimals === undefined;
  if (typeof value === "number" && plain && !field?.config.mappings) return formatExact(value);
  return displayText(value, field?.config ?? {}, zone);
}
