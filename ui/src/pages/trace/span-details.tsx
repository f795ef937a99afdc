/** The details of a span: model call, attributes, events, links, resource and scope. */
import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Span, SpanEvent, Trace } from "../../api/otlp";
import { CopyButton } from "../../components/copy-button";
import { Icon } from "../../components/icon";
import { formatCount } from "../../format/number";
import { formatDuration } from "../../time/duration";
import { absolute } from "../../time/range";
import { quote, serviceMetrics, traceLogs } from "../../url/links";
import type { ScopedValue } from "../../values/value";
import { ValueMenu } from "../../values/value-menu";
import { Attributes } from "./attributes";
import classes from "./details.module.css";
import { errorText } from "./error-text";
import { formatCost, isModelAttribute, modelUse } from "./genai";
import type { TraceRow } from "./tree";
import { nanosAsMs } from "./use-waterfall";

/** Timestamps of log records may be slightly outside of their span. */
const MARGIN_MS = 60_000;

interface Props {
  trace: Trace;
  row: TraceRow;
  close: () => void;
}

export function SpanDetails({ trace, row, close }: Props) {
  const { span } = row;
  const error = errorText(span);
  const model = span.attributes.filter((attribute) => isModelAttribute(attribute.name));
  const others = span.attributes.filter((attribute) => !isModelAttribute(attribute.name));
  return (
    <aside className={classes.panel} aria-label="Span">
      <div className={classes.head}>
        <div className={classes.headTop}>
          <h3>{span.name}</h3>
          <CopyButton
            icon="link"
            label="Copy a link to this span"
            text={() => spanLink(trace.traceId, span.spanId)}
          />
          <CopyButton
            label="Copy the span as JSON"
            text={() => JSON.stringify(spanJson(trace, row), null, 2)}
          />
          <ActionIcon size={24} aria-label="Close (Esc)" onClick={close}>
            <Icon name="close" size={13} />
          </ActionIcon>
        </div>
        <div className={classes.sub}>
          <b>{span.resource.service}</b>
          <span>{span.kind}</span>
          <span>
            {formatDuration(nanosAsMs(span.durationNs))} (self {formatDuration(nanosAsMs(row.selfNs))})
          </span>
          <span>starts at +{formatDuration(nanosAsMs(span.offsetNs))}</span>
          <span className="mono">{span.spanId}</span>
          <ValueMenu label="the span" values={() => intrinsics(trace, span)} />
        </div>
        <RelatedLinks trace={trace} row={row} />
      </div>
      {span.status === "error" && (
        <div className={classes.error}>
          <b>Error</b>
          {error === null ? " (no message)" : `: ${error}`}
        </div>
      )}
      <ModelTiles row={row} />
      {model.length > 0 && (
        <Section title="Model" count={model.length}>
          <Attributes scope="span" attributes={model} />
        </Section>
      )}
      <Section title="Attributes" count={others.length}>
        <Attributes scope="span" attributes={others} />
      </Section>
      {span.events.length > 0 && (
        <Section title="Events" count={span.events.length}>
          {span.events.slice(0, 200).map((event, index) => (
            <Event key={index} event={event} sinceNs={event.offsetNs - span.offsetNs} />
          ))}
        </Section>
      )}
      {span.links.length > 0 && (
        <Section title="Links" count={span.links.length}>
          {span.links.slice(0, 100).map((link, index) => (
            <div key={index} className={classes.event}>
              <div className={classes.eventHead}>
                <Link
                  to="/trace/$traceId"
                  params={{ traceId: link.traceId }}
                  search={{ span: link.spanId || undefined }}
                >
                  <span className="mono">{link.traceId}</span>
                </Link>
              </div>
              {link.attributes.length > 0 && <Attributes scope="link" attributes={link.attributes} />}
            </div>
          ))}
        </Section>
      )}
      <Section title="Resource" count={span.resource.attributes.length}>
        <Attributes scope="resource" attributes={span.resource.attributes} />
      </Section>
      <Section
        title="Scope"
        note={[span.scope.name, span.scope.version].filter(Boolean).join(" ") || "unnamed"}
        closed
      >
        <Attributes scope="instrumentation" attributes={span.scope.attributes} />
      </Section>
      {span.dropped > 0 && (
        <div className={classes.none}>
          The sender dropped {span.dropped} attributes, events or links of this span.
        </div>
      )}
    </aside>
  );
}

