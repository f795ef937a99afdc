import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { alertingServer } from "../../testing/alerting";
import { renderPage } from "../../testing/render";
import { calendarOf } from "../../time/calendar";
import { draftOf, newDraft, silenceOf } from "./silence-draft";

const GPU = "5b1f7c0e-0000-4000-8000-000000000001";
const EXPIRED = "5b1f7c0e-0000-4000-8000-000000000004";

function open(url: string) {
  const server = alertingServer();
  return { ...renderPage(url, server.answers), ...server };
}
const list = () => screen.findByRole("group", { name: "Silences" });

describe("silences", () => {
  it("show when they end, whom to ask, and what they silence now", async () => {
    open("/alerts/silences");
    await waitFor(async () => expect((await list()).textContent).toMatch(/ends in 2\d min.*2 alerts.*mira/));
    expect((await list()).textContent).toMatch(/nothing now.*starts in (4 h|3 h 59 min)/);
    expect((await list()).textContent).not.toMatch(/Rollout of gateway/);
  });
  it("are expired, many at once", async () => {
    const { user, sent } = open("/alerts/silences?state=active");
    await list();
    await user.keyboard("jxjx");
    await user.click(await screen.findByRole("button", { name: "Expire 2 silences" }));
    await waitFor(() => expect(sent.map(({ method }) => method)).toEqual(["DELETE", "DELETE"]));
    await screen.findByRole("heading", { name: "No silence is active" });
  });
  it("that have expired are made again", async () => {
    const { user, sent, path, search } = open(`/alerts/silences?state=expired&silence=${EXPIRED}`);
    await user.click(await screen.findByRole("link", { name: "Make again" }));
    await user.click(await screen.findByRole("button", { name: "Silence" }));
    await waitFor(() => expect(path()).toBe("/alerts/silences"));
    expect(sent).toMatchObject([
      { method: "POST", body: { comment: "Rollout of gateway 2.14", createdBy: "tom" } },
    ]);
    expect(sent[0]?.body).not.toHaveProperty("id");
    expect(search().silence).toMatch(/^5b1f/);
  });
});

describe("the form of a silence", () => {
  it("shows the alerts that it would silence, and remembers the author", async () => {
    const { user, sent } = open("/alerts/silences/new?filter=%7Btype%3D%22drift%22%7D");
    const preview = (await screen.findByRole("heading", { name: "Would silence now" })).closest("section");
    await waitFor(() => expect(preview?.textContent).toMatch(/2 alerts.*HighDriftScore/));
    await user.click(screen.getByRole("button", { name: "4h" }));
    await user.type(screen.getByRole("textbox", { name: "Comment" }), "rollback is running");
    await user.type(screen.getByRole("textbox", { name: "Your name" }), "ada");
    await user.click(screen.getByRole("button", { name: "Silence" }));
    await waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]?.body).toMatchObject({
      matchers: [{ name: "type", value: "drift", isRegex: false, isEqual: true }],
      createdBy: "ada",
      comment: "rollback is running",
    });
    expect(localStorage.getItem("glasshouse.silence-author")).toBe("ada");
  });
  it("warns of matchers that match nothing, and refuses those that match everything", async () => {
    const { user } = open("/alerts/silences/new?filter=%7Btype%3D%22none%22%7D");
    await screen.findByText(/No firing alert matches/);
    await user.click(screen.getByRole("button", { name: "Remove matcher 1" }));
    expect((await screen.findAllByText("Add at least one matcher.")).length).toBeGreaterThan(0);
  });
  it("takes pasted matchers", async () => {
    const { user } = open("/alerts/silences/new");
    const label = await screen.findByRole("combobox", { name: "Label 1" });
    await user.click(label);
    await user.paste('{a="1", b=~"2|3"}');
    expect((screen.getByRole("combobox", { name: "Value 2" }) as HTMLInputElement).value).toBe("2|3");
  });
  it("says when the silence does not exist", async () => {
    open("/alerts/silences/new?silence=none");
    await screen.findByRole("heading", { name: "Silence not found" });
  });
});

describe("a silence that is changed", () => {
  const known = {
    id: GPU,
    state: "active" as const,
    matchers: [{ name: "a", value: "1", isRegex: false, isEqual: true }],
    startsMs: 1_000,
    endsMs: 3_601_000,
    createdBy: "ada",
    comment: "c",
  };
  it("keeps its id and its start", () => {
    const draft = { ...draftOf(known, 1_801_000, ""), duration: "1h" };
    expect(silenceOf(draft, known, 1_801_000, calendarOf("utc"))).toEqual({
      silence: { ...known, state: undefined, endsMs: 5_401_000 },
    });
  });
  it("lasts as long as it still would", () => expect(draftOf(known, 1_801_000, "").duration).toBe("30m"));
  it.each([
    [{ duration: "soon" }, /duration/],
    [{ starts: "soon" }, /start/],
    [{ author: " " }, /name/],
    [{ comment: "" }, /comment/],
  ])("is not saved with %j", (part, expected) => {
    const draft = { ...draftOf(known, 0, ""), ...part };
    expect(silenceOf(draft, known, 0, calendarOf("utc"))).toEqual({
      problem: expect.stringMatching(expected),
    });
  });
  it("of a link without a form is an empty draft", () => {
    expect(newDraft("{{{", "").matchers).toEqual([{ name: "", value: "", isRegex: false, isEqual: true }]);
  });
});

describe("the details of a silence", () => {
  it("list what it silences, and expire it", async () => {
    const { user, sent } = open(`/alerts/silences?silence=${GPU}`);
    const close = await screen.findByRole("button", { name: "Close the details" });
    const section = close.closest("section") as HTMLElement;
    await within(section).findByRole("link", { name: "HighGPUMemory" });
    await user.click(within(section).getByRole("button", { name: "Expire" }));
    await waitFor(() =>
      expect(sent).toMatchObject([{ method: "DELETE", path: `/alertmanager/api/v2/silence/${GPU}` }]),
    );
  });
});
