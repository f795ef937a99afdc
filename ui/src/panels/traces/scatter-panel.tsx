/** The trace scatter plot. */
import { useMemo } from "react";
import { tracesOf } from "../../data/traces";
import { useRange } from "../../time/context";
import type { PanelProps } from "../panel";
import { Scatter } from "./scatter";
import { serviceColors } from "./service-colors";

export default function TraceScatterPanel({ frames }: PanelProps) {
  const { range } = useRange();
  const traces = useMemo(() => tracesOf(frames), [frames]);
  const colors = useMemo(() => serviceColors(traces), [traces]);
  return <Scatter traces={traces} colors={colors} range={range} />;
}
