/** Takes the pictures of README from a running `glasshouse demo`: `cargo xtask screenshot`. */
import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

const viewport = { width: 1280, height: 800 };

export default defineConfig({
  ...tests,
  testMatch: "screenshot.ts",
  // The page and its traces look lived in after this time.
  metadata: { uptimeSecondsMin: 120 },
  projects: (["dark", "light"] as const).map((colorScheme) => ({
    name: colorScheme,
    use: { colorScheme, viewport },
  })),
});
