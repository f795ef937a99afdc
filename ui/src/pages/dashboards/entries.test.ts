import { describe, expect, it } from "vitest";
import type { DashboardEntry } from "../../api/generated";
import { groupsOf, tagsOf } from "./entries";

const entry = (uid: string, rest: Partial<DashboardEntry> = {}): DashboardEntry => ({
  uid,
  title: uid,
  tags: [],
  folder: "",
  file: `/dashboards/${uid}.json`,
  version: "1",
  is_deletable: false,
  ...rest,
});
const ENTRIES = [
  entry("node 10", { folder: "Hosts", tags: ["linux"] }),
  entry("node 2", { folder: "Hosts", tags: ["linux", "disk"] }),
  entry("agent", { tags: ["llm"] }),
  entry("gateway", { folder: "AI", tags: ["llm", "disk"] }),
];
const shown = (search: Parameters<typeof groupsOf>[2], starred: string[] = []) =>
  groupsOf(ENTRIES, new Set(starred), search).map(({ name, entries }) => [
    name,
    ...entries.map(({ uid }) => uid),
  ]);

describe("the list of dashboards", () => {
  it("has the folders after the dashboards without one, and sorts numbers as numbers", () => {
    expect(shown({})).toEqual([
      ["", "agent"],
      ["AI", "gateway"],
      ["Hosts", "node 2", "node 10"],
    ]);
  });
  it("begins with the starred ones", () => {
    expect(shown({}, ["node 10"])[0]).toEqual(["Starred", "node 10"]);
    expect(shown({ starred: "on" }, ["node 10"])).toEqual([["Hosts", "node 10"]]);
  });
  it.each<[Parameters<typeof groupsOf>[2], string[]]>([
    [{ find: "HOSTS 2" }, ["node 2"]],
    [{ find: "gateway.json" }, ["gateway"]],
    [{ tag: ["llm", "disk"] }, ["gateway"]],
    [{ sort: "title" }, ["agent", "gateway", "node 2", "node 10"]],
    [{ find: "nothing", sort: "title" }, []],
  ])("with %j", (search, expected) => {
    expect(
      groupsOf(ENTRIES, new Set(), search).flatMap(({ entries }) => entries.map(({ uid }) => uid)),
    ).toEqual(expected);
  });
  it("counts the tags", () => {
    expect(tagsOf(ENTRIES).map(({ tag, count }) => `${tag} ${count}`)).toEqual([
      "disk 2",
      "linux 2",
      "llm 2",
    ]);
  });
});
