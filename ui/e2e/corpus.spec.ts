/**
 * Dashboards of other projects, with made data for every query. All of them with CORPUS=all; else a part, so that the
 * browser tests stay short.
 */
import { parser as logQl } from "@grafana/lezer-logql";
import type { Page } from "@playwright/test";
import { parser as promQl } from "@prometheus-io/lezer-promql";
import { servedBoards } from "../mock/corpus-boards.mjs";
import { Dashboards } from "../mock/dashboards.mjs";
import { legendsOf, syntheticAnswer } from "../mock/synthetic.mjs";
import { corpus } from "./environment";
import { expect, test } from "./test";

const SAMPLED = 12;
/** One page shows several dashboards, because opening a page takes longer than showing one. */
const GROUP = 25;

const all = servedBoards();
const every = corpus === "all" ? 1 : Math.max(1, Math.floor(all.length / SAMPLED));
const boards = all.filter((_, index) => index % every === 0);
const groups = Array.from({ length: Math.max(1, Math.ceil(boards.length / GROUP)) }, (_, index) =>
  boards.slice(index * GROUP, (index + 1) * GROUP),
);

test.use({ viewport: { width: 1600, height: 1600 }, trace: "off" });

/** What the page asks, by the API that it asks. */
interface Asked {
  prometheus: Set<string>;
  loki: Set<string>;
}

/** Answers every request for data; the labels in the legends of the open dashboard are those of the answers. */
async function serveCorpus(page: Page, asked: Asked) {
  const dashboards = new Dashboards(boards);
  let legends = new Map<string, string[]>();
  await page.route(/\/(api|prometheus|loki|tempo|jaeger)\//, async (route) => {
    const request = route.request();
    const { pathname, searchParams } = new URL(request.url());
    const body = request.postData() ?? "";
    const isJson = request.headers()["content-type"]?.includes("json") ?? false;
    const given = Object.fromEntries([...searchParams, ...(isJson ? [] : new URLSearchParams(body))]);
    const opened = boards.find(({ uid }) => pathname === `/api/dashboards/${uid}`);
    if (opened) legends = legendsOf(opened);
    if (/\/query(_range)?$/.test(pathname))
      asked[pathname.startsWith("/loki") ? "loki" : "prometheus"].add(given.query ?? "");
    const answer =
      dashboards.answer(request.method(), pathname, body) ??
      syntheticAnswer(pathname, given, isJson ? JSON.parse(body) : {}, legends);
    if (answer) await route.fulfill({ status: answer.status, json: answer.body });
    else await route.continue();
  });
}

/** Opens an address without loading the page again. */
async function open(page: Page, address: string) {
  await page.evaluate((to) => window.history.pushState({}, "", to), address);
}

/** Opens all rows, scrolls to the end, and waits for the panels on the way. */
async function showAll(page: Page) {
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const content = document.querySelector("#content");
    const settled = async () => {
      for (let frames = 0; frames < 600; frames++) {
        await frame();
        if (!document.querySelector("[data-panel] > [aria-hidden=true], [data-panel] [data-loading]")) return;
      }
      throw new Error("panels are loading without end");
    };
    await settled();
    for (let rows = 0; rows < 60; rows++) {
      const row = content?.querySelector<HTMLElement>("h3 > button[aria-expanded=false]");
      if (!row) break;
      row.click();
      await frame();
    }
    for (let top = 0; content && top < content.scrollHeight; top += content.clientHeight) {
      content.scrollTop = top;
      await frame();
      await settled();
    }
  });
}

interface Shown {
  panel: string;
  texts: string[];
}

/** The failures and the remarks that panels show. */
function remarks(page: Page): Promise<Shown[]> {
  return page.locator("[data-panel]").evaluateAll((panels) =>
    panels.map((panel) => ({
      panel: panel.getAttribute("aria-label") ?? "",
      texts: [...panel.querySelectorAll("[role=alert], [role=note], [role=status] b")].map(
        (element) => element.textContent ?? "",
      ),
    })),
  );
}

/** Why a panel of another project may show nothing. */
const EXPECTED = [
  /^Query \w+ (is|asks) .* not supported\.$/,
  /^The library panel ".*" is not in the file of the dashboard\.$/,
  /^Panel type (geomap|canvas|news|welcome|debug|text2|.*-panel|gettingstarted) is not supported/,
  /^Showing the first \d+ of \d+ series\./,
  /^No (alerts|annotations|text)$/,
];
/** Panels of sources that do not exist here, and one of labels that the made data do not have. */
const WITHOUT_DATA = /^(grafana-devenv-agpl-|kubernetes-dotdc-k8s-system-api-server: Deprecated )/;

function problemsOf(path: string, shown: Shown[]): string[] {
  return shown.flatMap(({ panel, texts }) => {
    const where = `${path}: ${panel}`;
    const empty = WITHOUT_DATA.test(where) || texts.some((text) => text.startsWith("Panel type"));
    return texts
      .filter((text) => !(empty && text === "No data") && !EXPECTED.some((expected) => expected.test(text)))
      .map((text) => `${where}: ${text}`);
  });
}

/** Functions of MetricsQL, which PromQL does not have. */
const OTHER_LANGUAGE = /\b(topk|bottomk)_(max|min|avg|last)\(/;

const parses = (parser: typeof promQl, text: string) => {
  let whole = true;
  parser.parse(text).iterate({
    enter: ({ type }) => {
      if (type.isError) whole = false;
    },
  });
  return whole;
};

test.describe("the dashboards of other projects", () => {
  test.skip(all.length === 0, "the corpora are absent");
  groups.forEach((group, index) => {
    test(`are shown without errors, part ${index + 1}`, async ({ page, problems }) => {
      test.setTimeout(300_000);
      const asked: Asked = { prometheus: new Set(), loki: new Set() };
      await serveCorpus(page, asked);
      await page.goto("/dashboards");
      const wrong: string[] = [];
      for (const { uid } of group) {
        const before = problems.length;
        await open(page, `/d/${uid}?from=now-1h&to=now`);
        await expect(page.locator("#content h2").first()).toBeVisible();
        await showAll(page);
        wrong.push(...problemsOf(uid, await remarks(page)));
        wrong.push(...problems.slice(before).map((problem) => `${uid}: ${problem}`));
      }
      for (const text of asked.prometheus)
        if (!parses(promQl, text) && !OTHER_LANGUAGE.test(text)) wrong.push(`PromQL: ${text}`);
      for (const text of asked.loki)
        if (!parses(logQl as unknown as typeof promQl, text)) wrong.push(`LogQL: ${text}`);
      expect(wrong).toEqual([]);
    });
  });
});
