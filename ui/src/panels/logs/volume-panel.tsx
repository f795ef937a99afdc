/** The log volume panel: the number of lines over time, stacked by level. */
import { useMemo } from "react";
import { useRange } from "../../time/context";
import type { PanelProps } from "../panel";
import { StackedBars } from "./stacked-bars";
import { volumeOf } from "./volume";

const HEIGHT = 72;

export default function LogVolumePanel({ frames, height = HEIGHT }: PanelProps) {
  const { range, zone, setRange } = useRange();
  const { bars } = useMemo(() => volumeOf(frames), [frames]);
  return (
    <StackedBars
      bars={bars}
      range={range}
      zone={zone}
      height={height}
      label="Lines over time by level"
      onZoom={setRange}
    />
  );
}
