/** The pie chart panel: the share of each value of their sum. */
import { useMemo, useState } from "react";
import { formatValue } from "../../format/units";
import { useRange } from "../../time/context";
import { pointAt, type Ring, ringPath } from "../arc";
import { type Hovered, HoverText, pointerIn } from "../hover-text";
import { Legend, picked } from "../legend";
import { NoData } from "../no-data";
import type { PanelProps } from "../panel";
import { textOn } from "../text-on";
import { type PanelValue, valuesOf, valueText } from "../values";
import { WithLegend } from "../with-legend";
import type { PieChartOptions } from "./options";
import classes from "./pie-chart.module.css";
import { type Slice, slicesOf } from "./slices";

const TITLES = { value: "Value", percent: "Percent" };

const CHARACTER_WIDTH = 6;

export default function PieChartPanel({ frames, options, height }: PanelProps<PieChartOptions>) {
  const { zone } = useRange();
  const values = useMemo(
    () => sorted(valuesOf(frames, options.reduce, zone, "palette-classic"), options.sort),
    [frames, options.reduce, options.sort, zone],
  );
  const [hidden, setHidden] = useState<boolean[] | null>(null);
  const shown = hidden?.length === values.length ? hidden : values.map(() => true);
  const slices = slicesOf(values, shown);
  const { legend } = options;
  if (slices.length === 0) {
    return (
      <div style={{ height: height ?? "100%" }}>
        <NoData frames={frames} needs="A pie chart needs values above zero, and the answers have none." />
      </div>
    );
  }
  return (
    <WithLegend
      height={height}
      placement={legend.placement}
      legend={
        legend.show && (
          <Legend
            mode={legend.mode}
            columns={legend.values.map((kind) => ({
              key: kind,
              label: legend.mode === "list" ? "" : TITLES[kind],
            }))}
            items={values.map((value, index) => {
              const slice = slices.find((one) => one.index === index);
              return {
                name: value.name,
                color: value.color,
                cells: legend.values.map((kind) => ({
                  text: slice ? labelOf(slice, kind) : "",
                  value: value.display.numeric,
                })),
              };
            })}
            shown={shown}
            onPick={(index, toggle) => setHidden(picked(shown, index, toggle))}
          />
        )
      }
    >
      {({ width, height: space }) => <Pie slices={slices} options={options} width={width} height={space} />}
    </WithLegend>
  );
}

function sorted(values: PanelValue[], order: PieChartOptions["sort"]): PanelValue[] {
  const kept = values.filter(({ config }) => (config.custom?.hideFrom as { viz?: unknown })?.viz !== true);
  const sign = order === "asc" ? 1 : -1;
  return order === "none"
    ? kept
    : kept.sort((left, right) => sign * (left.display.numeric - right.display.numeric) || 0);
}

interface PieProps {
  slices: Slice[];
  options: PieChartOptions;
  width: number;
  height: number;
}

function Pie({ slices, options, width, height }: PieProps) {
  const [hovered, setHovered] = useState<(Hovered & { index: number }) | null>(null);
  const outer = Math.max(4, Math.min(width, height) / 2 - 6);
  const ring: Ring = { x: width / 2, y: height / 2, outer, inner: options.donut ? outer * 0.6 : 0 };
  const label = `Pie chart: ${slices.map((slice) => `${slice.value.name} ${labelOf(slice, "percent")}`).join(", ")}`;
  const show = (slice: Slice, event: React.PointerEvent<SVGElement>) => {
    const svg = event.currentTarget.ownerSVGElement;
    if (options.tooltip === "none" || !svg) return;
    const rows = options.tooltip === "multi" ? slices : [slice];
    setHovered({
      ...pointerIn(event, svg),
      index: slice.index,
      rows: rows.map((one) => ({
        name: one.value.name,
        color: one.value.color,
        value: `${valueText(one.value)} (${labelOf(one, "percent")})`,
        near: one === slice && rows.length > 1,
      })),
    });
  };
  return (
    <>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={label}
        onPointerLeave={() => setHovered(null)}
      >
        {slices.map((slice) => (
          <path
            key={slice.index}
            d={ringPath(ring, slice.from, slice.to)}
            fill={slice.value.color}
            className={classes.slice}
            data-whole={slices.length === 1}
            data-dimmed={hovered !== null && hovered.index !== slice.index}
            onPointerMove={(event) => show(slice, event)}
          />
        ))}
        {options.labels.length > 0 &&
          slices
            .filter((slice) => fits(slice, ring, options.labels))
            .map((slice) => (
              <SliceLabel key={slice.index} slice={slice} ring={ring} kinds={options.labels} />
            ))}
      </svg>
      {hovered && <HoverText at={hovered} width={width} height={height} />}
    </>
  );
}

/** A label that is wider than its slice would be on others. */
function fits(slice: Slice, ring: Ring, kinds: PieChartOptions["labels"]): boolean {
  const middle = (ring.outer + ring.inner) / 2;
  const chord = 2 * middle * Math.sin(Math.min(Math.PI, slice.to - slice.from) / 2);
  const widest = Math.max(...kinds.map((kind) => labelOf(slice, kind).length)) * CHARACTER_WIDTH;
  return widest <= (ring.outer - ring.inner) * 1.1 && chord >= 16;
}

function SliceLabel({ slice, ring, kinds }: { slice: Slice; ring: Ring; kinds: PieChartOptions["labels"] }) {
  const [x, y] = pointAt(
    ring,
    (ring.outer + ring.inner) / 2 + ring.outer * (ring.inner ? 0 : 0.12),
    (slice.from + slice.to) / 2,
  );
  const lines = (["name", "value", "percent"] as const).filter((kind) => kinds.includes(kind));
  return (
    <text x={x} y={y - (lines.length - 1) * 7} className={classes.label} fill={textOn(slice.value.color)}>
      {lines.map((kind, index) => (
        <tspan key={kind} x={x} dy={index === 0 ? 4 : 14}>
          {labelOf(slice, kind)}
        </tspan>
      ))}
    </text>
  );
}

function labelOf({ value, share }: Slice, kind: "name" | "value" | "percent"): string {
  if (kind === "name") return value.name;
  return kind === "value" ? valueText(value) : formatValue(share, "percentunit", share < 0.1 ? 1 : 0);
}
