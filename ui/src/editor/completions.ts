/** What an editor may offer: given by the view, so that the editor asks no server by itself. */

export interface CompletionSources {
  labels?: () => Promise<string[]>;
  labelValues?: (name: string) => Promise<string[]>;
  tables?: () => Promise<{ name: string; columns: { name: string; type: string }[] }[]>;
}

const kept = new Map<string, { at: number; answer: Promise<unknown> }>();
const KEEP_MS = 60_000;

/** Asks once a minute at most; a failure is no completion, not an error. */
export async function once<Answer>(
  key: string,
  fetch: () => Promise<Answer>,
  fallback: Answer,
): Promise<Answer> {
  const now = Date.now();
  const before = kept.get(key);
  if (before && now - before.at < KEEP_MS) return before.answer as Promise<Answer>;
  if (kept.size > 200) kept.clear();
  const answer = fetch().catch(() => {
    kept.delete(key);
    return fallback;
  });
  kept.set(key, { at: now, answer });
  return answer;
}
