/**
 * A real browser, and the running Glasshouse (or the mock) that it looks at.
 *
 * GLASSHOUSE_URL  where it runs; http://127.0.0.1:3000 when unset
 * CHROMIUM        the browser; /usr/bin/chromium when unset
 */
import { chromium } from "playwright-core";

export const base = (process.env.GLASSHOUSE_URL ?? "http://127.0.0.1:3000").replace(/\/$/, "");
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const launch = () =>
  chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

/** A fresh page of its own, which has no cache and no choices of an earlier one. */
export async function openPage(browser, colorScheme, viewport) {
  const context = await browser.newContext({ viewport, colorScheme, baseURL: base, timezoneId: "UTC" });
  return context.newPage();
}

/** Waits until the server has run for some time: one that just started has no data yet. */
export async function waitForUptime(seconds) {
  for (;;) {
    const overview = await (await fetch(`${base}/api/overview`)).json();
    if (overview.uptime_s >= seconds) return;
    console.log(`waiting for data: ${Math.round(overview.uptime_s)} of ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
  }
}
