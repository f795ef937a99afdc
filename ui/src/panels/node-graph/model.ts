/** The nodes and edges of a graph, placed in layers from left to right. */
import { displayValue } from "../../data/display";
import type { Field, Frame } from "../../data/frame";
import { namedColor } from "../colors";

export interface GraphNode {
  id: string;
  title: string;
  subtitle: string;
  stats: string[];
  /** The parts of its ring, with a sum of 1 at most. */
  arcs: { part: number; color: string }[];
  layer: number;
  /** Its place in the layer. */
  place: number;
  source: { field: Field; frame: Frame; row: number } | null;
}

interface GraphEdge {
  from: string;
  to: string;
  text: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  layers: number;
  /** The most nodes of a layer. */
  tallest: number;
  /** All nodes of the answers, of which some may be left out. */
  total: number;
}

const NODES_MAX = 300;

export function graphOf(frames: Frame[]): Graph | null {
  const edgeFrames = frames.filter((frame) => fieldOf(frame, "source") && fieldOf(frame, "target"));
  const nodeFrames = frames.filter((frame) => !edgeFrames.includes(frame) && fieldOf(frame, "id"));
  const edges = edgeFrames.flatMap(edgesOf);
  const known = new Map(nodeFrames.flatMap(nodesOf).map((node) => [node.id, node]));
  // Edges alone are a graph too.
  for (const { from, to } of edges)
    for (const id of [from, to]) if (!known.has(id)) known.set(id, plainNode(id));
  if (known.size === 0) return null;
  const kept = new Map([...known].slice(0, NODES_MAX));
  const inside = edges.filter(({ from, to }) => kept.has(from) && kept.has(to) && from !== to);
  const layers = layersOf([...kept.keys()], inside);
  placeInLayers(layers, inside);
  layers.forEach((ids, layer) => {
    ids.forEach((id, place) => {
      const node = kept.get(id);
      if (node) Object.assign(node, { layer, place });
    });
  });
  const tallest = Math.max(...layers.map((ids) => ids.length));
  return { nodes: [...kept.values()], edges: inside, layers: layers.length, tallest, total: known.size };
}

function fieldOf(frame: Frame, name: string): Field | undefined {
  return frame.fields.find((field) => field.name.toLowerCase() === name);
}

function textAt(field: Field | undefined, row: number): string {
  if (!field) return "";
  const { prefix, text, suffix } = displayValue(field.values[row], field.config);
  return prefix + text + suffix;
}

function plainNode(id: string): GraphNode {
  return { id, title: id, subtitle: "", stats: [], arcs: [], layer: 0, place: 0, source: null };
}

function nodesOf(frame: Frame): GraphNode[] {
  const [ids, titles, subtitles] = [
    fieldOf(frame, "id"),
    fieldOf(frame, "title"),
    fieldOf(frame, "subtitle"),
  ];
  const stats = ["mainstat", "secondarystat"].map((name) => fieldOf(frame, name));
  const arcs = frame.fields.filter(({ name }) => name.startsWith("arc__"));
  return Array.from({ length: frame.length }, (_, row): GraphNode => {
    const id = textAt(ids, row);
    return {
      ...plainNode(id),
      title: textAt(titles, row) || id,
      subtitle: textAt(subtitles, row),
      stats: stats.map((field) => textAt(field, row)).filter(Boolean),
      arcs: arcs.map((field) => ({
        part: Math.min(1, Math.max(0, Number(field.values[row]) || 0)),
        color: namedColor(field.config.color?.fixedColor ?? "green"),
      })),
      source: ids ? { field: ids, frame, row } : null,
    };
  });
}

function edgesOf(frame: Frame): GraphEdge[] {
  const [from, to] = [fieldOf(frame, "source"), fieldOf(frame, "target")];
  const stats = ["mainstat", "secondarystat"].map((name) => fieldOf(frame, name));
  return Array.from({ length: frame.length }, (_, row) => ({
    from: textAt(from, row),
    to: textAt(to, row),
    text: stats
      .map((field) => textAt(field, row))
      .filter(Boolean)
      .join(" · "),
  }));
}

/** Each node is right of those that lead to it; edges that close a circle count for nothing. */
function layersOf(ids: string[], edges: GraphEdge[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const led = new Set(edges.map(({ to }) => to));
  const depth = new Map<string, number>();
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (start: string) => {
    // A stack of its own, because a graph may be deeper than that of the language.
    const stack: { id: string; at: number }[] = [{ id: start, at: 0 }];
    seen.add(start);
    while (stack.length > 0) {
      const top = stack.at(-1);
      if (!top) break;
      const to = next.get(top.id)?.[top.at];
      top.at += 1;
      if (to === undefined) {
        order.push(top.id);
        stack.pop();
      } else if (!seen.has(to)) {
        seen.add(to);
        stack.push({ id: to, at: 0 });
      }
    }
  };
  for (const id of ids) if (!led.has(id)) visit(id);
  for (const id of ids) if (!seen.has(id)) visit(id);
  order.reverse();
  const rank = new Map(order.map((id, index) => [id, index]));
  for (const id of order) {
    const own = depth.get(id) ?? 0;
    depth.set(id, own);
    for (const to of next.get(id) ?? [])
      if ((rank.get(to) ?? 0) > (rank.get(id) ?? 0)) depth.set(to, Math.max(depth.get(to) ?? 0, own + 1));
  }
  const layers: string[][] = [];
  for (const id of ids) {
    const layer = depth.get(id) ?? 0;
    while (layers.length <= layer) layers.push([]);
    layers[layer]?.push(id);
  }
  return layers.filter((layer) => layer.length > 0);
}

/** Sorts each layer by the mean place of the nodes that lead to it, so that fewer edges cross. */
function placeInLayers(layers: string[][], edges: GraphEdge[]): void {
  const before = new Map<string, string[]>();
  for (const { from, to } of edges) before.set(to, [...(before.get(to) ?? []), from]);
  const place = new Map<string, number>();
  for (const layer of layers) {
    const wanted = new Map(
      layer.map((id, index) => {
        const places = (before.get(id) ?? []).flatMap((one) => place.get(one) ?? []);
        const mean = places.reduce((sum, one) => sum + one, 0) / Math.max(1, places.length);
        return [id, places.length > 0 ? mean : index / layer.length];
      }),
    );
    layer.sort((left, right) => (wanted.get(left) ?? 0) - (wanted.get(right) ?? 0));
    layer.forEach((id, index) => {
      place.set(id, (index + 0.5) / layer.length);
    });
  }
}
