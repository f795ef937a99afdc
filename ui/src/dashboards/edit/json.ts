/** Changes of one place in JSON. All that is not on the way to it stays the same object. */

export type Path = readonly (string | number)[];

export function valueAt(json: unknown, path: Path): unknown {
  return path.reduce(
    (given: unknown, key) =>
      typeof given === "object" && given !== null && Object.hasOwn(given, key)
        ? (given as Record<string | number, unknown>)[key]
        : undefined,
    json,
  );
}

/** With the value at the path, whose objects are made where they are missing; undefined removes what is there. */
export function withValue(json: unknown, path: Path, value: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (typeof head === "number") {
    const list = Array.isArray(json) ? json : [];
    if (rest.length === 0 && value === undefined) return list.filter((_, index) => index !== head);
    return list.length <= head
      ? [...list, withValue(undefined, rest, value)]
      : list.map((item, index) => (index === head ? withValue(item, rest, value) : item));
  }
  // A list where an object belongs is replaced.
  const object = typeof json === "object" && json !== null && !Array.isArray(json);
  const given = object ? (json as Record<string, unknown>) : {};
  if (value === undefined && !Object.hasOwn(given, head)) return json;
  if (rest.length === 0 && value === undefined) {
    const { [head]: _, ...others } = given;
    return others;
  }
  const before = Object.hasOwn(given, head) ? given[head] : undefined;
  return { ...given, [head]: withValue(before, rest, value) };
}

/** The list with one item at another place; the same list where there is no such place. */
export function moved<Item>(items: readonly Item[], from: number, to: number): Item[] {
  const item = items[from];
  if (item === undefined || to < 0 || to >= items.length) return [...items];
  const others = items.filter((_, index) => index !== from);
  return [...others.slice(0, to), item, ...others.slice(to)];
}

export function insertedAt<Item>(items: readonly Item[], index: number, item: Item): Item[] {
  return [...items.slice(0, index), item, ...items.slice(index)];
}
