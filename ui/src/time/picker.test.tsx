import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderPage } from "../testing/render";

async function openForm(url: string) {
  const page = renderPage(url);
  await page.user.click(await screen.findByRole("button", { expanded: false, name: /Last|→/ }));
  const form = within(await screen.findByRole("dialog"));
  const field = (label: string) => form.getByRole("textbox", { name: label });
  const enter = async (label: string, text: string) => {
    await page.user.clear(field(label));
    if (text) await page.user.type(field(label), text);
  };
  return { ...page, form, field, enter, apply: form.getByRole("button", { name: "Apply" }) };
}

describe("the time range picker", () => {
  it("keeps a relative range relative in the URL", async () => {
    const { enter, user, apply, search } = await openForm("/explore/sql");
    await enter("From", "now-90m");
    await user.click(apply);
    await waitFor(() => expect(search()).toMatchObject({ from: "now-90m", to: "now" }));
    expect(screen.getByRole("button", { name: /Last 90 minutes/ })).toBeDefined();
  });
  it("writes an absolute range to the URL in milliseconds", async () => {
    localStorage.setItem("glasshouse.zone", "utc");
    const { enter, user, search } = await openForm("/explore/sql");
    await enter("From", "2026-11-20 15:00");
    await enter("To", "2026-11-20 16:30");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(search()).toMatchObject({ from: "1795186800000", to: "1795192200000" }));
  });
  it.each([
    ["tomorrow", "now", "Not a valid time"],
    ["now", "now-1h", "From must be before To"],
    ["2026-02-31", "now", "Not a valid time"],
  ])("does not apply a range from %s to %s", async (from, to, message) => {
    const { enter, form, apply, user, search } = await openForm("/explore/sql");
    await enter("From", from);
    await enter("To", to);
    expect(form.getByText(message)).toBeDefined();
    expect((apply as HTMLButtonElement).disabled).toBe(true);
    await user.keyboard("{Enter}");
    expect(search().from).toBeUndefined();
  });
  it("applies a quick range with one click", async () => {
    const { form, user, search } = await openForm("/explore/sql");
    await user.click(form.getByRole("button", { name: "Last 6 hours" }));
    await waitFor(() => expect(search()).toMatchObject({ from: "now-6h", to: "now" }));
  });
  it("explains an invalid range in the URL, and shows the last hour", async () => {
    renderPage("/explore/sql?from=tomorrow&to=now");
    const notice = await screen.findByRole("note");
    expect(notice.textContent).toBe('The time range "tomorrow" to "now" is invalid. Showing the last hour.');
    expect(screen.getByRole("button", { name: "Last hour" })).toBeDefined();
  });
  it("says that a range in the URL is reversed", async () => {
    renderPage("/explore/sql?from=now&to=now-1h");
    const notice = await screen.findByRole("note");
    expect(notice.textContent).toBe(
      "The time range now to now-1h ends before it starts. Showing the last hour.",
    );
  });
  it("shows an absolute start as a date, also when the range ends now", async () => {
    renderPage(`/explore/sql?from=${new Date(2026, 10, 20, 12, 30).getTime()}&to=now`);
    await screen.findByRole("button", { name: "2026-11-20 12:30:00 to now" });
  });
});
