/** How the tests open the views. */
import type { Page } from "@playwright/test";
import { encoded, expect } from "./test";

export const traceLinks = (page: Page) => page.locator("[data-scroll-restoration-id=traces] a");
export const spanRows = (page: Page) => page.getByRole("treegrid").getByRole("row");

/** Opens the first complete trace of the search; spans of the newest may still be missing. */
export async function openTrace(page: Page, search = "") {
  await page.goto(`/explore/traces${search}`);
  await traceLinks(page).filter({ hasNotText: "not received" }).first().click();
  await expect(spanRows(page).first()).toBeVisible();
}

/** Opens a trace with many spans: most requests of a page have one, a task of the agent has many. */
export const openTaskTrace = (page: Page) =>
  openTrace(page, `?q=${encoded('{ name = "alex.session.solve_task" }')}`);
