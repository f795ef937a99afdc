import { screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { readTrace } from "../../api/otlp";
import { renderComponent } from "../../testing/render";
import { buildTree } from "./tree";
import { WaterfallRow } from "./waterfall-row";

const span = (spanId: string, parentSpanId: string, startMs: number, endMs: number, rest = {}) => ({
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId,
  parentSpanId,
  name: `span ${spanId[0]}`,
  startTimeUnixNano: String(BigInt(1_795_000_000_000 + startMs) * 1_000_000n),
  endTimeUnixNano: String(BigInt(1_795_000_000_000 + endMs) * 1_000_000n),
  ...rest,
});
const [A, B, C] = ["a", "b", "c"].map((letter) => letter.repeat(16)) as [string, string, string];
const TREE = buildTree(
  readTrace({
    batches: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "checkout" } }] },
        scopeSpans: [
          {
            spans: [
              span(A, "", 0, 200),
              span(B, A, 50, 150),
              span(C, B, 60, 80, { status: { code: 2 }, events: [{ name: "exception" }] }),
            ],
          },
        ],
      },
    ],
  }),
);

function renderRow(index: number, collapsed = false) {
  const row = TREE.rows[index];
  if (!row) throw new Error(`there is no row ${index}`);
  const handlers = { onSelect: vi.fn(), onToggle: vi.fn() };
  const { user } = renderComponent(
    <WaterfallRow
      index={index}
      row={row}
      color="var(--gh-series-1)"
      top={0}
      window={{ fromNs: 0, toNs: 200e6 }}
      collapsed={collapsed}
      selected={false}
      hit={null}
      critical={null}
      {...handlers}
    />,
  );
  return { user, row: screen.getByRole("row"), ...handlers };
}

describe("a row of the waterfall", () => {
  it("shows name, service and duration, and a bar at the time of the span", () => {
    const { row } = renderRow(1);
    expect(row.textContent).toContain("span b");
    expect(row.textContent).toContain("checkout");
    expect(row.textContent).toContain("100 ms");
    expect(row.getAttribute("aria-level")).toBe("2");
    const bar = row.querySelector<HTMLElement>("[class*=bar]");
    expect([bar?.style.left, bar?.style.width]).toEqual(["25%", "50%"]);
  });
  it("is selected by a click, and toggled by a click on its caret only", async () => {
    const { user, row, onSelect, onToggle } = renderRow(0);
    await user.click(row);
    expect(onSelect).toHaveBeenCalledExactlyOnceWith(0);
    await user.click(screen.getByRole("button", { name: "Collapse 1 span" }));
    expect(onToggle).toHaveBeenCalledExactlyOnceWith(0);
    expect(onSelect).toHaveBeenCalledOnce();
  });
  it("marks errors that are hidden while it is collapsed", () => {
    const { row } = renderRow(0, true);
    expect(row.getAttribute("aria-expanded")).toBe("false");
    expect(screen.getByRole("button", { name: "Expand 2 spans" })).toBeDefined();
    expect(screen.getByTitle("1 error in collapsed spans")).toBeDefined();
  });
  it("has no expanded state and marks its exception when it is a leaf", () => {
    const { row } = renderRow(2);
    expect(row.hasAttribute("aria-expanded")).toBe(false);
    expect(screen.getByTitle("exception").getAttribute("data-bad")).toBe("true");
  });
});
