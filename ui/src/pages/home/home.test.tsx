import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
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

type Rows = Record<string, string | number | boolean | null>[];
type Question = "services" | "before" | "spans" | "logs" | "models";

/** A part of each question that only it has. */
const PARTS: [Question, string][] = [
  ["services", "GROUPING SETS ((service_name, is_request)"],
  ["before", "AS is_request, count(*)"],
  ["spans", "FROM failed AS child"],
  ["logs", "severity_number >= 17"],
  ["models", "GROUPING SETS ((service_name, model)"],
];

function sqlAnswer(rows: Rows) {
  const columns = Object.entries(rows[0] ?? {}).map(([name, value]) => ({
    name,
    type: typeof value === "number" ? "int64" : "text",
  }));
  return { columns, rows, truncated: false };
}

/** Answers the questions of Home, and records them. A question without an answer has no rows. */
function server(answers: Partial<Record<Question, Rows | (() => unknown)>> = {}, overview = OVERVIEW) {
  const asked: { question: Question | undefined; text: string }[] = [];
  const sql = (_path: string, request: RequestInit) => {
    const text = String(JSON.parse(String(request.body)).query);
    const question = PARTS.find(([, part]) => text.includes(part))?.[0];
    asked.push({ question, text });
    const answer = question && answers[question];
    return typeof answer === "function" ? answer() : sqlAnswer(answer ?? []);
  };
  return { asked, answers: { "/api/overview": overview, "/api/sql": sql } };
}

const service = (name: string, spans: number, errors: number): Rows[number] => ({
  service_name: name,
  is_request: true,
  bucket: null,
  spans,
  errors,
  p95_ms: 120,
  p90_ms: 90,
});
const GROUP: Rows[number] = {
  service_name: "checkout",
  name: "POST /pay",
  type: "CardDeclined",
  template: "card <_> declined",
  least: "card 1 declined",
  greatest: "card 2 declined",
  errors: 12,
  errors_before: 4,
  first_seen: "2026-11-20T15:00:00.000000000Z",
  last_seen: "2026-11-20T15:30:00.000000000Z",
  trace_id: "a".repeat(32),
  span_id: "b".repeat(16),
};
const calls = (errorType: string | null, count: number): Rows[number] => ({
  service_name: "agent",
  model: "gpt-x",
  error_type: errorType,
  calls: count,
  input_tokens: 3_000,
  output_tokens: 500,
  cost: 0.5,
  p95_ms: 900,
});

const panel = async (title: string) => {
  const heading = await screen.findByRole("heading", { name: title });
  return within(heading.closest("section") as HTMLElement);
};
const searchOf = (link: HTMLElement) =>
  new URL((link as HTMLAnchorElement).href, "http://localhost").searchParams;
const refresh = () => fireEvent.keyDown(document.body, { key: "r" });

describe("Home", () => {
  it("says that nothing is wrong, and what was checked", async () => {
    const { answers } = server({ services: [service("checkout", 400, 0)] });
    renderPage("/", answers);
    await screen.findByText("Nothing is wrong in the last hour");
    screen.getByText(/^Checked: 1 service, 0 groups of errors, 0 models, 0 targets, 2 receivers\.$/);
    screen.getByText(/No span has the status error/);
  });
  it("says what is wrong, and opens what is behind it", async () => {
    const { answers } = server({ services: [service("search", 400, 0), service("checkout", 400, 80)] });
    renderPage("/", answers);
    const attention = await panel("Attention");
    const link = await attention.findByRole("link", { name: "checkout 20.0% of 400 requests failed" });
    expect(searchOf(link).get("q")).toMatch(/resource\.service\.name = "checkout" .* status = error/);
    expect(screen.queryByText(/Nothing is wrong/)).toBeNull();
    const rows = (await panel("Services")).getAllByRole("row").map(({ textContent }) => textContent);
    expect(rows[1]).toMatch(/^checkout/);
    expect(rows[2]).toMatch(/^search/);
  });
  it("asks for the time range of the page", async () => {
    const { asked, answers } = server({ services: [service("checkout", 400, 0)] });
    renderPage("/?from=1795186800000&to=1795190400000", answers);
    await screen.findByText("checkout");
    const texts = asked.map(({ text }) => text);
    expect(texts).toHaveLength(5);
    for (const text of texts) expect(text).toContain("TIMESTAMP '2026-11-20 15:00:00.000'");
    // The range before has the same length.
    expect(asked.find(({ question }) => question === "before")?.text).toContain(
      "start_time >= TIMESTAMP '2026-11-20 14:00:00.000' AND start_time < TIMESTAMP '2026-11-20 15:00:00.000'",
    );
  });
  it.each(["/", "/?from=1795186800000&to=1795190400000"])("asks again at a refresh of %s", async (url) => {
    const { asked, answers } = server({ services: [service("checkout", 400, 0)] });
    renderPage(url, answers);
    await screen.findByText("checkout");
    refresh();
    await waitFor(() => expect(asked).toHaveLength(10));
    await screen.findByText(/^Checked: 1 service/);
    expect(asked).toHaveLength(10);
  });
  it("shows each answer when it is there", async () => {
    const { answers } = server({ services: () => new Promise(() => {}), spans: [GROUP] });
    renderPage("/", answers);
    await screen.findByText("POST /pay: CardDeclined: card <_> declined");
    screen.getByText("Checking services…");
  });
  it("keeps the last answer when a refresh fails", async () => {
    const { answers } = server({ services: [service("checkout", 400, 0)] });
    renderPage("/", answers);
    await screen.findByText("checkout");
    vi.stubGlobal("fetch", async (path: string) =>
      path === "/api/overview"
        ? Response.json(OVERVIEW)
        : Response.json({ error: "too much" }, { status: 503 }),
    );
    refresh();
    const services = await panel("Services");
    expect((await services.findByRole("alert")).textContent).toMatch(/too much/);
    expect(services.getByRole("note").textContent).toMatch(/The refresh failed\. Showing data of/);
    services.getByText("checkout");
    screen.getByText(/Not checked: services, errors, LLM calls, targets\./);
  });
});

