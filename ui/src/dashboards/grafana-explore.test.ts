import { describe, expect, it } from "vitest";
import type { DataSourceEntry } from "../api/generated";
import { exploreAddress } from "./grafana-explore";

const SOURCES: DataSourceEntry[] = [
  { name: "Metrics", uid: "m1", type: "prometheus", is_default: true, time_interval: "" },
  { name: "Lines", uid: "l1", type: "loki", is_default: false, time_interval: "" },
];
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const RANGE = { from: "now-2h", to: "now" };
const pane = (queries: object[], rest: object = {}) => ({
  panes: JSON.stringify({ abc: { queries, range: RANGE, ...rest } }),
  schemaVersion: "1",
});
const loki = { type: "loki", uid: "other" };

describe("a link to Grafana's Explore", () => {
  it.each([
    [
      pane(
        [
          { refId: "A", expr: "up" },
          { refId: "B", expr: "down", hide: true },
        ],
        { datasource: "m1" },
      ),
      "/explore/metrics",
      { ...RANGE, expr: ["up", "down"], off: "B" },
    ],
    [
      pane([{ refId: "A", expr: "up", instant: true, range: false }]),
      "/explore/metrics",
      { ...RANGE, expr: ["up"], view: "table" },
    ],
    [
      pane([{ refId: "A", expr: '{a="b"}', datasource: loki }]),
      "/explore/logs",
      { ...RANGE, query: '{a="b"}' },
    ],
    [
      pane([{ refId: "A", expr: '{a="b"}' }], { datasource: "l1" }),
      "/explore/logs",
      { ...RANGE, query: '{a="b"}' },
    ],
    [
      pane(
        [
          { refId: "A", expr: '{a="b"}', datasource: loki },
          { refId: "B", expr: "up", datasource: { type: "prometheus" } },
        ],
        {
          datasource: "-- Mixed --",
        },
      ),
      "/explore/logs",
      { ...RANGE, query: '{a="b"}' },
    ],
    [
      pane([{ refId: "A", queryType: "traceql", query: '{ .a = "b" }', datasource: { type: "tempo" } }]),
      "/explore/traces",
      { ...RANGE, q: '{ .a = "b" }' },
    ],
    [
      pane([{ refId: "A", queryType: "traceql", query: TRACE_ID, datasource: { type: "tempo" } }]),
      "/trace/$traceId",
      {},
    ],
    [pane([{ refId: "A", query: TRACE_ID, datasource: { type: "jaeger" } }]), "/trace/$traceId", {}],
    [
      pane([{ refId: "A", rawSql: "SELECT 1", datasource: { type: "mysql" } }], {
        range: { from: 1, to: 2 },
      }),
      "/explore/sql",
      { from: "1", to: "2", query: "SELECT 1" },
    ],
    [
      { left: JSON.stringify({ datasource: "Lines", queries: [{ expr: "x" }], range: RANGE }) },
      "/explore/logs",
      { ...RANGE, query: "x" },
    ],
    [
      {
        left: JSON.stringify([
          "now-2h",
          "now",
          "Metrics",
          { expr: "up" },
          { mode: "Metrics" },
          { ui: [true] },
        ]),
      },
      "/explore/metrics",
      { ...RANGE, expr: ["up"] },
    ],
  ])("%j leads to %s", (given, to, search) => {
    expect(exploreAddress(given, SOURCES)).toMatchObject({ to, search });
  });

  it.each([
    {},
    { panes: "{" },
    { panes: "[]" },
    { panes: '{"a":null}' },
    { panes: '{"a":{"queries":{"expr":"up"}}}' },
    { left: "[]" },
    { left: '"x"' },
    pane([{ refId: "A", datasource: { type: "influxdb" } }]),
  ])("%j leads nowhere", (given) => {
    expect(exploreAddress(given, SOURCES)).toBeNull();
  });
});
