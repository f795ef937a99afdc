/** The summary of a trace: root, time, size, services, errors, tokens and cost. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Trace } from "../../api/otlp";
import { CopyButton, copyLabel, useCopy } from "../../components/copy-button";
import { formatCount, formatItems } from "../../format/number";
import { useRange } from "../../time/context";
import { formatDuration } from "../../time/duration";
import { formatInstant } from "../../time/format";
import { absolute } from "../../time/range";
import { traceLogs } from "../../url/links";
import { formatCost, traceUse } from "./genai";
import classes from "./trace.module.css";
import type { TraceTree } from "./tree";
import { nanosAsMs, serviceColors } from "./use-waterfall";

const SERVICES_SHOWN = 8;
const MARGIN_MS = 60_000;

export function TraceHeader({ trace, tree, raw }: { trace: Trace; tree: TraceTree; raw: unknown }) {
  const { zone } = useRange();
  const [copied, copy] = useCopy(() => JSON.stringify(raw, null, 2));
  const root = tree.rows[0];
  const use = useMemo(() => traceUse(tree), [tree]);
  const colors = useMemo(() => serviceColors(tree), [tree]);
  const startMs = Number(trace.startNs / 1_000n) / 1_000;
  const range = absolute({
    fromMs: startMs - MARGIN_MS,
    toMs: startMs + nanosAsMs(trace.durationNs) + MARGIN_MS,
  });
  return (
    <div className={classes.header}>
      <div className={classes.title}>
        <h2>
          {root?.span.resource.service}: {root?.span.name}
        </h2>
        <span className={classes.id}>
          <code>{trace.traceId}</code>
          <CopyButton size={20} label="Copy the trace id" text={() => trace.traceId} />
        </span>
        <div className={classes.titleTools}>
          <Button
            component={Link}
            to="/explore/logs"
            search={{ query: traceLogs(null, trace.traceId), ...range } as never}
          >
            Logs
          </Button>
          <Button onClick={() => void copy()}>{copyLabel(copied, "Copy JSON")}</Button>
        </div>
      </div>
      <div className={classes.facts}>
        <span>{formatInstant(startMs, zone, true)}</span>
        <span>
          <b>{formatDuration(nanosAsMs(trace.durationNs))}</b>
        </span>
        <span>
          <b>{formatItems(tree.rows.length, "span")}</b> in {formatItems(tree.depthMax + 1, "level")}
        </span>
        {tree.errors > 0 && (
          <span className={classes.bad}>
            <b>{formatItems(tree.errors, "error")}</b>
          </span>
        )}
        {use && (
          <span>
            {use.calls > 0 && (
              <>
                <b>{formatItems(use.calls, "model call")}</b>, <b>{formatCount(use.inputTokens)}</b> tokens
                in, <b>{formatCount(use.outputTokens)}</b> out
              </>
            )}
            {use.cost !== null && (
              <>
                , <b>{formatCost(use.cost)}</b>
              </>
            )}
          </span>
        )}
        {tree.services.slice(0, SERVICES_SHOWN).map((service) => (
          <span
            key={service.name}
            className={classes.chip}
            title={`${formatItems(service.spans, "span")}, ${formatDuration(nanosAsMs(service.selfNs))} self time`}
          >
            <i style={{ background: colors.get(service.name) }} />
            {service.name} {service.spans}
          </span>
        ))}
        {tree.services.length > SERVICES_SHOWN && (
          <span>and {tree.services.length - SERVICES_SHOWN} more services</span>
        )}
      </div>
    </div>
  );
}