/** What a span has besides its attributes. */
function intrinsics({ traceId }: Trace, span: Span): ScopedValue[] {
  const names: [name: string, text: string][] = [
    ["name", span.name],
    ["kind", span.kind],
    ["status", span.status],
    ["statusMessage", span.statusMessage],
    ["span:id", span.spanId],
    ["trace:id", traceId],
    ["instrumentation:name", span.scope.name],
  ];
  const service: ScopedValue = {
    scope: "resource",
    name: "service.name",
    type: "string",
    text: span.resource.service,
  };
  const others = names
    .filter(([, text]) => text !== "")
    .map(([name, text]): ScopedValue => ({ scope: "intrinsic", name, type: "string", text }));
  return [service, ...others];
}

function Section(props: {
  title: string;
  count?: number;
  note?: string;
  closed?: boolean;
  children: ReactNode;
}) {
  return (
    <details className={classes.section} open={!props.closed}>
      <summary>
        {props.title}
        <small>{props.note ?? props.count}</small>
      </summary>
      {props.children}
    </details>
  );
}

/** Links to the other signals, with the time range of the trace. */
function RelatedLinks({ trace, row }: { trace: Trace; row: TraceRow }) {
  const { span } = row;
  const startMs = Number(trace.startNs / 1_000_000n);
  const range = absolute({
    fromMs: startMs - MARGIN_MS,
    toMs: startMs + nanosAsMs(trace.durationNs) + MARGIN_MS,
  });
  const { service } = span.resource;
  const similar = `{ resource.service.name = ${quote(service)} && name = ${quote(span.name)} }`;
  return (
    <div className={classes.links}>
      <Link to="/explore/logs" search={{ query: traceLogs(service, trace.traceId, span.spanId), ...range }}>
        Logs of this span
      </Link>
      <Link to="/explore/metrics" search={{ expr: [serviceMetrics(service)], view: "table", ...range }}>
        Metrics of this service
      </Link>
      <Link to="/explore/traces" search={{ q: similar }}>
        Similar spans
      </Link>
    </div>
  );
}

function ModelTiles({ row }: { row: TraceRow }) {
  const use = modelUse(row.span.attributes);
  if (!use) return null;
  const tiles: [string, string | null][] = [
    ["Model", use.model],
    ["Tool", use.tool],
    ["Tokens in", use.inputTokens === null ? null : formatCount(use.inputTokens)],
    ["Tokens out", use.outputTokens === null ? null : formatCount(use.outputTokens)],
    ["Cost", use.cost === null ? null : formatCost(use.cost)],
    ["Tokens out/s", speed(use.outputTokens, row.span.durationNs)],
    ["Finish reason", use.finish],
    ["Provider", use.provider],
  ];
  const shown = tiles.filter((tile): tile is [string, string] => tile[1] !== null);
  if (shown.length === 0) return null;
  return (
    <div className={classes.tiles}>
      {shown.map(([name, value]) => (
        <div key={name} className={classes.tile}>
          <span>{name}</span>
          <b title={value}>{value}</b>
        </div>
      ))}
    </div>
  );
}

function speed(tokens: number | null, durationNs: number): string | null {
  return tokens === null || durationNs <= 0
    ? null
    : formatCount(Number(((tokens * 1e9) / durationNs).toPrecision(3)));
}

function Event({ event, sinceNs }: { event: SpanEvent; sinceNs: number }) {
  const stack = event.attributes.find((attribute) => attribute.name === "exception.stacktrace");
  return (
    <div className={classes.event}>
      <div className={classes.eventHead}>
        <b>{event.name}</b>
        <span>+{formatDuration(nanosAsMs(sinceNs))}</span>
      </div>
      <Attributes scope="event" attributes={event.attributes.filter((attribute) => attribute !== stack)} />
      {stack && <pre className={classes.stack}>{stack.text}</pre>}
    </div>
  );
}

function spanLink(traceId: string, spanId: string): string {
  return new URL(`/trace/${traceId}?span=${spanId}`, window.location.href).href;
}

/** The span as JSON, to be pasted elsewhere. */
function spanJson(trace: Trace, { span }: TraceRow): unknown {
  const values = (attributes: { name: string; text: string }[]) =>
    Object.fromEntries(attributes.map(({ name, text }) => [name, text]));
  return {
    trace_id: trace.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentId || null,
    service: span.resource.service,
    name: span.name,
    kind: span.kind,
    start_time_unix_nano: String(trace.startNs + BigInt(Math.round(span.offsetNs))),
    duration_ns: span.durationNs,
    status: span.status,
    status_message: span.statusMessage || undefined,
    attributes: values(span.attributes),
    events: span.events.map((event) => ({ name: event.name, attributes: values(event.attributes) })),
    links: span.links.map((link) => ({ trace_id: link.traceId, span_id: link.spanId })),
    resource: values(span.resource.attributes),
  };
}
