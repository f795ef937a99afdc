/** A table of attributes. Long values are shown in full on demand. */
import { useMemo, useState } from "react";
import type { Attribute } from "../../api/otlp";
import { parseJson, stringifyJson } from "../../format/exact-json";
import { formatExact } from "../../format/number";
import { type Scope, type ScopedValue, typedJson, type ValueType } from "../../values/value";
import { ValueMenu } from "../../values/value-menu";
import classes from "./details.module.css";

const SHORT_LENGTH = 400;
const SHOWN_LENGTH_MAX = 65_536;

export function Attributes({ scope, attributes }: { scope: Scope; attributes: Attribute[] }) {
  const sorted = useMemo(
    () => [...attributes].sort((left, right) => left.name.localeCompare(right.name)),
    [attributes],
  );
  if (sorted.length === 0) return <div className={classes.none}>None</div>;
  return (
    <table className={classes.table}>
      <tbody>
        {sorted.map((attribute, index) => (
          <tr key={`${attribute.name} ${index}`}>
            <td title={`${attribute.name} (${attribute.type})`}>{attribute.name}</td>
            <td>
              <Value attribute={attribute} />
              <span className={classes.menu}>
                <ValueMenu label={attribute.name} values={() => scopedValues(scope, attribute)} />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ attribute }: { attribute: Attribute }) {
  const [open, setOpen] = useState(false);
  const text = useMemo(() => readable(attribute), [attribute]);
  const long = text.length > SHORT_LENGTH;
  const shown = open ? text.slice(0, SHOWN_LENGTH_MAX) : text.slice(0, SHORT_LENGTH);
  return (
    <div className={classes.value} data-type={attribute.type}>
      {attribute.type === "empty" ? "(empty)" : shown}
      {long && (
        <>
          {!open && "… "}
          <button type="button" className={classes.more} onClick={() => setOpen(!open)}>
            {open ? " Less" : `All ${text.length.toLocaleString("en")} characters`}
          </button>
        </>
      )}
    </div>
  );
}

const TYPES: Partial<Record<Attribute["type"], ValueType>> = {
  string: "string",
  int: "number",
  double: "number",
  bool: "bool",
};

/** An array has a value per element: TraceQL finds the spans with any of them. */
function scopedValues(scope: Scope, { name, type, text }: Attribute): ScopedValue[] {
  const elements = type === "array" ? parseJson(text) : null;
  if (!Array.isArray(elements) || elements.length === 0)
    return [{ scope, name, type: TYPES[type] ?? "other", text }];
  return elements.map((element): ScopedValue => ({ scope, name, ...typedJson(element), element: true }));
}

/** JSON with line breaks, whether it came as a map or as text; a number without the noise of binary fractions. */
function readable({ type, text }: Attribute): string {
  if (type === "double" && Number.isFinite(Number(text))) return formatExact(Number(text));
  const looksJson =
    type === "map" || type === "array" || (/^[[{]/.test(text) && text.length < SHOWN_LENGTH_MAX);
  if (!looksJson) return text;
  try {
    const value = parseJson(text);
    const flat = stringifyJson(value);
    return flat.length <= 60 ? flat : stringifyJson(value, 2);
  } catch {
    return text;
  }
}
