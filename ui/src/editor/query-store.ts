/** The queries that were run and those that were saved, per language, in the storage of the browser. */
import { list, number, record, string } from "../api/decode";
import type { LanguageName } from "./codemirror";

export interface StoredQuery {
  query: string;
  atMs: number;
  /** Of a saved query. */
  name?: string;
}

export interface StoredQueries {
  /** Newest first. */
  recent: StoredQuery[];
  saved: StoredQuery[];
}

const RECENT_MAX = 100;
const SAVED_MAX = 200;
/** A longer query is not kept. */
const LENGTH_MAX = 16_384;

/** Newer than the storage, when the browser refuses to write. */
const memory = new Map<LanguageName, StoredQueries>();

function keyOf(language: LanguageName): string {
  return `glasshouse.queries.${language}`;
}

export function storedQueries(language: LanguageName): StoredQueries {
  const kept = memory.get(language);
  if (kept) return kept;
  try {
    const stored = record(JSON.parse(localStorage.getItem(keyOf(language)) ?? "{}"));
    return { recent: readList(stored.recent, RECENT_MAX), saved: readList(stored.saved, SAVED_MAX) };
  } catch {
    return { recent: [], saved: [] };
  }
}

function readList(value: unknown, max: number): StoredQuery[] {
  return list(value)
    .map(record)
    .filter(({ query }) => typeof query === "string" && query !== "")
    .slice(0, max)
    .map(({ query, atMs, name }) => ({
      query: string(query),
      atMs: number(atMs),
      ...(typeof name === "string" ? { name } : {}),
    }));
}

/** With full storage, older queries make room; without storage, the queries are kept until the page is closed. */
function write(language: LanguageName, queries: StoredQueries): void {
  for (let kept = queries.recent.length; ; kept = Math.floor(kept / 2)) {
    const smaller = { ...queries, recent: queries.recent.slice(0, kept) };
    try {
      localStorage.setItem(keyOf(language), JSON.stringify(smaller));
      memory.delete(language);
      return;
    } catch {
      if (kept > 0) continue;
      memory.set(language, queries);
      return;
    }
  }
}

function changed(language: LanguageName, change: (queries: StoredQueries) => Partial<StoredQueries>): void {
  const before = storedQueries(language);
  write(language, { ...before, ...change(before) });
}

/** A query that was run is the newest, and is in the list once. */
export function rememberQuery(language: LanguageName, query: string): void {
  const text = query.trim();
  if (text === "" || text.length > LENGTH_MAX) return;
  changed(language, ({ recent }) => ({
    recent: [{ query: text, atMs: Date.now() }, ...recent.filter((one) => one.query !== text)].slice(
      0,
      RECENT_MAX,
    ),
  }));
}

/** A name is of one query: another query with it takes its place. */
export function saveQuery(language: LanguageName, name: string, query: string): void {
  const one = { name: name.trim().slice(0, 200), query: query.trim(), atMs: Date.now() };
  changed(language, ({ saved }) => ({
    saved: [one, ...saved.filter((other) => other.name !== one.name)].slice(0, SAVED_MAX),
  }));
}

export function deleteQuery(language: LanguageName, { query, name }: StoredQuery): void {
  changed(language, ({ recent, saved }) =>
    name === undefined
      ? { recent: recent.filter((one) => one.query !== query) }
      : { saved: saved.filter((one) => one.name !== name) },
  );
}
