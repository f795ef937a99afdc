/** The tree of routes as rows. */
import type { RouteNode } from "../../api/generated";

export interface RouteRow {
  key: string;
  opens: true;
  node: RouteNode;
  depth: number;
  /** Whether a tested alert stays here, or passes on its way; null without a test. */
  reached: "end" | "way" | "no" | null;
}

/** `reached` has the ids of the routes that an alert reaches. */
export function rowsOf(root: RouteNode, reached: string[] | undefined): RouteRow[] {
  const ends = new Set(reached);
  const rows: RouteRow[] = [];
  /** Whether the alert reaches the node or one below it. */
  const visit = (node: RouteNode, depth: number): boolean => {
    const row: RouteRow = { key: node.id, opens: true, node, depth, reached: reached ? "no" : null };
    rows.push(row);
    // Every child is visited, also after the first that is reached.
    const below = node.routes.map((child) => visit(child, depth + 1)).includes(true);
    if (ends.has(node.id)) row.reached = "end";
    else if (below) row.reached = "way";
    return below || ends.has(node.id);
  };
  visit(root, 0);
  return rows;
}
