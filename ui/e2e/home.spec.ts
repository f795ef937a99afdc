/** Home. */
import { expect, test } from "./test";

test("Home shows services, receivers and what is missing", async ({ page }) => {
  await page.goto("/");
  for (const text of ["Services", "Receivers", "Missing data", "OTLP gRPC"])
    await expect(page.getByText(text).first()).toBeVisible();
  await expect(page).toHaveTitle("Home · Glasshouse");
});

test("Home says that the server cannot be reached", async ({ page, server }) => {
  await server.disconnect("**/api/overview");
  await page.goto("/");
  await expect(page.getByText("The overview cannot be loaded")).toBeVisible();
});
