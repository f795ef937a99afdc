/**
 * Where the rules and the routes of a replay come from, as the URL has it: `used`, `file:` with a path, `text:` with a
 * text, or `kept:` with the hash of a text that is too long for a URL, which the browser tab has kept.
 */
import type { ReplaySearch } from "../../../alerting-routes";
import type { ReplayRequest, RuleFileEntry } from "../../../api/generated";
import type { RuleGroup } from "../../../api/rules";

/** The first version, and the one that it is compared with. */
export const VERSIONS = ["A", "B"] as const;
export type VersionName = (typeof VERSIONS)[number];
export type Part = "rules" | "alertmanager";

/** A text is null when another browser tab has kept it. */
export type Source =
  | { kind: "used" }
  | { kind: "file"; file: string }
  | { kind: "text"; text: string | null };
export type Version = Record<Part, Source>;

/** The parameter of the URL. */
export function parameterOf(version: VersionName, part: Part) {
  if (version === "A") return part;
  return part === "rules" ? "otherRules" : "otherAlertmanager";
}

/** A longer text would make URLs that other programs cut. */
const TEXT_IN_URL_MAX = 1_500;

export function isCompared({ otherRules, otherAlertmanager }: ReplaySearch): boolean {
  return otherRules !== undefined || otherAlertmanager !== undefined;
}

/** Null for the second version when there is none. */
export function versionOf(search: ReplaySearch, version: VersionName): Version | null {
  if (version === "B" && !isCompared(search)) return null;
  const { rules, alertmanager } = {
    rules: sourceOf(search[parameterOf(version, "rules")]),
    alertmanager: sourceOf(search[parameterOf(version, "alertmanager")]),
  };
  return { rules, alertmanager: alertmanager.kind === "file" ? { kind: "used" } : alertmanager };
}

function sourceOf(given: string | undefined): Source {
  if (given?.startsWith("file:")) return { kind: "file", file: given.slice(5) };
  if (given?.startsWith("text:")) return { kind: "text", text: given.slice(5) };
  if (given?.startsWith("kept:")) return { kind: "text", text: kept(given) };
  return { kind: "used" };
}

/** The source as the URL has it. */
export function sourceText(source: Source): string {
  if (source.kind === "file") return `file:${source.file}`;
  if (source.kind === "used") return "used";
  const text = source.text ?? "";
  if (text.length <= TEXT_IN_URL_MAX) return `text:${text}`;
  const name = `kept:${hash(text)}`;
  keep(name, text);
  return name;
}

/** What was typed last in an editor; null when nothing was. */
export function draftOf(version: VersionName, part: Part): string | null {
  return kept(`draft ${version} ${part}`);
}

export function keepDraft(version: VersionName, part: Part, text: string): void {
  keep(`draft ${version} ${part}`, text);
}

const STORED = "replay ";
/** In place of the storage, where there is none or it is full. */
const memory = new Map<string, string>();

function kept(name: string): string | null {
  try {
    return memory.get(name) ?? sessionStorage.getItem(STORED + name);
  } catch {
    return null;
  }
}

function keep(name: string, text: string): void {
  memory.set(name, text);
  try {
    sessionStorage.setItem(STORED + name, text);
  } catch {
    // It is full, and the text lasts until the page is loaded again.
  }
}

/** Tells texts apart, not more: FNV-1a with 64 bits. */
function hash(text: string): string {
  let found = 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at += 1)
    found = ((found ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n) & 0xffffffffffffffffn;
  return found.toString(36);
}

/** What the requests of both versions depend on. */
export interface Inputs {
  files: RuleFileEntry[] | undefined;
  groups: RuleGroup[];
  /** The path of a text of rules. */
  textName: string;
}

/**
 * The path of a file that a text is compared with: when a group is evaluated depends on its name and the path of its
 * file, and the same group of both versions is evaluated at the same times.
 */
export function textNameOf(versions: Record<VersionName, Version | null>): string {
  const sources = VERSIONS.map((version) => versions[version]?.rules);
  return sources.find((source) => source?.kind === "file")?.file ?? "rules.yml";
}

/** What the server is asked for a version; null while its file or its text is not known. */
export function requestOf(
  { rules, alertmanager }: Version,
  range: { fromMs: number; toMs: number },
  { files = [], groups, textName }: Inputs,
): ReplayRequest | null {
  const texts = rulesOf(rules, files, textName);
  if (texts === undefined || (alertmanager.kind === "text" && alertmanager.text === null)) return null;
  return {
    from_unix_ms: Math.floor(range.fromMs),
    to_unix_ms: Math.floor(range.toMs),
    rules: texts,
    alertmanager: alertmanager.kind === "text" ? alertmanager.text : null,
    interval_s: texts && intervalOf(groups) / 1_000,
  };
}

function rulesOf(
  source: Source,
  files: RuleFileEntry[],
  textName: string,
): ReplayRequest["rules"] | undefined {
  switch (source.kind) {
    case "used":
      return null;
    case "text":
      return source.text === null ? undefined : [{ file: textName, content: source.text }];
    case "file": {
      const found = files.find(({ file }) => file === source.file);
      return found && [{ file: found.file, content: found.content }];
    }
  }
}

const INTERVAL_MS = 60_000;

/** How often groups are evaluated that do not say it: as most of the groups in use. */
export function intervalOf(groups: RuleGroup[]): number {
  const counts = new Map<number, number>();
  for (const { intervalMs } of groups)
    if (intervalMs >= 1_000) counts.set(intervalMs, (counts.get(intervalMs) ?? 0) + 1);
  return [...counts].sort(([, left], [, right]) => right - left)[0]?.[0] ?? INTERVAL_MS;
}
