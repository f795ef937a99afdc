/** The table panel: the first frame, with a column per field. */
import { useMemo } from "react";
import { displayText } from "../../data/display";
import type { Field } from "../../data/frame";
import { formatExact } from "../../format/number";
import { useRange } from "../../time/context";
import { formatInstant, type Zone } from "../../time/format";
import type { PanelProps } from "../panel";
import { type Cell, type Column, DataTable } from "./data-table";
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
  const table = (
    <DataTable
      label={options.label}
      columns={columns}
      rows={rows}
      format={format}
      {...(options.heightMax ? { heightMax: options.heightMax } : {})}
      {...(onOptions ? { sort: options.sort, onSort: (sort) => onOptions({ sort }) } : {})}
      {...(openRow ? { onOpen: openRow } : {})}
      {...(selection ? { selected: selection.row, onSelect: selection.select } : {})}
    />
  );
  return height === undefined ? table : <div style={{ height }}>{table}</div>;
}

/** A source may have a name of its own for the type of a column. */
function columnOf({ name, type, config }: Field): Column {
  const given = config.custom?.type;
  return {
    name: config.displayName ?? name,
    ...(typeof given === "string" ? { type: given } : {}),
    ...(type === "number" ? { right: true } : {}),
  };
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
