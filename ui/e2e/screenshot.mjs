/**
 * Takes the pictures of README: one view of a running Glasshouse in both colour schemes.
 *
 * Wants data: run it against `glasshouse demo`. `cargo xtask screenshot` does; the variables are those of browser.mjs.
 */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { launch, openPage, waitForUptime } from "./browser.mjs";
import { checks } from "./checks.mjs";

const SIZE = { width: 1280, height: 800 };
/** The page and its traces look lived in after this time. */
const UPTIME_S_MIN = 120;
/** A picture is part of every clone. */
const BYTES_MAX = 300_000;

const view = checks.find((check) => check.name === "trace");
const folder = new URL("../../docs/images", import.meta.url).pathname;
mkdirSync(folder, { recursive: true });
await waitForUptime(UPTIME_S_MIN);
const browser = await launch();
for (const scheme of ["dark", "light"]) {
  const page = await openPage(browser, scheme, SIZE);
  await view.run(page);
  await page.evaluate(() => document.fonts.ready);
  const path = join(folder, `${view.name}-${scheme}.png`);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  const { size } = statSync(path);
  console.log(`${path}: ${size} bytes`);
  if (size > BYTES_MAX) throw new Error(`${path} has more than ${BYTES_MAX} bytes`);
}
await browser.close();
