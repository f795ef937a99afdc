/** Measures with the web-vitals library and reports. `./reporter` alone does not know that library. */
import type { WebVital } from "./metric.js";
import { createReporter, type Reporter, type ReporterOptions } from "./reporter.js";

export {
  canonicalPage,
  createReporter,
  type Reporter,
  type ReporterOptions,
  type WebVital,
  type WebVitalEvent,
} from "./reporter.js";

type Subscribe = (
  report: (metric: WebVital) => void,
  options?: { reportAllChanges?: boolean; reportSoftNavs?: boolean },
) => void;

/** The functions of web-vitals 4, 5 or 6 that are used. */
export interface WebVitalsLibrary {
  readonly onCLS: Subscribe;
  readonly onFCP: Subscribe;
  readonly onINP: Subscribe;
  readonly onLCP: Subscribe;
  readonly onTTFB: Subscribe;
}

export interface WebVitalsOptions extends ReporterOptions {
  /** The library: `import * as vitals from "web-vitals"`. It is loaded when unset. */
  readonly vitals?: WebVitalsLibrary | undefined;
  /**
   * Counts navigations inside a single-page application as page loads of their own, where the browser sees them
   * (web-vitals 6, Chromium 151). Changes what the first page's values mean; off when unset.
   */
  readonly softNavigations?: boolean | undefined;
}

/** Reports CLS, FCP, INP, LCP and TTFB of this page load. Call it once, early. */
export function reportWebVitals(options: WebVitalsOptions = {}): Reporter {
  const reporter = createReporter(options);
  if (!reporter.isActive) return reporter;
  const fail = (error: unknown) => {
    try {
      options.onError?.(error);
    } catch {
      // Whoever listens for errors has one; the page must not.
    }
  };
  const start = (library: WebVitalsLibrary) => {
    const { onCLS, onFCP, onINP, onLCP, onTTFB } = library;
    const wanted = options.softNavigations ? { reportSoftNavs: true } : {};
    for (const subscribe of [onCLS, onFCP, onINP, onLCP, onTTFB]) {
      try {
        subscribe(reporter, wanted);
      } catch (error) {
        fail(error);
      }
    }
  };
  if (options.vitals) start(options.vitals);
  else import("web-vitals").then(start, fail);
  return reporter;
}
