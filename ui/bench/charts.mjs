/** `npm run bench`: measures the charts in Chromium, and fails beyond their budgets. CHROMIUM names the browser. */
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { createServer } from "vite";

/** Of the results in charts.ts. */
const BUDGETS = {
  "100 series of 24 h, first drawing (ms)": 50,
  "100 series of 24 h, update (ms)": 50,
  "canvases that a refresh replaces": 0,
};

const root = fileURLToPath(new URL("..", import.meta.url));
const server = await createServer({ root, logLevel: "error", server: { port: 0, host: "127.0.0.1" } });
await server.listen();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
page.on("pageerror", (error) => console.error(error.message));
await page.goto(`${server.resolvedUrls.local[0]}bench/index.html`);
const results = await (
  await page.waitForFunction(() => window.results, null, { timeout: 120_000 })
).jsonValue();
await browser.close();
await server.close();

for (const [name, value] of Object.entries(results)) {
  const budget = BUDGETS[name];
  const failed = budget !== undefined && value > budget;
  console.log(
    `${failed ? "FAIL" : "ok  "} ${name}: ${Math.round(value * 10) / 10}${budget === undefined ? "" : `, budget ${budget}`}`,
  );
  if (failed) process.exitCode = 1;
}
