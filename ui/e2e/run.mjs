/**
 * Checks every view of a running Glasshouse (or of the mock) in a real browser.
 *
 * SHOTS           the folder for screenshots; none are taken when unset
 * AGENT_URL       where the example agent runs; its page is left out when unset
 * SETTLE_MS_MAX   how long a check waits for an element; 15000 when unset
 *                 and those of browser.mjs
 *
 * Arguments are the names of the checks to run; all run without any.
 * Needs data: run it against `glasshouse demo`. Ends with status 1 when a check fails.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { agentChecks } from "./agent-checks.mjs";
import { launch, openPage, waitForUptime } from "./browser.mjs";
import { checks as pageChecks } from "./checks.mjs";
import { metricsChecks } from "./metrics-checks.mjs";
import { statusChecks } from "./status-checks.mjs";

const agent = process.env.AGENT_URL ? agentChecks : [];
/** The names of the checks to run; all when none is given. */
const names = process.argv.slice(2);
const checks = [...pageChecks, ...metricsChecks, ...statusChecks, ...agent].filter(
  (check) => names.length === 0 || names.includes(check.name),
);
const shots = process.env.SHOTS;
const settleMs = Number(process.env.SETTLE_MS_MAX ?? 15_000);
const SIZES = [
  { name: "wide", width: 1440, height: 900 },
  { name: "small", width: 1000, height: 700 },
];

/** The checks need log lines and traces that are some seconds old. */
const UPTIME_S_MIN = 40;
await waitForUptime(UPTIME_S_MIN);

if (shots) mkdirSync(shots, { recursive: true });
const browser = await launch();
let failed = 0;

/** Collects uncaught errors and violations of the content security policy. */
function watch(page) {
  const problems = [];
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !/Failed to load resource/.test(text))
      problems.push(`console: ${text.slice(0, 300)}`);
  });
  return problems;
}

async function run(check, scheme, size) {
  const page = await openPage(browser, scheme, size);
  page.setDefaultTimeout(settleMs);
  const problems = watch(page);
  const title = `${check.name} (${scheme}, ${size.name})`;
  try {
    await check.run(page);
    await page.evaluate(() => document.fonts.ready);
  } catch (error) {
    problems.push(error.message.split("\n").slice(0, 6).join("\n    "));
  }
  if (shots)
    await page.screenshot({ path: join(shots, `${check.name}-${scheme}-${size.name}.png`) }).catch(() => {});
  await page.context().close();
  if (problems.length > 0) failed += 1;
  process.stdout.write(`${problems.length === 0 ? "ok  " : "FAIL"} ${title}\n`);
  for (const problem of problems) process.stdout.write(`    ${problem}\n`);
}

for (const check of checks) {
  // Behaviour does not depend on scheme and size; screenshots do.
  const rounds =
    shots && check.screenshot
      ? SIZES.flatMap((size) => ["dark", "light"].map((scheme) => [scheme, size]))
      : [["dark", SIZES[0]]];
  for (const [scheme, size] of rounds) await run(check, scheme, size);
}
await browser.close();
process.stdout.write(failed === 0 ? `all ${checks.length} checks passed\n` : `${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
