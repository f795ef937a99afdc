/** The legend of a time series panel: a row per series with its calculations. */
import { useMemo } from "react";
import type { Reduced } from "../../data/reduce";
import type { ScopedValue } from "../../values/value";
import { ValueMenu } from "../../values/value-menu";
import { Legend } from "../legend";
import { legendCells, legendColumns } from "../legend-values";

export interface LegendRow {
  name: string;
  color: string;
  values: (number | null)[];
  reduced: Reduced;
  format: (value: number) => string;
  style?: { hidden: { legend: boolean } };
  /** Whether it has labels. */
  labelled?: boolean;
  /** The query that it answers. */
  refId?: string | undefined;
}

interface Props {
  rows: LegendRow[];
  mode: "list" | "table";
  calcs: string[];
  shown: boolean[];
  onPick: (index: number, toggle: boolean) => void;
  onFocus: (index: number | null) => void;
  /** The labels of a series; a view has queries that can compare them. */
  valuesOf?: ((index: number) => ScopedValue[]) | undefined;
  /** The sorted calculation, with a leading `-` when descending. The legend keeps it without `onSort`. */
  sort?: string | undefined;
  onSort?: ((sort: string | undefined) => void) | undefined;
}

export function SeriesLegend({ rows, calcs, shown, onPick, onFocus, valuesOf, ...rest }: Props) {
  // The legend has no row for a series that is hidden in it.
  const indices = useMemo(
    () => rows.flatMap(({ style }, index) => (style?.hidden.legend ? [] : [index])),
    [rows],
  );
  const items = useMemo(
    () =>
      indices.flatMap((index) => {
        const row = rows[index];
        if (!row) return [];
        const cells = legendCells(row.values, calcs, row.format, row.reduced);
        const menu = valuesOf && row.labelled && (
          <ValueMenu label={row.name} values={() => valuesOf(index)} refId={row.refId} />
        );
        return [{ name: row.name, color: row.color, cells, menu }];
      }),
    [rows, indices, calcs, valuesOf],
  );
  const columns = useMemo(() => legendColumns(calcs), [calcs]);
  return (
    <Legend
      title="Series"
      items={items}
      columns={columns}
      shown={indices.map((index) => shown[index] ?? true)}
      onPick={(at, toggle) => onPick(indices[at] ?? 0, toggle)}
      onFocus={(at) => onFocus(at === null ? null : (indices[at] ?? null))}
      {...rest}
    />
  );
}
