/** Formats counts, bytes and rates, and infers the unit of a query from its metric names. */

/** Three significant digits with M, G, T, P; all digits below a million, with commas. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  const size = Math.abs(value);
  if (size < 999_999.5) return plain(value);
  return scaled(value / 1e6, 1_000, ["M", "G", "T", "P"], "");
}

/** `1 trace`, `1,234 traces`. */
export function formatItems(count: number, singular: string, plural = `${singular}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? singular : plural}`;
}

/** Bytes with binary prefixes. */
export function formatBytes(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  return scaled(value, 1_024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], " ");
}

/** Items per second, rounded so that a live value does not flicker. */
export function formatRate(value: number): string {
  const size = Math.abs(value);
  const text = size >= 10_000 ? value.toPrecision(3) : value.toFixed(size >= 100 ? 0 : size >= 1 ? 1 : 2);
  return formatCount(Number(text));
}

/** All digits of a value, without the noise of binary fractions. */
export function formatExact(value: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(12)));
}

/** A number as it was meant: `0.0033875000000000003` is `0.0033875` in binary. Other texts stay as they are. */
export function withoutNoise(text: string): string {
  if (!/^-?\d+\.\d{12,}(e[+-]?\d+)?$/i.test(text)) return text;
  const meant = String(Number(Number(text).toPrecision(15)));
  return text.length - meant.length >= 4 ? meant : text;
}

function formatSpecial(value: number): string {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "−Inf";
}

function plain(value: number): string {
  const size = Math.abs(value);
  if (size >= 1_000) return Number(value.toFixed(0)).toLocaleString("en");
  if (Number.isInteger(value)) return String(value);
  return String(Number(size >= 1 ? value.toPrecision(4) : value.toPrecision(3)));
}

function scaled(value: number, base: number, units: readonly string[], gap: string): string {
  let size = Math.abs(value);
  let index = 0;
  while (size >= base && index < units.length - 1) {
    size /= base;
    index += 1;
  }
  const places = index === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const rounded = index === 0 && !Number.isInteger(size) ? size.toPrecision(3) : size.toFixed(places);
  return `${value < 0 ? "−" : ""}${Number(rounded)}${gap}${units[index]}`;
}

/** The unit of a query's result, inferred from its metric names; `short` when it is ambiguous. */
export function unitOf(expression: string): string {
  if (/^\s*(count|absent|group)\b/.test(expression)) return "short";
  const rated = /\b(rate|irate|increase)\s*\(/.test(expression);
  if (/_bytes(_total|_sum|_bucket)?\b/.test(expression) && !rated) return "bytes";
  if (/_(ratio|utilization)\b/.test(expression)) return "percentunit";
  if (/_milliseconds(_bucket)?\b/.test(expression) && (!rated || /quantile/.test(expression))) return "ms";
  if (/_seconds(_bucket)?\b/.test(expression) && (!rated || /quantile/.test(expression))) return "s";
  return "short";
}
