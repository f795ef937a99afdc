/** The bar gauge panel: each value as a bar from the minimum to the maximum of its field. */
import { useElementSize } from "@mantine/hooks";
import { type CSSProperties, useMemo } from "react";
import { displayValue } from "../../data/display";
import { useRange } from "../../time/context";
import { colorOfValue } from "../color-mode";
import { Linked } from "../linked";
import { linksOf } from "../links";
import { NoData } from "../no-data";
import type { PanelActions, PanelProps } from "../panel";
import { fittingSize } from "../tiles";
import { type PanelValue, valuesOf, valueText } from "../values";
import classes from "./bar-gauge.module.css";
import type { BarGaugeOptions } from "./options";

const GAP = 6;
const CELL = 9;

export default function BarGaugePanel({ frames, options, height, actions }: PanelProps<BarGaugeOptions>) {
  const { zone } = useRange();
  const { ref, width, height: space } = useElementSize<HTMLDivElement>();
  const values = useMemo(() => valuesOf(frames, options.reduce, zone), [frames, options.reduce, zone]);
  const standing =
    options.orientation === "vertical" || (options.orientation === "auto" && width > space * 1.5);
  const rows = Math.max(1, values.length);
  const share = standing ? (width - GAP * (rows - 1)) / rows : (space - GAP * (rows - 1)) / rows;
  const named = options.name === "hidden" ? false : values.length > 1 || options.name !== "auto";
  const nameLeft = !standing && named && (options.name === "left" || (options.name === "auto" && share < 44));
  const thickness = Math.max(
    options.thicknessMin,
    Math.min(options.thicknessMax, share - (named && !nameLeft && !standing ? 20 : 0)),
  );
  const longest = Math.max(1, ...values.map((value) => valueText(value).length));
  const textSize =
    options.sizes.value ??
    (standing
      ? fittingSize(longest, share - 6, 28, 26)
      : fittingSize(longest, width * 0.25, thickness * 0.6, 22));
  const valueWidth = options.value === "hidden" ? 0 : Math.ceil(longest * textSize * 0.62) + 4;
  return (
    <div
      ref={ref}
      className={classes.bars}
      data-standing={standing}
      data-name={!named ? "hidden" : nameLeft ? "left" : "top"}
      style={
        {
          height: height ?? "100%",
          "--thickness": `${thickness}px`,
          "--value-size": `${textSize}px`,
          "--value-width": `${valueWidth}px`,
          "--name-size": `${options.sizes.title ?? 12}px`,
        } as CSSProperties
      }
    >
      {values.length === 0 ? (
        <NoData frames={frames} needs="The bar gauge needs a numeric field, and the answers have none." />
      ) : (
        values.map((value, index) => (
          <Bar
            key={index}
            value={value}
            named={named}
            standing={standing}
            length={Math.max(0, standing ? space - 50 : width * (nameLeft ? 0.75 : 1) - valueWidth - 32)}
            options={options}
            actions={actions}
          />
        ))
      )}
    </div>
  );
}

interface BarProps {
  value: PanelValue;
  named: boolean;
  standing: boolean;
  /** About, in pixels. */
  length: number;
  options: BarGaugeOptions;
  actions: PanelActions | undefined;
}

function Bar({ value, named, standing, length, options, actions }: BarProps) {
  const part = partOf(value, value.display.numeric);
  const text = valueText(value) || "No value";
  const percent = `${(part * 100).toFixed(2)}%`;
  return (
    <div className={classes.bar}>
      {named && (
        <span className={classes.name} title={value.name}>
          {value.name}
        </span>
      )}
      <div
        className={classes.track}
        role="meter"
        aria-label={value.name}
        aria-valuemin={value.config.min}
        aria-valuemax={value.config.max}
        aria-valuenow={Number.isNaN(value.display.numeric) ? value.config.min : value.display.numeric}
        aria-valuetext={text}
        data-unfilled={options.unfilled && options.display !== "lcd"}
      >
        {options.display === "lcd" ? (
          <Cells
            value={value}
            part={part}
            count={Math.max(4, Math.floor(length / CELL))}
            unfilled={options.unfilled}
          />
        ) : (
          <div
            className={classes.fill}
            style={{
              ...(standing ? { height: percent } : { width: percent }),
              ...(options.display === "basic" ? basic(value.color) : gradient(value, part, standing)),
            }}
          />
        )}
      </div>
      {options.value !== "hidden" && (
        <span
          className={classes.value}
          style={options.value === "color" ? { color: value.color } : undefined}
        >
          <Linked links={linksOf(value.source, actions)}>{text}</Linked>
        </span>
      )}
    </div>
  );
}

/** From 0 to 1; what is beyond the range is at its ends. */
function partOf({ config: { min, max } }: PanelValue, numeric: number): number {
  if (Number.isNaN(numeric)) return 0;
  return max > min ? Math.min(1, Math.max(0, (numeric - min) / (max - min))) : 1;
}

/** The colour of the value at a part of the range. */
function colorAt({ config, color }: PanelValue, part: number): string {
  const shown = displayValue(config.min + part * (config.max - config.min), { ...config, mappings: [] });
  return colorOfValue(shown, config, color);
}

function basic(color: string): CSSProperties {
  return {
    background: `color-mix(in srgb, ${color} 25%, transparent)`,
    boxShadow: `inset 0 0 0 1px ${color}`,
  };
}

const STOPS = 24;

/** The colours of the range up to the value. */
function gradient(value: PanelValue, part: number, standing: boolean): CSSProperties {
  const colors = Array.from({ length: STOPS + 1 }, (_, index) => colorAt(value, (part * index) / STOPS));
  const changes = colors.flatMap((color, index) =>
    index === 0 || index === STOPS || color !== colors[index - 1]
      ? [`${color} ${((index / STOPS) * 100).toFixed(0)}%`]
      : [],
  );
  return { background: `linear-gradient(${standing ? "to top" : "to right"}, ${changes.join(", ")})` };
}

function Cells({
  value,
  part,
  count,
  unfilled,
}: {
  value: PanelValue;
  part: number;
  count: number;
  unfilled: boolean;
}) {
  return Array.from({ length: count }, (_, index) => {
    const at = index / Math.max(1, count - 1);
    const lit = part > 0 && at <= part;
    if (!lit && !unfilled) return <i key={index} />;
    return <i key={index} style={{ background: colorAt(value, at), opacity: lit ? 1 : 0.18 }} />;
  });
}
