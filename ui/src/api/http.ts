/** Sends requests to the server, and turns every failure into an `ApiError`. */
import { list, record, string } from "./decode";

export type ErrorKind = "unreachable" | "rejected" | "unsupported" | "not-found" | "overloaded" | "internal";

/** A failed request, with the message of the server. */
export class ApiError extends Error {
  readonly kind: ErrorKind;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The protocol's error code (`bad_data`, …), if it has one. */
  readonly code: string | null;

  constructor(message: string, status: number, code: string | null = null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.kind = kindOf(status);
  }
}

function kindOf(status: number): ErrorKind {
  if (status === 0) return "unreachable";
  if (status === 404) return "not-found";
  if (status === 501) return "unsupported";
  if (status === 429 || status === 503 || status === 504) return "overloaded";
  return status >= 500 ? "internal" : "rejected";
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** Query parameters, or form fields when `form` is set. Undefined values are left out. */
  parameters?: Record<string, string | number | string[] | undefined>;
  /** Sends the parameters as a form body: queries may be longer than a URL. */
  form?: boolean;
  /** Sent as JSON; a string is JSON already. */
  json?: unknown;
  /** POST with a body, and GET without one, when absent. */
  method?: "PUT" | "DELETE";
  headers?: Record<string, string>;
}

/** The parsed JSON answer of a request; throws `ApiError`. */
export async function request(path: string, options: RequestOptions = {}): Promise<unknown> {
  const parameters = encode(options.parameters);
  const request: RequestInit = {
    headers: { Accept: "application/json", ...options.headers },
    signal: options.signal ?? null,
  };
  let url = path;
  if (options.json !== undefined) {
    request.method = "POST";
    request.body = typeof options.json === "string" ? options.json : JSON.stringify(options.json);
    request.headers = { ...request.headers, "Content-Type": "application/json" };
  } else if (options.form) {
    request.method = "POST";
    request.body = parameters;
  } else if (parameters.size > 0) {
    url = `${path}?${parameters}`;
  }
  if (options.method) request.method = options.method;
  const response = await send(url, request);
  const body = await response.text();
  if (!response.ok) throw failure(response, body);
  // Alertmanager answers a deletion with nothing.
  if (body === "") return null;
  try {
    return JSON.parse(body);
  } catch {
    const start = body.slice(0, 80).trim();
    throw new ApiError(`${path} did not answer with JSON${start ? `: ${start}` : ""}`, 502);
  }
}

function encode(parameters: RequestOptions["parameters"]): URLSearchParams {
  const encoded = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined) encoded.append(key, String(item));
    }
  }
  return encoded;
}

async function send(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("Glasshouse did not answer. Is it still running?", 0);
  }
}

/** Reads the error formats of Prometheus, Alertmanager, Loki, Tempo, Jaeger and our own APIs. */
export function failure(response: { status: number; statusText: string }, body: string): ApiError {
  const fallback = body.trim() || response.statusText || `status ${response.status}`;
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return new ApiError(fallback.slice(0, 4_000), response.status);
  }
  if (typeof json === "string") return new ApiError(json || fallback, response.status);
  const parsed = record(json);
  const first = record(list(parsed.errors)[0]);
  const message =
    string(parsed.error) ||
    string(parsed.message) ||
    string(first.msg) ||
    string(record(parsed.error).message);
  return new ApiError(message || fallback, response.status, string(parsed.errorType) || null);
}

/**
 * The position in the query or the file that an error message names (`1:12: parse error`, `line 1, col 5`,
 * `rules.yml:5: …`); both from 1. A line of a file stands for its start: a position after it is one within the line.
 */
export function positionIn(error: unknown): { line: number; column: number } | null {
  if (!(error instanceof ApiError)) return null;
  const ofFile = /\.ya?ml:(\d+):/.exec(error.message);
  if (ofFile) return { line: Number(ofFile[1]), column: 1 };
  const match =
    /line\s*:?\s*(\d+),?\s*col(?:umn)?\s*:?\s*(\d+)/i.exec(error.message) ??
    /(?:^|\s)(\d+):(\d+):/.exec(error.message);
  return match ? { line: Number(match[1]), column: Number(match[2]) } : null;
}
