/** Objects as web-vitals 4 to 6 and Next.js really pass them, and the libraries' own types. */
import { describe, expect, expectTypeOf, it } from "vitest";
import type * as vitals6 from "web-vitals";
import type * as vitals4 from "web-vitals-4";
import type * as vitals5 from "web-vitals-5";
import type { WebVitalsLibrary } from "./index.js";
import { eventOf, type WebVital } from "./metric.js";

const entries = [{ name: "first-input", target: "#joe", startTime: 812 }];
const v5 = {
  name: "INP",
  value: 48,
  rating: "good",
  delta: 16,
  entries,
  id: "v5-1763665000000-4120398457123",
  navigationType: "back-forward-cache",
};
const v6 = {
  ...v5,
  id: "v6-1763665000000-4120398457123",
  navigationType: "soft-navigation",
  navigationId: 7,
  navigationInteractionId: 4711,
  navigationStartTime: 512.3,
  navigationURL: "https://shop.example/orders/1207?user=joe",
};

const SHAPES: [string, WebVital, object][] = [
  ["web-vitals 4", { ...v5, id: "v4-1", name: "FCP" } as WebVital, { name: "FCP" }],
  ["web-vitals 5", v5, { name: "INP", label: "web-vital", navigationType: "back-forward-cache" }],
  ["web-vitals 5 with attribution", { ...v5, attribution: { target: "#joe" } } as WebVital, { name: "INP" }],
  ["web-vitals 6", v6, { navigationType: "soft-navigation" }],
  [
    "Next.js, pages router",
    { id: "v3-1", name: "TTFB", startTime: 0, value: 48, label: "web-vital" } as WebVital,
    { name: "TTFB", label: "web-vital" },
  ],
  [
    "Next.js, hydration",
    { id: "17-1", name: "Next.js-hydration", startTime: 12, value: 48, label: "custom" } as WebVital,
    { name: "Next.js-hydration", label: "custom" },
  ],
  [
    "Next.js, route change",
    { id: "17-2", name: "Next.js-route-change-to-render", startTime: 9, value: 48 } as WebVital,
    { name: "Next.js-route-change-to-render", label: "custom" },
  ],
];

const SENT = ["delta", "label", "name", "navigationType", "page", "timestamp", "value"];

describe("of each shape only the fields of the contract are sent", () => {
  it.each(SHAPES)("%s", (_shape, metric, expected) => {
    const event = eventOf(metric, "/orders/:id");
    expect(event).toMatchObject({ value: 48, delta: 48, page: "/orders/:id", ...expected });
    expect(SENT).toEqual(expect.arrayContaining(Object.keys(event ?? {})));
    expect(event?.timestamp).toBeGreaterThan(1_700_000_000_000);
    expect(JSON.stringify(event)).not.toMatch(/joe|1207|176366|4711|rating|entries|"id"/);
  });
  it("and a delta of its own only where nothing is reported twice", () => {
    expect(eventOf({ name: "CLS", value: 0.3, delta: 0.1 }, "/")?.delta).toBe(0.1);
    expect(eventOf({ name: "CLS", value: 0.3, delta: 0.1, id: "a" }, "/")?.delta).toBe(0.3);
    expect(eventOf({ name: "CLS", value: 0.3, delta: Number.NaN }, "/")?.delta).toBe(0.3);
  });
});

describe("what is no measurement is not sent", () => {
  it.each([
    [{ name: "", value: 1 }],
    [{ name: "joe smith", value: 1 }],
    [{ name: "my-own-metric", value: 1 }],
    [{ value: 1 }],
    [{ name: "LCP" }],
    [{ name: "LCP", value: "1" }],
    [{ name: "LCP", value: Number.NaN }],
    [{ name: "LCP", value: Number.POSITIVE_INFINITY }],
    [{ name: "LCP", value: -1 }],
    [{ name: "LCP", value: 600_001 }],
    [{ name: "CLS", value: 101 }],
  ])("%j", (metric) => expect(eventOf(metric as WebVital, "/")).toBeNull());
  it("and a type of navigation that is no word is left out", () => {
    const event = eventOf({ name: "LCP", value: 1, navigationType: "id 12" }, "/");
    expect(event).not.toHaveProperty("navigationType");
  });
});

describe("the types of the libraries fit", () => {
  it("web-vitals 4, 5 and 6", () => {
    expectTypeOf<typeof vitals4>().toExtend<WebVitalsLibrary>();
    expectTypeOf<typeof vitals5>().toExtend<WebVitalsLibrary>();
    expectTypeOf<typeof vitals6>().toExtend<WebVitalsLibrary>();
    expectTypeOf<vitals4.Metric>().toExtend<WebVital>();
    expectTypeOf<vitals6.LCPMetricWithAttribution>().toExtend<WebVital>();
  });
});
