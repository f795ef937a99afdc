/** Replaces Grafana's interval variables, so that queries of dashboards work unchanged. */
import { queryDuration } from "../../time/duration";
import type { Range } from "../../time/range";

const VARIABLE = /\$(?:\{(__\w+)\}|(__\w+))/g;

function valuesOf(range: Range, stepMs: number): Record<string, string> {
  const rateMs = Math.max(stepMs * 4, 60_000);
  const rangeMs = range.toMs - range.fromMs;
  return {
    __rate_interval: queryDuration(rateMs),
    __interval: queryDuration(stepMs),
    __interval_ms: String(stepMs),
    __range: queryDuration(Math.max(1_000, Math.round(rangeMs / 1_000) * 1_000)),
    __range_s: String(Math.round(rangeMs / 1_000)),
  };
}

export function interpolate(expression: string, range: Range, stepMs: number): string {
  const values = valuesOf(range, stepMs);
  return expression.replace(VARIABLE, (whole, braced, bare) => values[braced ?? bare] ?? whole);
}

interface Position {
  line: number;
  column: number;
}

/**
 * The position in the expression as it was written, of a position in the expression as it was sent.
 * Both count lines and columns from 1. A column that was sent counts bytes, as in Prometheus.
 */
export function writtenPosition(expression: string, sent: Position, range: Range, stepMs: number): Position {
  const values = valuesOf(range, stepMs);
  const line = expression.split("\n")[sent.line - 1] ?? "";
  // Bytes of the sent line, and characters of the written one, up to the same place.
  let bytes = 0;
  let at = 0;
  const bytesOf = (text: string) => new TextEncoder().encode(text).length;
  for (const [whole, braced, bare] of line.matchAll(VARIABLE)) {
    const start = line.indexOf(whole, at);
    const before = bytes + bytesOf(line.slice(at, start));
    if (sent.column - 1 < before) break;
    const replaced = before + bytesOf(values[braced ?? bare ?? ""] ?? whole);
    if (sent.column - 1 < replaced) return { line: sent.line, column: start + 1 };
    bytes = replaced;
    at = start + whole.length;
  }
  for (const character of line.slice(at)) {
    if (bytes >= sent.column - 1) break;
    bytes += bytesOf(character);
    at += character.length;
  }
  return { line: sent.line, column: at + 1 };
}
