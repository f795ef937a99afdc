/** The gauge panel: each value on an arc from the minimum to the maximum of its field. */
import { useElementSize } from "@mantine/hooks";
import { useMemo } from "react";
import { formatAxisValue } from "../../format/units";
import { useRange } from "../../time/context";
import { pointAt, ringPath } from "../arc";
import { namedColor } from "../colors";
import { Linked } from "../linked";
import { linksOf } from "../links";
import { NoData } from "../no-data";
import type { PanelActions, PanelProps } from "../panel";
import { fittingSize, tilesOf } from "../tiles";
import { type PanelValue, valuesOf, valueText } from "../values";
import classes from "./gauge.module.css";
import type { GaugeOptions } from "./options";

/** Half of the arc: it is open at the foot. */
const REACH = Math.PI * 0.68;
/** The foot of the arc, as a part of its radius below the centre. */
const FOOT = -Math.cos(REACH);
const NAME_HEIGHT = 20;

export default function GaugePanel({ frames, options, height, actions }: PanelProps<GaugeOptions>) {
  const { zone } = useRange();
  const { ref, width, height: space } = useElementSize<HTMLDivElement>();
  const values = useMemo(() => valuesOf(frames, options.reduce, zone), [frames, options.reduce, zone]);
  const tiles = tilesOf(values.length, width, space, options.orientation, 1.2);
  return (
    <div
      ref={ref}
      className={classes.tiles}
      style={{ height: height ?? "100%", gridTemplateColumns: `repeat(${tiles.columns}, minmax(0, 1fr))` }}
    >
      {values.length === 0 ? (
        <NoData frames={frames} needs="The gauge needs a numeric field, and the answers have none." />
      ) : (
        values.map((value, index) => (
          <Gauge
            key={index}
            value={value}
            named={values.length > 1}
            width={tiles.width}
            height={tiles.height}
            options={options}
            actions={actions}
          />
        ))
      )}
    </div>
  );
}

interface GaugeProps {
  value: PanelValue;
  named: boolean;
  width: number;
  height: number;
  options: GaugeOptions;
  actions: PanelActions | undefined;
}

function Gauge({ value, named, width, height, options, actions }: GaugeProps) {
  const space = Math.max(0, height - (named ? NAME_HEIGHT : 0));
  const labels = options.thresholdLabels ? 14 : 0;
  const outer = Math.max(8, Math.min((width - 16) / 2, (space - 8) / (1 + FOOT)) - labels);
  const marker = options.thresholdMarkers ? Math.max(2, outer * 0.05) : 0;
  const ring = {
    x: width / 2,
    y: 4 + labels + outer,
    outer: outer - marker - (marker ? 2 : 0),
    inner: outer * 0.74,
  };
  const angle = angleOf(value);
  const { numeric } = value.display;
  const text = valueText(value) || "No value";
  const size = options.sizes.value ?? fittingSize(text.length, ring.inner * 1.7, outer * 0.5, 44);
  return (
    <div className={classes.gauge}>
      <Linked links={linksOf(value.source, actions)}>
        <svg
          width={width}
          height={Math.min(space, ring.y + outer * FOOT + 4)}
          role="img"
          aria-label={`${value.name}: ${text}`}
        >
          <path d={ringPath(ring, -REACH, REACH)} className={classes.ground} />
          {!Number.isNaN(numeric) && angle(numeric) > -REACH && (
            <path d={ringPath(ring, -REACH, angle(numeric))} fill={value.color} />
          )}
          {stepsOf(value).map((step, index) => (
            <g key={index}>
              {options.thresholdMarkers && step.to > step.from && (
                <path
                  d={ringPath({ ...ring, outer, inner: outer - marker }, angle(step.from), angle(step.to))}
                  fill={namedColor(step.color)}
                />
              )}
              {options.thresholdLabels && <Label value={value} at={step.from} ring={ring} outer={outer} />}
            </g>
          ))}
          <text
            x={ring.x}
            y={ring.y + size * 0.2}
            className={classes.value}
            style={{ fontSize: size, fill: value.color }}
          >
            {text}
          </text>
        </svg>
      </Linked>
      {named && (
        <span className={classes.name} title={value.name}>
          {value.name}
        </span>
      )}
    </div>
  );
}

function Label({
  value,
  at,
  ring,
  outer,
}: {
  value: PanelValue;
  at: number;
  ring: { x: number; y: number };
  outer: number;
}) {
  const angle = angleOf(value)(at);
  const [x, y] = pointAt(ring, outer + 4, angle);
  const anchor = Math.abs(angle) < 0.2 ? "middle" : angle < 0 ? "end" : "start";
  return (
    <text x={x} y={y} textAnchor={anchor} className={classes.label}>
      {formatAxisValue(at, value.config.unit, value.config.decimals)}
    </text>
  );
}

/** The place of a number on the arc; what is beyond its ends is at them. */
function angleOf({ config: { min, max } }: PanelValue): (numeric: number) => number {
  return (numeric) => {
    const part = max > min ? (numeric - min) / (max - min) : 0;
    return -REACH + Math.min(1, Math.max(0, part)) * REACH * 2;
  };
}

/** The thresholds as values of the field, from the minimum to the maximum. */
function stepsOf({
  config: { thresholds, min, max },
}: PanelValue): { from: number; to: number; color: string }[] {
  if (!thresholds) return [];
  const { mode, steps } = thresholds;
  const at = (value: number) => (mode === "percentage" ? min + (value / 100) * (max - min) : value);
  return steps.flatMap(({ value, color }, index) => {
    const from = Math.max(min, at(value));
    const to = Math.min(max, at(steps[index + 1]?.value ?? Number.POSITIVE_INFINITY));
    return from <= max && to >= from ? [{ from, to, color }] : [];
  });
}
