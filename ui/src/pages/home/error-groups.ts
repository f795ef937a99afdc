/** Errors of spans and logs, grouped by service and template of their message; new ones that are frequent come first. */
import { number, string } from "../../api/decode";
import type { Frame } from "../../data/frame";
import { quote, serviceLogs } from "../../url/links";
import { NEW_ERRORS_MIN } from "./queries";
import { type Row, rowsOf } from "./rows";

export interface ErrorGroup {
  signal: "spans" | "logs";
  service: string;
  /** The span's name; empty for logs. */
  name: string;
  /** `exception.type` or `error.type`; empty when not given. */
  type: string;
  /** The message when all are the same, or else their template. */
  message: string;
  count: number;
  firstMs: number;
  lastMs: number;
  /** Not in the range before, although the service was. */
  isNew: boolean;
  /** Of the newest error; null when it has none. */
  traceId: string | null;
  spanId: string | null;
}

/** `known` are the services that sent data in the range before: a group of another is not new, its service is. */
export function errorGroupsOf(spans: Frame[], logs: Frame[], known: ReadonlySet<string>): ErrorGroup[] {
  return [
    ...rowsOf(spans).map((row) => groupOf(row, "spans", known)),
    ...rowsOf(logs).map((row) => groupOf(row, "logs", known)),
  ].sort(
    (left, right) =>
      Number(isTrouble(right)) - Number(isTrouble(left)) ||
      right.count - left.count ||
      right.lastMs - left.lastMs,
  );
}

/** A new error that is no single case. */
export function isTrouble({ isNew, count }: ErrorGroup): boolean {
  return isNew && count >= NEW_ERRORS_MIN;
}

function groupOf(row: Row, signal: ErrorGroup["signal"], known: ReadonlySet<string>): ErrorGroup {
  const service = string(row.service_name);
  return {
    signal,
    service,
    name: string(row.name),
    type: string(row.type),
    message: string(row.least === row.greatest ? row.least : row.template).trim(),
    count: number(row.errors),
    firstMs: Date.parse(string(row.first_seen)),
    lastMs: Date.parse(string(row.last_seen)),
    isNew: number(row.errors_before) === 0 && known.has(service),
    traceId: string(row.trace_id) || null,
    spanId: string(row.span_id) || null,
  };
}

/** A group for reading: what failed, and why. */
export function describe({ name, type, message }: ErrorGroup): string {
  const parts = [name, type, message].filter((part, index, all) => part && all.indexOf(part) === index);
  return parts.join(": ") || "no message";
}

const PIECES_MAX = 4;
const PIECE_LENGTH_MIN = 3;
const PIECE_LENGTH_MAX = 200;

/** LogQL for the records of a group: those with the fixed pieces of its message. */
export function groupLogs({ service, message }: ErrorGroup): string {
  const pieces = message
    // A JSON body writes quotes, backslashes and line ends in another way.
    .split(/<_>|["\\\n\r\t]/)
    .map((piece) => piece.trim().slice(0, PIECE_LENGTH_MAX))
    .filter((piece) => piece.length >= PIECE_LENGTH_MIN)
    .slice(0, PIECES_MAX);
  const filters = pieces.map((piece) => ` |= ${quote(piece)}`).join("");
  return `${serviceLogs(service)}${filters} | detected_level=~"error|critical|fatal"`;
}

/** TraceQL for the spans of a group, whatever their messages. */
export function groupTraces({ service, name, type }: ErrorGroup): string {
  const types = ["span.error.type", "span.exception.type", "event.exception.type"]
    .map((attribute) => `${attribute} = ${quote(type)}`)
    .join(" || ");
  const conditions = [`resource.service.name = ${quote(service)}`, `name = ${quote(name)}`, "status = error"];
  return `{ ${[...conditions, ...(type ? [`(${types})`] : [])].join(" && ")} }`;
}
