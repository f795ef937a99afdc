/** The pictures of README. */
import { expect, test } from "./test";
import { openTaskTrace, spanRows } from "./views";

/** A picture is part of every clone. */
const BYTES_MAX = 300_000;

test("a picture of a trace is taken", async ({ page, colorScheme }) => {
  await openTaskTrace(page);
  await spanRows(page).nth(1).click();
  await expect(page.getByRole("complementary", { name: "Span" })).toBeVisible();
  const path = `../docs/images/trace-${colorScheme}.png`;
  const { length } = await page.screenshot({ path, animations: "disabled", caret: "hide" });
  expect(length).toBeLessThanOrEqual(BYTES_MAX);
});