describe("the panels of Home", () => {
  it("group errors, and open their spans, newest trace and logs", async () => {
    const log = { ...GROUP, name: null, type: null, trace_id: null, span_id: null, errors: 3 };
    const { answers } = server({ spans: [GROUP], logs: [log] });
    renderPage("/", answers);
    const errors = await panel("Errors");
    const spans = await errors.findByRole("link", { name: /^12 spans/ });
    expect(searchOf(spans).get("q")).toMatch(/name = "POST \/pay" && status = error/);
    const trace = errors.getByRole("link", { name: /^Trace of the newest/ });
    expect(trace.getAttribute("href")).toMatch(/^\/trace\/a{32}.*span=b{16}/);
    const records = errors.getByRole("link", { name: /^3 log records/ });
    expect(searchOf(records).get("query")).toMatch(/^\{service_name="checkout"\} \|= "card" \|= "declined"/);
  });
  it("show LLM calls by model and class of error", async () => {
    const { answers } = server({ models: [calls(null, 100), calls("", 92), calls("rate_limit", 8)] });
    renderPage("/", answers);
    const models = await panel("LLM calls");
    models.getByRole("link", { name: "100 calls of gpt-x" });
    const limited = models.getByRole("link", { name: "rate_limit 8: calls of gpt-x" });
    expect(searchOf(limited).get("q")).toMatch(
      /gen_ai\.request\.model = "gpt-x".*error\.type = "rate_limit"/,
    );
    models.getByRole("link", { name: "3,000 in, 500 out tokens/h of gpt-x" });
    models.getByRole("link", { name: "$0.500 cost/h of gpt-x" });
  });
  it("have none of LLM calls without them", async () => {
    renderPage("/", server({ services: [service("checkout", 400, 0)] }).answers);
    await screen.findByText("Nothing is wrong in the last hour");
    expect(screen.queryByText("LLM calls")).toBeNull();
  });
  it("list receivers that lost data first", async () => {
    const lost = {
      ...receiver("zipkin", 19_411),
      errors_total: 2,
      last_error: { message: "bad", at_unix_ms: Date.now() },
    };
    renderPage("/", server({}, { ...OVERVIEW, receivers: [...OVERVIEW.receivers, lost] }).answers);
    const rows = (await panel("Receivers")).getAllByRole("row").map(({ textContent }) => textContent);
    expect(rows[1]).toMatch(/^Zipkin/);
    screen.getByText(/did not keep all data/);
  });
  it("say how to send data while none is stored, and ask nothing", async () => {
    const none = { ...SIGNAL, items_total: 0, head_rows: 0, last_received_unix_ms: null };
    const hints = [{ signal: "spans", message: "A sender uses the wrong port." }];
    const { asked, answers } = server(
      {},
      { ...OVERVIEW, signals: { spans: none, logs: none, metrics: none }, hints },
    );
    renderPage("/", answers);
    await screen.findByText("No data received yet");
    screen.getByText(/A sender uses the wrong port/);
    expect(asked).toEqual([]);
  });
});

describe("the state of what arrives", () => {
  it("does not claim that data arrives now while the server does not answer", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "setTimeout"], shouldAdvanceTime: true });
    try {
      renderPage("/", { "/api/overview": OVERVIEW });
      await screen.findAllByText("now");
      vi.stubGlobal("fetch", () => new Promise<Response>(() => {}));
      for (let step = 0; step < 6; step += 1) await act(() => vi.advanceTimersByTimeAsync(5_000));
      await waitFor(() => expect(screen.queryByText("now")).toBeNull());
      expect(screen.getAllByText(/No answer for \d+ s/).length).toBeGreaterThan(0);
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
