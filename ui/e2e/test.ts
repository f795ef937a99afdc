/** The fixtures of the browser tests. */
import { test as base, expect, type Page } from "@playwright/test";

export { expect };

/** Replaces answers of the server. Paths are globs. */
export interface Server {
  answer(path: string, json: unknown): Promise<void>;
  fail(path: string, status: number): Promise<void>;
  disconnect(path: string): Promise<void>;
}

interface Fixtures {
  server: Server;
  /** Fails a test whose page has uncaught errors or violates the content security policy. */
  problems: string[];
}

export const test = base.extend<Fixtures>({
  server: ({ page }, provide) => provide(replacing(page)),
  problems: [
    async ({ page }, provide) => {
      const problems = watch(page);
      await provide(problems);
      expect(problems, "uncaught errors and errors in the console").toEqual([]);
    },
    { auto: true },
  ],
});

function replacing(page: Page): Server {
  return {
    answer: async (path, json) => void (await page.route(path, (route) => route.fulfill({ json }))),
    fail: async (path, status) => void (await page.route(path, (route) => route.fulfill({ status }))),
    disconnect: async (path) => void (await page.route(path, (route) => route.abort())),
  };
}

function watch(page: Page): string[] {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    // Tests provoke answers with an error status, which the browser reports.
    if (message.type() === "error" && !message.text().includes("Failed to load resource"))
      problems.push(message.text());
  });
  return problems;
}

/** A text as part of an address. */
export const encoded = encodeURIComponent;

/** Text that a sender controls. Shown as HTML it would change the title. */
export const MARKUP = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>`;

/** Expects that the page shows `MARKUP` as text. */
export async function expectMarkupAsText(page: Page) {
  await expect(page.locator("#root")).toContainText("<img src=x");
  await expect(page.locator("#root img, body > script")).toHaveCount(0);
  expect(await page.title()).not.toBe("broken");
}
