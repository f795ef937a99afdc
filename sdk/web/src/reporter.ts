/**
 * A reporter takes metrics as they come and sends each once, when the page is hidden: the last moment that every
 * browser grants. It neither throws nor writes to the console nor holds the page back.
 */
import { bodies, type Delivery, deliver, EVENTS_MAX } from "./delivery.js";
import { eventOf, isVital, type WebVital, type WebVitalEvent } from "./metric.js";
import { canonicalPage } from "./page.js";

export type { WebVital, WebVitalEvent } from "./metric.js";
export { canonicalPage } from "./page.js";

export interface ReporterOptions {
  /** Where events go; `/api/metrics/web-vitals` of the page's own origin when unset. */
  readonly endpoint?: string | undefined;
  /**
   * Names the page of an address, best by its route's template: `/orders/[id]`. Asked once for each address. Its
   * answer is made canonical too; see `canonicalPage`, which names pages when this is unset or throws.
   */
  readonly page?: ((url: string) => string) | undefined;
  /** Takes the place of the browser's `fetch`, which is used where beacons are not possible. */
  readonly fetch?: typeof fetch | undefined;
  /** False: only `fetch`. A beacon carries the cookies of the endpoint's origin, `fetch` here none. */
  readonly beacon?: boolean | undefined;
  /** The share of page loads that report, 0 to 1; all when unset. */
  readonly sampleRate?: number | undefined;
  /** Hears of what could not be sent; nobody does when unset. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Takes a metric. As it is, it fits `useReportWebVitals` of Next.js and the functions of web-vitals. */
export interface Reporter {
  (metric: WebVital): void;
  /** False outside a browser and in page loads that are not sampled: nothing need be measured. */
  readonly isActive: boolean;
  /** Sends what is waiting now, for pages that are rarely hidden. */
  flush(): void;
}

const ENDPOINT = "/api/metrics/web-vitals";
/** How many ids and addresses are remembered; a page that lives for weeks must not grow. */
const REMEMBERED_MAX = 200;

/** Creates a reporter. Outside a browser, and in page loads that are not sampled, it does nothing. */
export function createReporter(options: ReporterOptions = {}): Reporter {
  const queue = openQueue(options);
  return Object.assign((metric: WebVital) => queue?.add(metric), {
    isActive: queue !== null,
    flush: () => queue?.flush(),
  });
}

function openQueue(options: ReporterOptions): Queue | null {
  if (typeof window === "undefined" || typeof document === "undefined") return null;
  const rate = options.sampleRate ?? 1;
  return Math.random() < rate ? new Queue(options) : null;
}

class Queue {
  readonly #options: ReporterOptions;
  readonly #delivery: Delivery;
  /** By id, so that a later value takes the place of an earlier one. */
  readonly #waiting = new Map<string | symbol, WebVitalEvent>();
  readonly #sent = new Set<string>();
  readonly #pages = new Map<string, string>();
  /** Where this document was loaded. Vitals belong here, also when the address has changed since. */
  #landing: string;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#landing = window.location.href;
    this.#delivery = {
      endpoint: options.endpoint ?? ENDPOINT,
      isBeaconAllowed: options.beacon ?? true,
      fetch: options.fetch,
      fail: (error) => this.#fail(error),
    };
    // The libraries listen on the document, or on the window while the event goes down: this runs after them, when
    // they have reported their last values. A page that is left is hidden after its pagehide, so that event on its
    // own says that these are still to come.
    const flushIfHidden = () => {
      if (document.visibilityState === "hidden") this.flush();
    };
    window.addEventListener("visibilitychange", flushIfHidden);
    window.addEventListener("pagehide", flushIfHidden);
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.#landing = window.location.href;
    });
  }

  add(metric: WebVital): void {
    try {
      const id = metric.id === undefined ? undefined : String(metric.id);
      // Without an id in what is sent, a second value would count as a second page load.
      if (id !== undefined && this.#sent.has(id)) return;
      const event = eventOf(metric, this.#pageOf(metric));
      if (!event) return;
      this.#waiting.set(id ?? Symbol(), event);
      if (this.#waiting.size >= EVENTS_MAX) this.flush();
      // Reported after the page was hidden: there may be no later event to wait for.
      else if (document.visibilityState === "hidden") setTimeout(() => this.flush(), 0);
    } catch (error) {
      this.#fail(error);
    }
  }

  flush(): void {
    try {
      const events = [...this.#waiting.values()];
      for (const id of this.#waiting.keys()) if (typeof id === "string") this.#sent.add(id);
      this.#waiting.clear();
      forgetOldest(this.#sent);
      for (const body of bodies(events)) deliver(body, this.#delivery);
    } catch (error) {
      this.#fail(error);
    }
  }

  #pageOf(metric: WebVital): string {
    const url = metric.navigationURL || (isVital(metric) ? this.#landing : window.location.href);
    let page = this.#pages.get(url);
    if (page === undefined) {
      page = this.#named(url);
      this.#pages.set(url, page);
      forgetOldest(this.#pages);
    }
    return page;
  }

  #named(url: string): string {
    try {
      if (this.#options.page) return canonicalPage(String(this.#options.page(url)));
    } catch (error) {
      this.#fail(error);
    }
    return canonicalPage(url);
  }

  #fail(error: unknown): void {
    try {
      this.#options.onError?.(error);
    } catch {
      // Whoever listens for errors has one; the page must not.
    }
  }
}

function forgetOldest(remembered: Set<string> | Map<string, string>): void {
  for (const key of remembered.keys()) {
    if (remembered.size <= REMEMBERED_MAX) return;
    remembered.delete(key);
  }
}
