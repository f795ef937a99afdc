import { act, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { Overview, SignalOverview } from "../../api/generated";
import { renderPage } from "../../testing/render";

const NOW = 1_795_000_000_000;
const SIGNAL: SignalOverview = {
  items_total: 5,
  rate_per_s: 1,
  rejected_total: 0,
  last_received_unix_ms: NOW,
  head_rows: 5,
  part_rows: 0,
  part_bytes: 0,
  retention_s: 604_800,
  active_series: null,
};
const receiver = (protocol: string, port: number): Overview["receivers"][number] => ({
  protocol,
  address: `127.0.0.1:${port}`,
  state: "listening",
  requests_total: 0,
  errors_total: 0,
  last_request_unix_ms: null,
  last_error: null,
});
const OVERVIEW: Overview = {
  version: "0.1.0",
  now_unix_ms: NOW,
  uptime_s: 10,
  data_dir_bytes: 0,
  signals: { spans: SIGNAL, logs: SIGNAL, metrics: SIGNAL },
  services: [],
  receivers: [receiver("otlp_grpc", 14_317), receiver("otlp_http", 14_318)],
  hints: [],
};

describe("Home", () => {
  it("shows the present, and therefore no time range", async () => {
    renderPage("/", { "/api/overview": OVERVIEW });
    await screen.findByText("OTLP gRPC");
    expect(screen.queryByRole("button", { name: /Refresh now|Zoom out/ })).toBeNull();
  });
  it("does not claim that data arrives now while the server does not answer", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "setTimeout"], shouldAdvanceTime: true });
    try {
      renderPage("/", { "/api/overview": OVERVIEW });
      await screen.findAllByText("now");
      vi.stubGlobal("fetch", () => new Promise<Response>(() => {}));
      for (let step = 0; step < 6; step += 1) await act(() => vi.advanceTimersByTimeAsync(5_000));
      await waitFor(() => expect(screen.queryByText("now")).toBeNull());
      expect(screen.getByText(/No answer for \d+ s/)).toBeTruthy();
      expect(document.querySelector("[data-stale=true]")).not.toBeNull();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("where to send data", () => {
  it("is the address of this Glasshouse", async () => {
    renderPage("/explore/metrics", { "/api/overview": OVERVIEW, "/prometheus/api/v1/label": { data: [] } });
    await screen.findByText(/over OTLP to 127\.0\.0\.1:14317 \(gRPC\) or 127\.0\.0\.1:14318 \(HTTP\)/);
  });
});
