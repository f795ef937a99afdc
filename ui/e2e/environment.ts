/** What the environment says about the programs under test. */
declare const process: { env: Record<string, string | undefined> };

const { GLASSHOUSE_URL, AGENT_URL, CHROMIUM, SHOTS, CORPUS } = process.env;
const address = (given: string) => given.replace(/\/$/, "");

/** A running Glasshouse with data, or the mock. */
export const glasshouse = address(GLASSHOUSE_URL ?? "http://127.0.0.1:3000");
/** The example agent of the demo; without it the tests of its page are skipped. */
export const agent = AGENT_URL ? address(AGENT_URL) : undefined;
export const chromium = CHROMIUM ?? "/usr/bin/chromium";
/** The folder for a screenshot of every test. */
export const shots = SHOTS;
/** `all` shows every dashboard of the corpora, which takes minutes. */
export const corpus = CORPUS;
