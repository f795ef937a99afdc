/** The shapes: what measuring libraries hand over, and what leaves the browser. */

/**
 * The parts of a metric that are read. The objects of web-vitals 4 to 6 and of Next.js fit as they are; whatever else
 * they carry (rating, entries, attribution, navigationId …) stays in the browser.
 */
export interface WebVital {
  /** `CLS`, `FCP`, `INP`, `LCP`, `TTFB`, or a name of Next.js such as `Next.js-hydration`. */
  readonly name: string;
  /** Milliseconds; without a unit for CLS. */
  readonly value: number;
  /** What the value grew by since the library last reported it. */
  readonly delta?: number | undefined;
  /** One measurement; used here to report it once, and never sent. */
  readonly id?: string | undefined;
  readonly navigationType?: string | undefined;
  /** web-vitals 6: the address that the value belongs to, which may no longer be the current one. */
  readonly navigationURL?: string | undefined;
}

/** One entry of a request: these fields and no others. Endpoints refuse unknown ones. */
export interface WebVitalEvent {
  name: string;
  value: number;
  delta: number;
  label: string;
  /** A path without query, fragment and ids, or the template of a route. */
  page: string;
  navigationType?: string;
  /** When the value was measured, in milliseconds since 1970. */
  timestamp: number;
}

/** Ten minutes, and a shift no page reaches: what endpoints accept. */
const MILLISECONDS_MAX = 600_000;
const SHIFT_MAX = 100;
const VITALS = new Set(["CLS", "FCP", "FID", "INP", "LCP", "TTFB"]);
/** What Next.js measures beside the vitals. */
const CUSTOM = new Set(["Next.js-hydration", "Next.js-route-change-to-render", "Next.js-render"]);
const WORD = /^[a-z][a-z_-]{0,31}$/;

/** Whether the metric is one of the Web Vitals, which belong to the load of a page, not to a moment. */
export function isVital(metric: WebVital): boolean {
  return VITALS.has(metric.name);
}

/**
 * What is sent of a metric; null when it is not one that endpoints know, or its value cannot be true. They refuse a
 * request for one wrong entry, so such a metric would take all others with it.
 */
export function eventOf(metric: WebVital, page: string): WebVitalEvent | null {
  const { name, value, navigationType } = metric;
  if (!VITALS.has(name) && !CUSTOM.has(name)) return null;
  // Also false for what is not a number.
  if (typeof value !== "number" || !(value >= 0 && value <= (name === "CLS" ? SHIFT_MAX : MILLISECONDS_MAX)))
    return null;
  return {
    name,
    value,
    // A measurement with an id is sent once, so all of it is new.
    delta: metric.id === undefined && Number.isFinite(metric.delta) ? Number(metric.delta) : value,
    label: isVital(metric) ? "web-vital" : "custom",
    page,
    ...(isWord(navigationType) ? { navigationType } : {}),
    timestamp: Date.now(),
  };
}

function isWord(text: unknown): text is string {
  return typeof text === "string" && WORD.test(text);
}
