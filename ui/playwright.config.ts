/**
 * The browser tests: every view of a running Glasshouse (or of the mock) in Chromium.
 *
 * e2e/environment.ts lists the variables. A failed test leaves its trace in `test-results`.
 */
import { defineConfig } from "@playwright/test";
import { chromium, glasshouse, shots } from "./e2e/environment";

/** A loaded machine is many times slower than an idle one. */
const SETTLE_MS_MAX = 15_000;

const wide = { width: 1440, height: 900 };

export default defineConfig({
  testDir: "e2e",
  outputDir: shots,
  globalSetup: "./e2e/wait-for-data.ts",
  metadata: { uptimeSecondsMin: 40 },
  // The server and the browser share the cores of the machine.
  workers: 1,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: SETTLE_MS_MAX },
  use: {
    baseURL: glasshouse,
    timezoneId: "UTC",
    actionTimeout: SETTLE_MS_MAX,
    navigationTimeout: SETTLE_MS_MAX,
    trace: "retain-on-failure",
    screenshot: shots ? "on" : "only-on-failure",
    launchOptions: { executablePath: chromium, args: ["--no-sandbox", "--disable-dev-shm-usage"] },
  },
  projects: [
    { name: "dark", use: { colorScheme: "dark", viewport: wide } },
    { name: "light", use: { colorScheme: "light", viewport: wide }, testMatch: "accessibility.spec.ts" },
    { name: "1024", use: { viewport: { width: 1024, height: 768 } }, testMatch: "layout.spec.ts" },
    { name: "390", use: { viewport: { width: 390, height: 844 } }, testMatch: "layout.spec.ts" },
  ],
});
