/** The content of cells other than plain text. */
import type { CSSProperties, ReactNode } from "react";
import { list, record } from "../../api/decode";
import type { DisplayValue } from "../../data/display";
import type { FieldConfig } from "../../data/field-config";
import { colorOf } from "../colors";
import { Linked } from "../linked";
import type { Link } from "../links";
import { safeUrl } from "../links";
import { Sparkline } from "../sparkline";
import { textOn } from "../text-on";
import type { CellOptions } from "./cell-options";
import classes from "./cells.module.css";

export interface CellContent {
  value: unknown;
  display: DisplayValue;
  text: string;
  color: string;
  config: FieldConfig & { min: number; max: number };
  links: Link[];
}

/** The style of the cell itself. */
export function cellStyle({ type, mode }: CellOptions, { color }: CellContent): CSSProperties | undefined {
  if (type === "color-text") return { color };
  if (type !== "color-background" || color === PLAIN) return undefined;
  const faded = `linear-gradient(120deg, ${color}, color-mix(in srgb, ${color}, var(--gh-panel) 22%))`;
  return { background: mode === "basic" ? color : faded, color: textOn(color) };
}

/** The colour of a cell whose field says none. */
export const PLAIN = "var(--gh-text)";

export function CellView({ options, content }: { options: CellOptions; content: CellContent }) {
  const { links, text } = content;
  switch (options.type) {
    case "gauge":
      return <GaugeCell content={content} mode={options.mode} />;
    case "sparkline":
      return <SparklineCell content={content} />;
    case "image": {
      // The content security policy forbids images of other servers.
      const url = safeUrl(text);
      return url && text !== "" ? (
        <a className={classes.link} href={url} target="_blank" rel="noopener noreferrer">
          {text}
        </a>
      ) : (
        text
      );
    }
    case "data-links":
      return links.map((link, index) => (
        <span key={index} className={classes.links}>
          <Linked links={[link]}>{link.title}</Linked>
        </span>
      ));
    case "pill":
      return <Pills value={content.value} text={text} />;
    default:
      return links.length > 0 ? (
        <span className={classes.link}>
          <Linked links={links}>{text}</Linked>
        </span>
      ) : (
        text
      );
  }
}

function GaugeCell({ content, mode }: { content: CellContent; mode: CellOptions["mode"] }): ReactNode {
  const { display, config, color, text } = content;
  if (Number.isNaN(display.numeric)) return text;
  const { min, max } = config;
  const part = max > min ? Math.min(1, Math.max(0, (display.numeric - min) / (max - min))) : 1;
  return (
    <span className={classes.gauge}>
      <span className={classes.track} data-lcd={mode === "lcd"}>
        <span
          className={classes.bar}
          style={{
            width: `${(part * 100).toFixed(1)}%`,
            background:
              mode === "basic"
                ? color
                : `linear-gradient(to right, color-mix(in srgb, ${color} 30%, transparent), ${color})`,
          }}
        />
      </span>
      <span style={{ color }}>{text}</span>
    </span>
  );
}

function SparklineCell({ content: { value, color, text } }: { content: CellContent }) {
  const numbers = numbersOf(value);
  if (numbers.length < 2) return text;
  const line = color === PLAIN ? "var(--gh-series-1)" : color;
  return (
    <Sparkline
      values={numbers}
      label={`Course, last ${numbers.at(-1)}`}
      color={line}
      height={20}
      from={Math.min(...numbers)}
    />
  );
}

/** Numbers, or those of a frame in a cell, as transformations of time series make them. */
function numbersOf(value: unknown): number[] {
  const given = Array.isArray(value)
    ? value
    : list(record(list(record(value).fields).find((field) => record(field).type === "number")).values);
  return given.filter((one): one is number => typeof one === "number" && Number.isFinite(one));
}

function Pills({ value, text }: { value: unknown; text: string }) {
  const parts = Array.isArray(value) ? value.map(String) : text.split(",");
  return parts
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part, index) => (
      <span
        key={index}
        className={classes.pill}
        style={{ background: `color-mix(in srgb, ${colorOf(part)} 22%, transparent)` }}
      >
        {part}
      </span>
    ));
}
