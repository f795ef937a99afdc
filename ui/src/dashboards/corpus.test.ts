import { describe, expect, it } from "vitest";
import { corpusBoards } from "../../mock/corpus-boards.mjs";
import { record, string } from "../api/decode";
import { UNITS } from "../format/unit-table";
import { calendarOf } from "../time/calendar";
import { variablesOf } from "./interpolate";
import { ALL, type DashboardModel, type PanelModel } from "./model";
import { readDashboard } from "./read";
import { panelRequests } from "./requests";
import type { VariableStates } from "./scope";
import { isTransformation } from "./transform/transform";
import { chosenOf } from "./variable-states";

const found = corpusBoards();
if (found.length === 0) console.log("SKIPPED: corpus dashboards: the folder is absent");

/** The variables without a server: with the options that the dashboard has, or a made one. */
function states(dashboard: DashboardModel): VariableStates {
  return Object.fromEntries(
    dashboard.variables.map((variable) => {
      const saved = variable.options.length > 0 ? variable.options : [{ text: "a", value: "a" }];
      const type = string(variable.query);
      const options = variable.type === "datasource" ? [{ text: type, value: type }] : saved;
      const chosen = variable.includeAll
        ? { values: [ALL], texts: ["All"] }
        : chosenOf(variable, options, undefined);
      return [variable.name, { variable, options, chosen, error: null }];
    }),
  );
}

function requestsOf(dashboard: DashboardModel, panel: PanelModel) {
  return panelRequests(panel, {
    dashboard,
    variables: states(dashboard),
    scoped: {},
    raw: { from: "now-6h", to: "now" },
    range: { fromMs: 1_700_000_000_000, toMs: 1_700_021_600_000 },
    dataSources: [],
    nowMs: 1_700_021_600_000,
    calendar: calendarOf("utc"),
    widthPx: 600,
  });
}

const defined = ({ variables, inputs }: DashboardModel) =>
  new Set([...variables.map(({ name }) => name), ...Object.keys(inputs)]);

/** Names with how often they occur, most frequent first. */
function counted(names: string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([, left], [, right]) => right - left)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}

describe.skipIf(found.length === 0)("the dashboards of other projects", () => {
  const dashboards = found.map(({ path, json }) => ({ path, dashboard: readDashboard(json) }));
  const panels = dashboards.flatMap(({ dashboard, path }) =>
    Object.values(dashboard.panels).map((panel) => ({ path, dashboard, panel })),
  );

  it("are all read", () => {
    console.log(`CORPUS: dashboards: ${dashboards.length} read, ${panels.length} panels`);
    expect(dashboards.length).toBeGreaterThan(200);
    for (const { path, dashboard } of dashboards) expect(dashboard.problems, path).toEqual([]);
    console.log(`panel types: ${counted(panels.map(({ panel }) => panel.type))}`);
    const transformations = panels.flatMap(({ panel }) => panel.transformations.map(({ id }) => id));
    console.log(`transformations: ${counted(transformations)}`);
    const units = panels.flatMap(({ panel }) => panel.fieldConfig.defaults.unit ?? []);
    console.log(`units without a format: ${counted(units.filter((unit) => !UNITS.has(unit)))}`);
    const variables = dashboards.flatMap(({ dashboard }) => dashboard.variables.map(({ type }) => type));
    console.log(`variables: ${counted(variables)}`);
    const unknown = transformations.filter((id) => !isTransformation(id));
    console.log(`transformations that are unknown here: ${counted(unknown) || "none"}`);
  });

  it("have no variables left in their queries", () => {
    const left: string[] = [];
    const problems: string[] = [];
    const undefinedNames: string[] = [];
    let asked = 0;
    for (const { path, dashboard, panel } of panels) {
      const { requests, problems: own } = requestsOf(dashboard, panel);
      problems.push(...own.map((text) => text.replace(/^Query \w+ /, "")));
      for (const { target } of requests) {
        asked += 1;
        const text = Object.values(record(target.request.query))
          .map((part) => string(part))
          .join(" ");
        // The macros of the time range are those of the SQL source.
        const rest = variablesOf(text.replace(/\$__time(Filter|From|To)\(/g, ""));
        const known = rest.filter((name) => name.startsWith("__") || defined(dashboard).has(name));
        if (known.length > 0) left.push(`${path}: ${panel.title}: ${known}: ${text}`);
        undefinedNames.push(...rest.filter((name) => !known.includes(name)));
      }
    }
    console.log(
      `CORPUS: dashboard queries: ${asked} asked, ${problems.length} refused (${counted(problems)})`,
    );
    console.log(`variables that no dashboard defines: ${counted(undefinedNames)}`);
    expect(left).toEqual([]);
  });
});
