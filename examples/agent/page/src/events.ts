/** What the agent says while it works, read without trust: fields that are missing or of another kind are left out. */

export const KINDS = ["connected", "iteration", "llm", "tool", "token", "result", "error", "done"] as const;
export type Kind = (typeof KINDS)[number];

export interface AgentEvent {
  readonly kind: Kind;
  /** What it is about: the model, the tool, the class of an error, the outcome. */
  readonly title: string;
  /** What was said: a token, the result, the message of an error. */
  readonly text: string;
  /** Of a tool: what went in and what came out. */
  readonly input: string;
  readonly output: string;
  readonly isError: boolean;
  readonly durationMs: number | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
  readonly iteration: number;
  readonly traceId: string;
  /** Every other plain field, so that nothing that the agent says is lost. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

type Fields = Readonly<Record<string, unknown>>;

const TITLE: Record<Kind, string> = {
  connected: "task",
  iteration: "",
  llm: "model",
  tool: "tool",
  token: "",
  result: "",
  error: "class",
  done: "outcome",
};
const READ = new Set([
  "task_id",
  "session_id",
  "trace_id",
  "text",
  "message",
  "arguments",
  "result",
  "error",
  "iteration",
  "duration_ms",
  "input_tokens",
  "output_tokens",
  "cost_usd",
]);
const TEXT_LENGTH_MAX = 20_000;
const FACTS_MAX = 12;

export function readEvent(kind: Kind, data: string): AgentEvent {
  const fields = object(data);
  const error = words(fields.error);
  return {
    kind,
    title: words(fields[TITLE[kind]]),
    text: words(fields.text) || words(fields.message),
    input: words(fields.arguments),
    output: error || words(fields.result),
    isError: kind === "error" || error !== "",
    durationMs: typeof fields.duration_ms === "number" ? count(fields.duration_ms) : null,
    inputTokens: count(fields.input_tokens),
    outputTokens: count(fields.output_tokens),
    costUsd: count(fields.cost_usd),
    iteration: count(fields.iteration),
    traceId: traceId(fields.trace_id),
    facts: Object.entries(fields)
      .filter(([name, value]) => !READ.has(name) && name !== TITLE[kind] && isPlain(value))
      .slice(0, FACTS_MAX)
      .map(([name, value]) => [name.slice(0, 64), String(value).slice(0, 200)] as const),
  };
}

function object(data: string): Fields {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
  } catch {
    return { text: data };
  }
}

/** Text as it is, anything else as JSON; nothing for nothing. */
function words(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)} …` : text;
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

function traceId(value: unknown): string {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value) ? value : "";
}

function isPlain(value: unknown): boolean {
  return (
    typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value !== "")
  );
}
