/**
 * Cases of other projects, which are stored outside the repository: in the folder named by GLASSHOUSE_CORPORA,
 * or in `shared/corpora` next to the repository. Their lines of output are those of the Rust tests.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const given = process.env.GLASSHOUSE_CORPORA;
const BESIDE = join(fileURLToPath(import.meta.url), "../../../../../shared/corpora");

/** The parsed file, or null, with a line that says so, when the corpora are absent. */
export function corpusFile(path: string): unknown {
  const file = join(given ?? BESIDE, path);
  if (given === undefined && !existsSync(file)) {
    console.log(`SKIPPED: corpus ${path}: the file is absent`);
    return null;
  }
  // Some files were written with bare infinities, which JSON does not have.
  return JSON.parse(readFileSync(file, "utf8").replace(/(?<=[:[,]\s*)Infinity\b/g, '"+Inf"'));
}

/** The JSON files below a folder, or none, with a line that says so, when the corpora are absent. */
export function corpusFolder(path: string): string[] {
  const folder = join(given ?? BESIDE, path);
  if (given === undefined && !existsSync(folder)) {
    console.log(`SKIPPED: corpus ${path}: the folder is absent`);
    return [];
  }
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(path, name))
    .sort();
}

export interface Case {
  name: string;
  expected: unknown;
  actual: () => unknown;
}

/** Every case holds, except those that are tolerated with a reason; one of these that holds is an error too. */
export function expectCases(corpus: string, cases: Case[], tolerated: Record<string, string> = {}): void {
  const failed = cases.filter(({ expected, actual }) => !same(actual(), expected)).map(({ name }) => name);
  const unlisted = cases.filter(({ name }) => failed.includes(name) && !(name in tolerated));
  const outdated = Object.keys(tolerated).filter((name) => !failed.includes(name));
  console.log(`CORPUS: ${corpus}: ${cases.length - failed.length} passed, ${failed.length} tolerated`);
  expect(cases.length).toBeGreaterThan(0);
  for (const { name, expected, actual } of unlisted) expect(actual(), name).toEqual(expected);
  expect(outdated, "tolerated cases that hold").toEqual([]);
}

function same(left: unknown, right: unknown): boolean {
  try {
    expect(left).toEqual(right);
    return true;
  } catch {
    return false;
  }
}
