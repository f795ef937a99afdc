/** A chart that fills the panel next to its legend. */
import { useElementSize } from "@mantine/hooks";
import type { ReactNode } from "react";
import classes from "./with-legend.module.css";

interface Props {
  height: number | undefined;
  placement: "bottom" | "right";
  /** Null without a legend. */
  legend: ReactNode;
  /** Above the chart. */
  head?: ReactNode;
  children: (size: { width: number; height: number }) => ReactNode;
}

export function WithLegend({ height, placement, legend, head, children }: Props) {
  const { ref, ...size } = useElementSize<HTMLDivElement>();
  return (
    <div className={classes.panel} style={{ height: height ?? "100%" }}>
      {head}
      <div className={classes.parts} data-placement={placement}>
        <div ref={ref} className={classes.chart}>
          {children(size)}
        </div>
        {legend && <div className={classes.legend}>{legend}</div>}
      </div>
    </div>
  );
}
