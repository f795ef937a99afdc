/** Filters targets, and lays them out as rows below their pools. */
import type { Health, Target, Targets } from "../../api/targets";

export type Counts = Record<Health, number>;

export interface Pool {
  name: string;
  /** Of all targets of the pool, whatever the filter. */
  counts: Counts;
  /** The targets that match the filter, those that need attention first. */
  targets: KeyedTarget[];
}

export type KeyedTarget = Target & { key: string };

export type Row =
  | { kind: "pool"; key: string; pool: Pool; open: boolean }
  | { kind: "target"; key: string; target: KeyedTarget }
  | { kind: "none"; key: string; text: string };

export interface Filter {
  find?: string | undefined;
  health?: Health | undefined;
  pool?: string | undefined;
}

const NO_COUNTS: Counts = { up: 0, down: 0, unknown: 0, dropped: 0 };
const ATTENTION: Record<Health, number> = { down: 0, unknown: 1, up: 2, dropped: 3 };

export function poolsOf({ active, dropped, droppedCounts }: Targets, filter: Filter): Pool[] {
  const pools = new Map<string, Pool>();
  const poolOf = (name: string): Pool => {
    const known = pools.get(name) ?? { name, counts: { ...NO_COUNTS }, targets: [] };
    pools.set(name, known);
    return known;
  };
  const words = (filter.find ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const keys = new Map<string, number>();
  for (const target of [...active, ...dropped]) {
    const pool = poolOf(target.pool);
    pool.counts[target.health] += 1;
    // Two targets of a pool can have the same address, with other labels.
    const name = `${target.pool} ${target.url}`;
    const before = keys.get(name) ?? 0;
    keys.set(name, before + 1);
    if (!isWanted(target, filter) || !matches(target, words)) continue;
    pool.targets.push({ ...target, key: before > 0 ? `${name} ${before + 1}` : name });
  }
  for (const [name, count] of Object.entries(droppedCounts)) {
    const { counts } = poolOf(name);
    counts.dropped = Math.max(counts.dropped, count);
  }
  const sorted = [...pools.values()].sort((left, right) => left.name.localeCompare(right.name));
  for (const pool of sorted) pool.targets.sort(byAttention);
  return sorted;
}

/** Dropped targets are shown only when they are asked for. */
function isWanted(target: Target, { health, pool }: Filter): boolean {
  if (pool !== undefined && target.pool !== pool) return false;
  return health === undefined ? target.health !== "dropped" : target.health === health;
}

function matches(target: Target, words: string[]): boolean {
  if (words.length === 0) return true;
  const pairs = Object.entries(target.health === "dropped" ? target.discovered : target.labels);
  const shown = [target.pool, target.url, target.error, ...pairs.map(([name, value]) => `${name}=${value}`)];
  const text = shown.join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function byAttention(left: Target, right: Target): number {
  return ATTENTION[left.health] - ATTENTION[right.health] || left.url.localeCompare(right.url);
}

export function total(pools: Pool[]): Counts {
  const sum = { ...NO_COUNTS };
  for (const { counts } of pools) {
    for (const health of Object.keys(sum) as Health[]) sum[health] += counts[health];
  }
  return sum;
}

/** The rows of the list. Pools without a matching target are left out when there is a filter. */
export function rowsOf(pools: Pool[], closed: ReadonlySet<string>, filter: Filter): Row[] {
  const filtered = filter.find !== undefined || filter.health !== undefined || filter.pool !== undefined;
  return pools.flatMap((pool): Row[] => {
    if (filtered && pool.targets.length === 0) return [];
    const open = !closed.has(pool.name);
    const head: Row = { kind: "pool", key: `pool ${pool.name}`, pool, open };
    if (!open) return [head];
    if (pool.targets.length === 0) {
      return [head, { kind: "none", key: `none ${pool.name}`, text: reasonForNone(pool) }];
    }
    return [
      head,
      ...pool.targets.map((target): Row => ({ kind: "target", key: `target ${target.key}`, target })),
    ];
  });
}

function reasonForNone({ counts }: Pool): string {
  return counts.dropped > 0
    ? "Relabelling drops every target of this pool. Choose Dropped to see their discovered labels."
    : "Service discovery finds no target. Check the files, addresses and names in the job's configuration, and the log.";
}
