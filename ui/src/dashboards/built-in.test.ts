/** The dashboards that come with the program. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parser } from "@prometheus-io/lezer-promql";
import { describe, expect, it } from "vitest";
import { record, string } from "../api/decode";
import { UNITS } from "../format/unit-table";
import { panelOf } from "../panels/registry";
import { calendarOf } from "../time/calendar";
import { incompatibilities } from "./compatibility";
import { ALL, type DashboardModel } from "./model";
import { readDashboard } from "./read";
import { type PanelContext, panelRequests } from "./requests";
import { chosenOf } from "./variable-states";

const FOLDER = join(fileURLToPath(import.meta.url), "../../../../dashboards");
const files = readdirSync(FOLDER).map((file) => ({
  file,
  dashboard: readDashboard(JSON.parse(readFileSync(join(FOLDER, file), "utf8"))),
}));

function contextOf(dashboard: DashboardModel): PanelContext {
  const states = dashboard.variables.map((variable) => {
    const { options, includeAll } = variable;
    const chosen = includeAll ? { values: [ALL], texts: ["All"] } : chosenOf(variable, options, undefined);
    return [variable.name, { variable, options, chosen, error: null }];
  });
  return {
    dashboard,
    variables: Object.fromEntries(states),
    scoped: {},
    raw: { from: "now-1h", to: "now" },
    range: { fromMs: 1_700_000_000_000, toMs: 1_700_003_600_000 },
    dataSources: [],
    nowMs: 1_700_003_600_000,
    calendar: calendarOf("utc"),
    widthPx: 600,
  };
}

/** Where the grammar of PromQL does not read a query. */
function unread(query: string): string[] {
  const found: string[] = [];
  parser.parse(query).iterate({
    enter: ({ type, from }) => {
      if (type.isError) found.push(query.slice(from));
    },
  });
  return found;
}

describe.each(files)("$file", ({ file, dashboard }) => {
  const panels = Object.values(dashboard.panels);

  it("has the name of its file, and says what it shows", () => {
    expect(`${dashboard.uid}.json`).toBe(file);
    expect(dashboard.description).not.toBe("");
    for (const panel of panels) expect(panel.title, `panel ${panel.id}`).not.toBe("");
  });

  it("is shown as it is written", () => {
    expect(incompatibilities(contextOf(dashboard), (type) => panelOf(type) !== undefined)).toEqual([]);
    const units = panels.flatMap(({ fieldConfig }) => fieldConfig.defaults.unit ?? []);
    expect(units.filter((unit) => !UNITS.has(unit))).toEqual([]);
  });

  it("has queries that are PromQL", () => {
    for (const panel of panels) {
      const { requests } = panelRequests(panel, contextOf(dashboard));
      expect(requests.length, panel.title).toBeGreaterThan(0);
      for (const { target } of requests)
        expect(unread(string(record(target.request.query).expr)), panel.title).toEqual([]);
    }
  });
});

it("the built-in dashboards have titles of their own", () => {
  const titles = files.map(({ dashboard }) => dashboard.title);
  expect(new Set(titles).size).toBe(titles.length);
});
