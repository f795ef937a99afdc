/** The alert list: this version evaluates no alerting rules, so that there is none to show. */
import { Nothing } from "../no-data";
import type { PanelProps } from "../panel";

export default function AlertListPanel({ height }: PanelProps) {
  return (
    <div style={{ height: height ?? "100%" }}>
      <Nothing title="No alerts">
        This version evaluates no alerting rules yet. Keep the alerts of this panel in Prometheus until it
        does.
      </Nothing>
    </div>
  );
}
