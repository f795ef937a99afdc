import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BODY_BYTES_MAX, bodies, EVENTS_MAX } from "./delivery.js";
import { reportWebVitals, type WebVitalsLibrary } from "./index.js";
import type { WebVital, WebVitalEvent } from "./metric.js";
import { createReporter, type ReporterOptions } from "./reporter.js";

const sendBeacon = vi.fn<(endpoint: string, body: unknown) => boolean>();
const send = vi.fn<(endpoint: string, options: RequestInit) => Promise<Response>>();
const tab = { visibilityState: "visible" };
let pane: EventTarget & { location: { href: string } };

beforeEach(() => {
  vi.useFakeTimers();
  tab.visibilityState = "visible";
  pane = Object.assign(new EventTarget(), {
    location: { href: "https://shop.example/orders/1207?user=joe" },
  });
  sendBeacon.mockReset().mockReturnValue(true);
  send.mockReset().mockResolvedValue(new Response(null, { status: 204 }));
  vi.stubGlobal("window", pane);
  vi.stubGlobal("document", tab);
  vi.stubGlobal("navigator", { sendBeacon });
  vi.stubGlobal("fetch", send);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function turn(visibilityState: "hidden" | "visible") {
  tab.visibilityState = visibilityState;
  pane.dispatchEvent(new Event("visibilitychange"));
}
const vital = (name: string, value: number, more: Partial<WebVital> = {}): WebVital => ({
  name,
  value,
  delta: value,
  id: `v5-${name}`,
  navigationType: "navigate",
  ...more,
});
const sent = (): WebVitalEvent[][] => sendBeacon.mock.calls.map(([, body]) => JSON.parse(String(body)));

describe("values wait until the page is hidden", () => {
  it("and then go out as one array, each id once, with its last value", () => {
    const report = createReporter();
    report(vital("TTFB", 90));
    report(vital("CLS", 0.1));
    report(vital("CLS", 0.25, { delta: 0.15 }));
    expect(sendBeacon).not.toHaveBeenCalled();
    turn("hidden");
    pane.dispatchEvent(new Event("pagehide"));
    expect(sendBeacon.mock.calls.map(([endpoint, body]) => [endpoint, typeof body])).toEqual([
      ["/api/metrics/web-vitals", "string"],
    ]);
    expect(sent()[0]?.map(({ name, value, delta, page }) => [name, value, delta, page])).toEqual([
      ["TTFB", 90, 90, "/orders/:id"],
      ["CLS", 0.25, 0.25, "/orders/:id"],
    ]);
  });
  it("a second value of an id that went out is not sent, a new id is", () => {
    const report = createReporter();
    report(vital("CLS", 0.1));
    turn("hidden");
    turn("visible");
    report(vital("CLS", 0.4));
    report(vital("INP", 40));
    turn("hidden");
    expect(sent().map((events) => events.map(({ name, value }) => [name, value]))).toEqual([
      [["CLS", 0.1]],
      [["INP", 40]],
    ]);
  });
  it("a page that is left sends once, though it hears pagehide before its last values", () => {
    const report = createReporter();
    report(vital("LCP", 900));
    pane.dispatchEvent(new Event("pagehide"));
    report(vital("CLS", 0.1));
    turn("hidden");
    expect(sent().map((events) => events.map(({ name }) => name))).toEqual([["LCP", "CLS"]]);
  });
  it("a hidden page that is closed sends what came since", () => {
    const report = createReporter();
    turn("hidden");
    report(vital("INP", 40));
    pane.dispatchEvent(new Event("pagehide"));
    expect(sent()).toHaveLength(1);
  });
  it("what comes while it is hidden follows at once", () => {
    const report = createReporter();
    turn("hidden");
    report(vital("INP", 40));
    report(vital("LCP", 900));
    expect(sendBeacon).not.toHaveBeenCalled();
    vi.runAllTimers();
    expect(sent()[0]).toHaveLength(2);
  });
  it("a metric object that its library changes later keeps what it said", () => {
    const metric = { name: "CLS", value: 0.1, id: "v6-1" };
    const report = createReporter();
    report(metric);
    metric.value = 9;
    turn("hidden");
    expect(sent()[0]?.[0]?.value).toBe(0.1);
  });
  it("nothing is sent when there is nothing to say", () => {
    createReporter();
    turn("hidden");
    expect(sendBeacon).not.toHaveBeenCalled();
  });
});

describe("a value belongs to the page that it was measured on", () => {
  const pages = () => sent().flatMap((events) => events.map(({ page }) => page));
  it("vitals to the page that was loaded, moments of Next.js to the current one", () => {
    const report = createReporter();
    pane.location.href = "https://shop.example/cart";
    report(vital("INP", 40));
    report({ name: "Next.js-route-change-to-render", value: 12, id: "1" });
    turn("hidden");
    expect(pages()).toEqual(["/orders/:id", "/cart"]);
  });
  it("soft navigations to their own address", () => {
    const report = createReporter();
    report(vital("LCP", 900, { id: "a", navigationURL: "https://shop.example/orders/1207" }));
    report(vital("LCP", 80, { id: "b", navigationURL: "https://shop.example/cart?x=joe" }));
    turn("hidden");
    expect(pages()).toEqual(["/orders/:id", "/cart"]);
  });
  it("a page that comes back from the cache to the address that it comes back to", () => {
    const report = createReporter();
    pane.location.href = "https://shop.example/cart";
    pane.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    report(vital("CLS", 0, { id: "b" }));
    turn("hidden");
    expect(pages()).toEqual(["/cart"]);
  });
  it("the application may name it, and is asked once for each address", () => {
    const page = vi.fn(() => "/orders/[id]?user=joe");
    const report = createReporter({ page });
    report(vital("LCP", 900));
    report(vital("CLS", 0));
    turn("hidden");
    expect(pages()).toEqual(["/orders/[id]", "/orders/[id]"]);
    expect(page.mock.calls).toEqual([["https://shop.example/orders/1207?user=joe"]]);
  });
  it("and is not believed when it throws or answers nonsense", () => {
    const onError = vi.fn();
    const throwing = createReporter({
      onError,
      page: () => {
        throw new Error("no router yet");
      },
    });
    throwing(vital("LCP", 900));
    createReporter({ page: () => "mailto:joe@example.org" })(vital("LCP", 900));
    turn("hidden");
    expect(pages()).toEqual(["/orders/:id", "/"]);
    expect(onError).toHaveBeenCalledOnce();
  });
});

describe("where no beacon is possible, fetch carries it", () => {
  it.each([
    ["the browser refuses it", () => sendBeacon.mockReturnValue(false), {}],
    [
      "the browser throws",
      () =>
        sendBeacon.mockImplementation(() => {
          throw new TypeError("Illegal invocation");
        }),
      {},
    ],
    ["there are none", () => vi.stubGlobal("navigator", {}), {}],
    ["there is no navigator", () => vi.stubGlobal("navigator", undefined), {}],
    ["none is wanted", () => {}, { beacon: false }],
  ])("%s", (_reason, arrange, options: ReporterOptions) => {
    arrange();
    createReporter({ endpoint: "https://metrics.example/v", ...options })(vital("LCP", 900));
    turn("hidden");
    expect(send).toHaveBeenCalledOnce();
    const [endpoint, { body, ...request }] = send.mock.calls[0] ?? ["", {}];
    expect(endpoint).toBe("https://metrics.example/v");
    expect(JSON.parse(String(body))).toMatchObject([{ name: "LCP" }]);
    expect(request).toEqual({
      method: "POST",
      keepalive: true,
      credentials: "omit",
      mode: "no-cors",
      headers: { "Content-Type": "text/plain;charset=UTF-8" },
    });
  });
  it("the one that was passed in, if any", () => {
    const own = vi.fn<typeof fetch>().mockResolvedValue(new Response());
    createReporter({ fetch: own, beacon: false })(vital("LCP", 900));
    turn("hidden");
    expect(own).toHaveBeenCalledOnce();
    expect(send).not.toHaveBeenCalled();
  });
});

describe("a failure reaches nobody but who asked for it", () => {
  it.each([
    ["refused", () => send.mockResolvedValue(new Response(null, { status: 429 })), /429/],
    ["unreachable", () => send.mockRejectedValue(new TypeError("Failed to fetch")), /Failed to fetch/],
    [
      "fetch throws",
      () =>
        send.mockImplementation(() => {
          throw new TypeError("bad address");
        }),
      /bad address/,
    ],
    ["no fetch", () => vi.stubGlobal("fetch", undefined), /neither sendBeacon nor fetch/],
  ])("%s", async (_reason, arrange, message) => {
    const consoles = ["log", "warn", "error"].map((level) => vi.spyOn(console, level as "log"));
    arrange();
    const onError = vi.fn((_error: unknown) => {
      throw new Error("and who asked fails too");
    });
    createReporter({ onError, beacon: false })(vital("LCP", 900));
    createReporter({ beacon: false })(vital("LCP", 900));
    turn("hidden");
    await vi.advanceTimersByTimeAsync(1);
    expect(onError).toHaveBeenCalledOnce();
    expect(String(onError.mock.calls[0]?.[0])).toMatch(message);
    for (const spy of consoles) expect(spy).not.toHaveBeenCalled();
  });
  it.each([null, undefined, 7, "LCP", {}, { name: Symbol() }])("no metric at all", (metric) => {
    expect(() => createReporter()(metric as unknown as WebVital)).not.toThrow();
    turn("hidden");
    expect(sendBeacon).not.toHaveBeenCalled();
  });
});

describe("requests stay within what endpoints and browsers accept", () => {
  const event: WebVitalEvent = { name: "x", value: 1, delta: 1, label: "custom", page: "/", timestamp: 1 };
  it("by number", () => {
    const sizes = bodies(Array.from({ length: 120 }, () => event)).map((body) => JSON.parse(body).length);
    expect(sizes).toEqual([EVENTS_MAX, EVENTS_MAX, 20]);
  });
  it("by bytes, not characters", () => {
    const wide = { ...event, page: `/${"ü€😀".repeat(900)}` };
    const all = bodies(Array.from({ length: 40 }, () => wide));
    expect(all.flatMap((body) => JSON.parse(body))).toHaveLength(40);
    for (const body of all) expect(new TextEncoder().encode(body).length).toBeLessThanOrEqual(BODY_BYTES_MAX);
    expect(bodies([{ ...event, page: "x".repeat(BODY_BYTES_MAX) }])).toEqual([]);
  });
  it("and what waits goes out early when it is as much as one request takes", () => {
    const report = createReporter();
    for (let i = 0; i < EVENTS_MAX + 3; i += 1) report({ name: "Next.js-render", value: i });
    expect(sent().map((events) => events.length)).toEqual([EVENTS_MAX]);
    report.flush();
    expect(sent().map((events) => events.length)).toEqual([EVENTS_MAX, 3]);
  });
});

describe("a reporter that has nothing to do does nothing", () => {
  it("on a server", () => {
    vi.stubGlobal("window", undefined);
    vi.stubGlobal("document", undefined);
    const report = createReporter();
    report(vital("LCP", 900));
    report.flush();
    expect(report.isActive).toBe(false);
    expect(reportWebVitals().isActive).toBe(false);
  });
  it.each([
    [0, 0, false],
    [0.1, 0.05, true],
    [0.1, 0.5, false],
    [1, 0.999, true],
    [Number.NaN, 0, false],
  ])("in a page load that is not sampled: rate %d, drawn %d", (sampleRate, drawn, isActive) => {
    vi.spyOn(Math, "random").mockReturnValue(drawn);
    const report = createReporter({ sampleRate });
    expect(report.isActive).toBe(isActive);
    report(vital("LCP", 900));
    turn("hidden");
    expect(sent()).toHaveLength(isActive ? 1 : 0);
    vi.mocked(Math.random).mockRestore();
  });
});

describe("the library is subscribed to", () => {
  const library = () => {
    const subscribed: [string, unknown][] = [];
    const on = (name: string) => (report: (metric: WebVital) => void, options?: object) => {
      subscribed.push([name, options]);
      report(vital(name, 1));
    };
    const vitals: WebVitalsLibrary = {
      onCLS: on("CLS"),
      onFCP: on("FCP"),
      onINP: () => {
        throw new Error("not in this browser");
      },
      onLCP: on("LCP"),
      onTTFB: on("TTFB"),
    };
    return { vitals, subscribed };
  };
  it("to all five, and one that fails hinders no other", () => {
    const { vitals, subscribed } = library();
    const onError = vi.fn();
    reportWebVitals({ vitals, onError });
    turn("hidden");
    expect(sent()[0]?.map(({ name }) => name)).toEqual(["CLS", "FCP", "LCP", "TTFB"]);
    expect(subscribed.map(([, options]) => options)).toEqual([{}, {}, {}, {}]);
    expect(onError).toHaveBeenCalledOnce();
  });
  it("with soft navigations when they are wanted", () => {
    const { vitals, subscribed } = library();
    reportWebVitals({ vitals, softNavigations: true });
    expect(subscribed[0]).toEqual(["CLS", { reportSoftNavs: true }]);
  });
});
