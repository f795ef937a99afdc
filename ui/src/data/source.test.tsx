import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { RangeContext, type RangeState } from "../time/context";
import { type Frame, frameOf } from "./frame";
import { type DataSource, target, useFrames } from "./source";

const frame = (name: string): Frame[] => [frameOf([], { name })];

/** A source whose answers the test gives. */
function heldSource() {
  const asked: { text: string; signal: AbortSignal; give: (name: string, last?: boolean) => void }[] = [];
  const source: DataSource<{ text: string }> = {
    type: "held",
    query: async function* ({ query }, signal) {
      const waiting: { name: string; last: boolean }[] = [];
      let wake = () => {};
      asked.push({
        text: query.text,
        signal,
        give: (name, last = true) => {
          waiting.push({ name, last });
          wake();
        },
      });
      for (;;) {
        const next = waiting.shift();
        if (next) yield frame(next.name);
        if (next?.last) return;
        if (waiting.length === 0)
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
  return { source, asked };
}

function Panel({
  source,
  text,
  refId = "A",
  refreshedMs,
}: {
  source: DataSource<{ text: string }>;
  text: string;
  refId?: string;
  refreshedMs?: number;
}) {
  const range = { fromMs: 0, toMs: 1_000 };
  const targets = [target(refId, source, { query: { text }, range, intervalMs: 1_000 })];
  const [answer] = useFrames(targets, refreshedMs);
  const names = (answer?.frames ?? []).map((one) => `${one.refId} ${one.name}`).join();
  return (
    <p>
      {names || "nothing"}, {answer?.fetching ? "loading" : "done"}
      {answer?.error ? `, ${String(answer.error)}` : ""}
    </p>
  );
}

function show(children: React.ReactNode) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrap = (inner: React.ReactNode, nowMs: number) => (
    <QueryClientProvider client={client}>
      <RangeContext.Provider value={{ nowMs } as RangeState}>{inner}</RangeContext.Provider>
    </QueryClientProvider>
  );
  const { rerender } = render(wrap(children, 0));
  return (next: React.ReactNode, nowMs = 0) => rerender(wrap(next, nowMs));
}

const texts = () => [...document.querySelectorAll("p")].map((one) => one.textContent);

describe("a data source", () => {
  it("is asked once for equal questions, and each target has the answer as its own", async () => {
    const { source, asked } = heldSource();
    show([
      <Panel key="1" source={source} text="up" />,
      <Panel key="2" source={source} text="up" refId="B" />,
    ]);
    await waitFor(() => expect(asked).toHaveLength(1));
    act(() => asked[0]?.give("one"));
    await waitFor(() => expect(texts()).toEqual(["A one, done", "B one, done"]));
    expect(asked).toHaveLength(1);
  });
  it("streams: each answer replaces the one before", async () => {
    const { source, asked } = heldSource();
    show(<Panel source={source} text="up" />);
    await waitFor(() => expect(asked).toHaveLength(1));
    act(() => asked[0]?.give("part", false));
    await screen.findByText("A part, loading");
    act(() => asked[0]?.give("whole"));
    await screen.findByText("A whole, done");
  });
  it("is not interrupted while one of two panels is open, and is when the last is closed", async () => {
    const { source, asked } = heldSource();
    const again = show([
      <Panel key="1" source={source} text="up" />,
      <Panel key="2" source={source} text="up" />,
    ]);
    await waitFor(() => expect(asked).toHaveLength(1));
    again(<Panel key="1" source={source} text="up" />);
    expect(asked[0]?.signal.aborted).toBe(false);
    again(null);
    await waitFor(() => expect(asked[0]?.signal.aborted).toBe(true));
  });
  it("leaves the previous answer in place while the next question is answered", async () => {
    const { source, asked } = heldSource();
    const again = show(<Panel source={source} text="one" />);
    await waitFor(() => expect(asked).toHaveLength(1));
    act(() => asked[0]?.give("one"));
    await screen.findByText("A one, done");
    again(<Panel source={source} text="two" />);
    await screen.findByText("A one, loading");
    await waitFor(() => expect(asked).toHaveLength(2));
    act(() => asked[1]?.give("two"));
    await screen.findByText("A two, done");
  });
  it("is asked again at a refresh, also when the question stays the same", async () => {
    const { source, asked } = heldSource();
    const again = show(<Panel source={source} text="up" />);
    await waitFor(() => expect(asked).toHaveLength(1));
    act(() => asked[0]?.give("before"));
    await screen.findByText("A before, done");
    again(<Panel source={source} text="up" />, Date.now() + 1);
    await screen.findByText("A before, loading");
    expect(asked).toHaveLength(2);
    act(() => asked[1]?.give("after"));
    await screen.findByText("A after, done");
    expect(asked).toHaveLength(2);
  });
  it("reports an error", async () => {
    const source: DataSource<{ text: string }> = {
      type: "broken",
      // biome-ignore lint/correctness/useYield: it fails before its first answer
      query: async function* () {
        throw new Error("no such metric");
      },
    };
    show(<Panel source={source} text="up" />);
    await screen.findByText(/nothing, done, Error: no such metric/);
  });
});

describe("a data source of a panel out of sight", () => {
  it("is not asked again at a refresh", async () => {
    const { source, asked } = heldSource();
    const update = show(<Panel source={source} text="up" refreshedMs={0} />);
    await waitFor(() => expect(asked).toHaveLength(1));
    await act(async () => asked[0]?.give("one"));
    await waitFor(() => expect(texts()).toEqual(["A one, done"]));
    const later = Date.now() + 60_000;
    update(<Panel source={source} text="up" refreshedMs={0} />, later);
    expect(asked).toHaveLength(1);
    update(<Panel source={source} text="up" refreshedMs={later} />, later);
    await waitFor(() => expect(asked).toHaveLength(2));
  });
});
