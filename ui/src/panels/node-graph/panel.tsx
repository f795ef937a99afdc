/** The node graph panel: nodes in layers, from those that nothing leads to at the left. */
import { useMemo } from "react";
import { Notice } from "../../components/notice";
import { ringPath } from "../arc";
import { cut } from "../axes";
import { Linked } from "../linked";
import { linksOf } from "../links";
import { NoData } from "../no-data";
import type { PanelActions, PanelProps } from "../panel";
import { WithLegend } from "../with-legend";
import { type Graph, type GraphNode, graphOf } from "./model";
import classes from "./node-graph.module.css";

const RADIUS = 20;
/** Between the nodes of a layer, and of layers, at least. */
const DOWN_MIN = 84;
const ACROSS_MIN = 150;

export default function NodeGraphPanel({ frames, height, actions }: PanelProps) {
  const graph = useMemo(() => graphOf(frames), [frames]);
  if (!graph) {
    return (
      <div style={{ height: height ?? "100%" }}>
        <NoData
          frames={frames}
          needs="A node graph needs nodes with an id, or edges with source and target; the answers have none."
        />
      </div>
    );
  }
  const left = graph.total - graph.nodes.length;
  return (
    <WithLegend
      height={height}
      placement="bottom"
      legend={null}
      head={
        left > 0 && (
          <Notice>{`The first ${graph.nodes.length} of ${graph.total} nodes. Select fewer in the query.`}</Notice>
        )
      }
    >
      {(size) => <Drawing graph={graph} actions={actions} {...size} />}
    </WithLegend>
  );
}

interface DrawingProps {
  graph: Graph;
  actions: PanelActions | undefined;
  width: number;
  height: number;
}

function Drawing({ graph, actions, width, height }: DrawingProps) {
  const across = Math.max(ACROSS_MIN, width / Math.max(1, graph.layers));
  const total = Math.max(height, graph.tallest * DOWN_MIN);
  const sizes = new Map<number, number>();
  for (const { layer } of graph.nodes) sizes.set(layer, (sizes.get(layer) ?? 0) + 1);
  const placeOf = ({ layer, place }: GraphNode) => ({
    x: (layer + 0.5) * across,
    y: ((place + 0.5) / (sizes.get(layer) ?? 1)) * (total - 20),
  });
  const places = new Map(graph.nodes.map((node) => [node.id, placeOf(node)]));
  const label = `Graph of ${graph.nodes.length} nodes and ${graph.edges.length} edges`;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a large graph is scrolled by keyboard
    <section className={classes.scroll} aria-label={label} tabIndex={0}>
      <svg
        width={Math.max(width, across * graph.layers)}
        height={total}
        role="img"
        aria-label={summaryOf(graph)}
      >
        <defs>
          <marker
            id="gh-arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="6"
            markerHeight="6"
            orient="auto"
          >
            <path d="M0 0L8 4L0 8Z" className={classes.arrow} />
          </marker>
        </defs>
        {graph.edges.map(({ from, to, text }, index) => {
          const [start, end] = [places.get(from), places.get(to)];
          if (!start || !end) return null;
          const sign = end.x >= start.x ? 1 : -1;
          const [x1, x2] = [start.x + sign * RADIUS, end.x - sign * (RADIUS + 3)];
          const middle = (x1 + x2) / 2;
          return (
            <g key={index} className={classes.edge}>
              <path
                d={`M${x1} ${start.y}C${middle} ${start.y} ${middle} ${end.y} ${x2} ${end.y}`}
                markerEnd="url(#gh-arrow)"
              />
              <text x={middle} y={(start.y + end.y) / 2 - 4}>
                {cut(text, across - RADIUS * 3)}
              </text>
              <title>{`${from} → ${to}${text ? `: ${text}` : ""}`}</title>
            </g>
          );
        })}
        {graph.nodes.map((node) => (
          <Linked key={node.id} links={node.source ? linksOf(node.source, actions) : []}>
            <Node node={node} at={places.get(node.id) ?? { x: 0, y: 0 }} space={across - 12} />
          </Linked>
        ))}
      </svg>
    </section>
  );
}

function Node({ node, at, space }: { node: GraphNode; at: { x: number; y: number }; space: number }) {
  let before = 0;
  return (
    <g transform={`translate(${at.x} ${at.y})`} className={classes.node}>
      <title>{[node.title, node.subtitle, ...node.stats].filter(Boolean).join("\n")}</title>
      <circle r={RADIUS} />
      {node.arcs.map(({ part, color }, index) => {
        const from = before;
        before = Math.min(1, before + part);
        if (part === 0) return null;
        const ring = { x: 0, y: 0, inner: RADIUS - 3, outer: RADIUS };
        return <path key={index} d={ringPath(ring, from * Math.PI * 2, before * Math.PI * 2)} fill={color} />;
      })}
      {node.stats.slice(0, 2).map((text, index, all) => (
        <text key={index} y={all.length === 1 ? 4 : index * 11} className={classes.stat}>
          {cut(text, RADIUS * 2.4)}
        </text>
      ))}
      <text y={RADIUS + 14}>{cut(node.title, space)}</text>
      {node.subtitle && (
        <text y={RADIUS + 27} className={classes.subtitle}>
          {cut(node.subtitle, space)}
        </text>
      )}
    </g>
  );
}

const SAID_MAX = 20;

function summaryOf({ nodes, edges }: Graph): string {
  const titles = new Map(nodes.map(({ id, title }) => [id, title]));
  const said = edges.slice(0, SAID_MAX).map(({ from, to }) => `${titles.get(from)} to ${titles.get(to)}`);
  const more = edges.length > SAID_MAX ? `, and ${edges.length - SAID_MAX} more` : "";
  return `Node graph of ${nodes.length} nodes. Edges: ${said.join(", ") || "none"}${more}`;
}
