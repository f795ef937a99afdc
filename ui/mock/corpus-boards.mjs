// @ts-check
/**
 * Dashboards of other projects, which are stored outside the repository: in the folder named by GLASSHOUSE_CORPORA,
 * or in `shared/corpora` next to the repository.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withoutTestData } from "./test-data.mjs";

const FOLDER = join(
  process.env.GLASSHOUSE_CORPORA ?? join(fileURLToPath(import.meta.url), "../../../../shared/corpora"),
  "dashboards",
);
/** Files that are not dashboards: queries, schemas, and resources of other kinds. */
const OTHERS = /(^|\/)(queries|grafana-jsonschema)\//;

/** Their paths and their JSON; none when the folder is absent. @type {() => { path: string, json: any }[]} */
export function corpusBoards() {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".json") && !OTHERS.test(path))
    .sort()
    .map((path) => ({ path, json: JSON.parse(readFileSync(join(FOLDER, path), "utf8")) }))
    .filter(({ json }) => isDashboard(json));
}

/** @type {(json: any) => boolean} */
function isDashboard(json) {
  const inner = json?.dashboard ?? json?.spec ?? json;
  return (
    [json?.panels, json?.rows, inner?.panels, inner?.rows].some((value) => value?.length > 0) ||
    json?.elements !== undefined ||
    inner?.elements !== undefined ||
    typeof json?.schemaVersion === "number"
  );
}

/** The dashboards with a uid of their path, and with panels that ask sources which exist here. @type {() => Record<string, any>[]} */
export function servedBoards() {
  return corpusBoards().map(({ path, json }) => ({
    ...withoutTestData(json.dashboard ?? json),
    uid: path.replace(/\.json$/, "").replace(/[^\w-]+/g, "-"),
    ...(json.spec ? {} : { title: (json.dashboard ?? json).title || path }),
  }));
}
