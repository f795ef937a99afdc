/** The sources of completions, and a cache for them. */

/** A metric with its metadata; empty texts when there is none. */
export interface KnownMetric {
  name: string;
  type: string;
  unit: string;
  help: string;
}

export interface CompletionSources {
  metrics?: () => Promise<KnownMetric[]>;
  /** Label names; of the series that any of the selectors matches, when there are selectors. */
  labels?: (selectors?: string[]) => Promise<string[]>;
  labelValues?: (name: string, selectors?: string[]) => Promise<string[]>;
  /** The labels and fields of the lines that a log query finds, the most frequent first. */
  fields?: (query: string) => Promise<string[]>;
  tables?: () => Promise<{ name: string; columns: { name: string; type: string }[] }[]>;
}

const cache = new Map<string, { at: number; answer: Promise<unknown> }>();
const CACHE_MS = 60_000;

/** Requests at most once a minute. A failed request gives no completions. */
export async function cached<Answer>(
  key: string,
  fetch: () => Promise<Answer>,
  fallback: Answer,
): Promise<Answer> {
  const now = Date.now();
  const before = cache.get(key);
  if (before && now - before.at < CACHE_MS) return before.answer as Promise<Answer>;
  if (cache.size > 200) cache.clear();
  const answer = fetch().catch(() => {
    cache.delete(key);
    return fallback;
  });
  cache.set(key, { at: now, answer });
  return answer;
}

/** For tests. */
export function clearCache(): void {
  cache.clear();
}
