/** Formats instants in a time zone. `Intl` formatters are cached, because creating one is slow. */

/** `local`, `utc`, or a name of the time zone database. */
export type Zone = string;

/** The name of a zone in the time zone database; undefined for that of the browser. */
export function timeZoneOf(zone: Zone): string | undefined {
  return zone === "local" ? undefined : zone === "utc" ? "UTC" : zone;
}

/** Whether the browser knows a name of the time zone database. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }) !== null;
  } catch {
    return false;
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("en-GB", {
      ...options,
      hourCycle: "h23",
      timeZone: timeZoneOf(zone),
    });
    formatters.set(key, found);
  }
  return found;
}

function parts(ms: number, zone: Zone): Record<string, string> {
  const format = formatter(zone, {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  });
  return Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]));
}

function valid(ms: number): boolean {
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15;
}

/** `2026-11-20 15:04:05`, with `.123` when `millis`. */
export function formatInstant(ms: number, zone: Zone, millis = false): string {
  if (!valid(ms)) return "–";
  const { year, month, day, hour, minute, second, fractionalSecond } = parts(ms, zone);
  return `${year}-${month}-${day} ${hour}:${minute}:${second}${millis ? `.${fractionalSecond}` : ""}`;
}

/** `15:04:05`, with `.123` when `millis`. */
export function formatTime(ms: number, zone: Zone, millis = false): string {
  return formatInstant(ms, zone, millis).slice(11);
}

/** A range on one line; the second date is left out when it is the same day. */
export function formatSpan(fromMs: number, toMs: number, zone: Zone): string {
  const from = formatInstant(fromMs, zone);
  const to = formatInstant(toMs, zone);
  return `${from} → ${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to}`;
}

/** `12 s ago`; `never` for null. */
export function formatAgo(ms: number | null, nowMs: number): string {
  if (ms === null) return "never";
  const seconds = Math.round((nowMs - ms) / 1_000);
  if (seconds < 0) return "in the future";
  if (seconds < 2) return "now";
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** Epoch nanoseconds (as a decimal string, because they exceed 2^53) to milliseconds with a fraction. */
export function nanosToMs(nanos: string): number {
  if (!/^\d{1,19}$/.test(nanos)) return Number.NaN;
  if (nanos.length <= 6) return Number(nanos) / 1e6;
  return Number(nanos.slice(0, -6)) + Number(nanos.slice(-6)) / 1e6;
}

/** Epoch nanoseconds as `2026-11-20T15:04:05.123456789Z`; as they are when they are no time. */
export function nanosToIso(nanos: string): string {
  const ms = nanosToMs(nanos);
  if (!valid(ms)) return nanos;
  return `${new Date(ms).toISOString().slice(0, 19)}.${nanos.slice(-9).padStart(9, "0")}Z`;
}

/** Epoch milliseconds to a decimal string of nanoseconds. */
export function msToNanos(ms: number): string {
  return `${Math.max(0, Math.floor(ms))}000000`;
}
