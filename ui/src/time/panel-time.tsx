/** The time range of one panel, where it differs from that of the view. */
import { type ReactNode, useMemo } from "react";
import { RangeContext, type RangeState, useRange } from "./context";
import { panelRange } from "./range";

interface Props {
  /** A length, `2h`, that replaces a relative range of the view, or its start, `now/d`. */
  timeFrom?: string | undefined;
  /** A length, `1d`, by which the range lies in the past. */
  timeShift?: string | undefined;
  children: ReactNode;
}

/** Inside, `useRange` has the range of the panel. */
export function PanelTime({ timeFrom, timeShift, children }: Props) {
  const view = useRange();
  const state = useMemo((): RangeState => {
    const { range, shiftMs } = panelRange(view, { timeFrom, timeShift });
    return {
      ...view,
      range,
      // A selection in a shifted panel means the same part of the view.
      setRange: ({ fromMs, toMs }) => view.setRange({ fromMs: fromMs + shiftMs, toMs: toMs + shiftMs }),
    };
  }, [view, timeFrom, timeShift]);
  return <RangeContext value={state}>{children}</RangeContext>;
}
