/** The time series panel: lines, bars or points over time, and a legend. */
import { useElementSize } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Notice } from "../../components/notice";
import { useRange } from "../../time/context";
import { useValueContext } from "../../values/query-context";
import type { ScopedValue } from "../../values/value";
import type { PanelProps } from "../panel";
import { Chart } from "./chart";
import classes from "./chart.module.css";
import type { Exemplar } from "./exemplars";
import { Legend, picked } from "./legend";
import { LINES_MAX, type Line, modelOf } from "./model";
import type { TimeSeriesOptions } from "./options";

export default function TimeSeriesPanel(props: PanelProps<TimeSeriesOptions>) {
  const { frames, options, height: given, onOptions } = props;
  const { range, zone, setRange } = useRange();
  const navigate = useNavigate();
  const { query } = useValueContext();
  const { ref, height: available } = useElementSize<HTMLDivElement>();
  const model = useMemo(() => modelOf(frames, range), [frames, range]);
  const signature = model.lines.map(({ name }) => name).join("\n");
  const [hidden, setHidden] = useState<{ signature: string; shown: boolean[] } | null>(null);
  const shown = useMemo(
    () => (hidden?.signature === signature ? hidden.shown : model.lines.map(() => true)),
    [hidden, signature, model],
  );
  const count = shown.filter(Boolean).length;
  const [focused, setFocused] = useState<number | null>(null);
  const open = ({ traceId, spanId }: Exemplar) => {
    if (!traceId) return;
    void navigate({ to: "/trace/$traceId", params: { traceId }, search: spanId ? { span: spanId } : {} });
  };
  return (
    <div className={given === undefined ? classes.fill : undefined}>
      {model.total > LINES_MAX && (
        <Notice>
          Showing the first {LINES_MAX} of {model.total.toLocaleString("en")} series. Aggregate them, or
          select the largest with <code>topk(20, …)</code>.
        </Notice>
      )}
      <div ref={ref} className={classes.space}>
        <Chart
          model={model}
          shown={shown}
          focused={focused}
          range={range}
          zone={zone}
          height={given ?? available}
          label={`Chart of ${count} of ${model.lines.length} series${options.legend.show ? "; the table below has their values" : ""}.`}
          tooltip={options.tooltip}
          onZoom={setRange}
          onExemplar={open}
        />
      </div>
      {options.legend.show && (
        <Legend
          rows={model.lines}
          shown={shown}
          onPick={(index, toggle) => setHidden({ signature, shown: picked(shown, index, toggle) })}
          onFocus={setFocused}
          valuesOf={(index) => labelsOf(model.lines[index], query?.language === "logql")}
          sort={options.legend.sort}
          onSort={onOptions && ((sort) => onOptions({ legend: { ...options.legend, sort } }))}
        />
      )}
    </div>
  );
}

/** The labels of a series: those of a query of logs are fields of the lines that it counts. */
function labelsOf(line: Line | undefined, ofLogs: boolean): ScopedValue[] {
  return Object.entries(line?.labels ?? {}).map(([name, text]) => ({
    scope: ofLogs ? "metadata" : "label",
    name,
    type: "string",
    text,
  }));
}
