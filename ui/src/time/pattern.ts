/** Formats an instant with a pattern such as `YYYY-MM-DD HH:mm:ss`, in the tokens that Grafana uses. */
import { wallTime } from "./calendar";
import type { Zone } from "./format";

const TOKEN = /\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|H|hh|h|mm|m|ss|s|SSS|A|a|X|x/g;

export function formatPattern(ms: number, pattern: string, zone: Zone): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return "–";
  const date = new Date(wallTime(ms, zone));
  return pattern.replace(TOKEN, (token, literal: string | undefined) => literal ?? field(token, date, ms));
}

const two = (value: number) => String(value).padStart(2, "0");
const word = (date: Date, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat("en", { ...options, timeZone: "UTC" }).format(date);

function field(token: string, date: Date, ms: number): string {
  const half = date.getUTCHours() % 12 || 12;
  const afternoon = date.getUTCHours() >= 12;
  const fields: Record<string, () => string> = {
    YYYY: () => String(date.getUTCFullYear()),
    YY: () => two(date.getUTCFullYear() % 100),
    MMMM: () => word(date, { month: "long" }),
    MMM: () => word(date, { month: "short" }),
    MM: () => two(date.getUTCMonth() + 1),
    M: () => String(date.getUTCMonth() + 1),
    DD: () => two(date.getUTCDate()),
    D: () => String(date.getUTCDate()),
    dddd: () => word(date, { weekday: "long" }),
    ddd: () => word(date, { weekday: "short" }),
    HH: () => two(date.getUTCHours()),
    H: () => String(date.getUTCHours()),
    hh: () => two(half),
    h: () => String(half),
    mm: () => two(date.getUTCMinutes()),
    m: () => String(date.getUTCMinutes()),
    ss: () => two(date.getUTCSeconds()),
    s: () => String(date.getUTCSeconds()),
    SSS: () => String(date.getUTCMilliseconds()).padStart(3, "0"),
    A: () => (afternoon ? "PM" : "AM"),
    a: () => (afternoon ? "pm" : "am"),
    X: () => String(Math.floor(ms / 1_000)),
    x: () => String(ms),
  };
  return fields[token]?.() ?? token;
}
