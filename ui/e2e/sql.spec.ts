/** SQL. */
import { encoded, expect, test } from "./test";

test("a query shows its rows, their number and the tables", async ({ page }) => {
  const query = "SELECT service_name, name, duration_ns FROM spans LIMIT 50";
  await page.goto(`/explore/sql?query=${encoded(query)}`);
  await expect(page.getByRole("gridcell").first()).toBeVisible();
  await expect(page.getByText(/\d+ rows? in /).first()).toBeVisible();
  await expect(page.locator("summary", { hasText: "spans" }).first()).toBeVisible();
});

test("a query that the server rejects shows an error", async ({ page }) => {
  await page.goto(`/explore/sql?query=${encoded("SELECT nothing FROM nowhere")}`);
  await expect(page.getByRole("alert").first()).toBeVisible();
});
