/** Parses and formats durations such as `1h30m` and `250ms`. */

const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** Milliseconds of `1h30m`, `250ms`, `1.5s`; null for any other text. A bare number is seconds. */
export function parseDuration(text: string): number | null {
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1_000;
  const part = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w|y)/gy;
  let total = 0;
  let end = 0;
  for (let match = part.exec(trimmed); match !== null; match = part.exec(trimmed)) {
    total += Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? Number.NaN);
    end = part.lastIndex;
  }
  return end > 0 && end === trimmed.length && Number.isFinite(total) ? total : null;
}

/** A duration for display: three significant digits in a suitable unit. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const size = Math.abs(ms);
  if (size === 0) return "0 ms";
  if (size < 0.9995e-3) return `${digits(ms * 1e6)} ns`;
  if (size < 0.9995) return `${digits(ms * 1e3)} µs`;
  if (size < 999.5) return `${digits(ms)} ms`;
  if (size < 59_950) return `${digits(ms / 1_000)} s`;
  return compound(ms);
}

/** A duration in the syntax of query languages: whole units without spaces (`90s`, `5m`). */
export function queryDuration(ms: number): string {
  for (const [unit, length] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
  ] as const) {
    if (ms >= length && ms % length === 0) return `${ms / length}${unit}`;
  }
  return `${Math.max(1, Math.round(ms))}ms`;
}

function compound(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1_000);
  const sign = ms < 0 ? "−" : "";
  const [days, hours, minutes, rest] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  if (days > 0) return `${sign}${days} d${hours ? ` ${hours} h` : ""}`;
  if (hours > 0) return `${sign}${hours} h${minutes ? ` ${minutes} min` : ""}`;
  return `${sign}${minutes} min${rest ? ` ${rest} s` : ""}`;
}

/** Three digits, so that measured values below one another have the same form; fewer where they are exact. */
function digits(value: number): string {
  const text = value.toPrecision(3);
  return Number(text) === value ? String(value) : text;
}
