/** Value mappings as rows: an object of the type `value` has several of them. */
import { record, string } from "../../../api/decode";
import { type Path, withValue } from "../../../dashboards/edit/json";

export interface MappingRow {
  type: string;
  /** Of its object in the list. */
  index: number;
  /** The value, of the type `value`. */
  key: string | null;
  /** Where its text and its color are. */
  result: Path;
}

export function mappingRows(mappings: unknown[]): MappingRow[] {
  return mappings.flatMap((mapping, index): MappingRow[] => {
    const { type, options } = record(mapping);
    if (type !== "value")
      return [{ type: string(type), index, key: null, result: [index, "options", "result"] }];
    return Object.keys(record(options)).map((key) => ({
      type,
      index,
      key,
      result: [index, "options", key],
    }));
  });
}

export function addedMapping(mappings: unknown[], type: string): unknown[] {
  const index = mappingRows(mappings).length;
  const result = { text: "", index };
  switch (type) {
    case "value": {
      const place = mappings.findIndex((one) => record(one).type === "value");
      const known = record(record(mappings[place]).options);
      const key = freeKey(known);
      return place < 0
        ? [...mappings, { type, options: { [key]: result } }]
        : (withValue(mappings, [place, "options", key], result) as unknown[]);
    }
    case "range":
      return [...mappings, { type, options: { from: null, to: null, result } }];
    case "regex":
      return [...mappings, { type, options: { pattern: "", result } }];
    default:
      return [...mappings, { type: "special", options: { match: "null", result } }];
  }
}

function freeKey(known: Record<string, unknown>): string {
  for (let key = 0; ; key += 1) if (!Object.hasOwn(known, key)) return String(key);
}

/** The same mapping for another value; the place among the others stays. Nothing changes if that value has one. */
export function renamedValue(mappings: unknown[], { index, key }: MappingRow, value: string): unknown[] {
  const options = record(record(mappings[index]).options);
  if (key === null || Object.hasOwn(options, value)) return mappings;
  const renamed = Object.fromEntries(
    Object.entries(options).map(([name, result]) => [name === key ? value : name, result]),
  );
  return withValue(mappings, [index, "options"], renamed) as unknown[];
}

export function withoutRow(mappings: unknown[], { index, key }: MappingRow): unknown[] {
  const others = Object.keys(record(record(mappings[index]).options)).length > 1;
  return withValue(
    mappings,
    key !== null && others ? [index, "options", key] : [index],
    undefined,
  ) as unknown[];
}
