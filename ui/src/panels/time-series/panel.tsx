/** The time series panel: lines, bars or points over time, and a legend. */
import { useElementSize } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { Notice } from "../../components/notice";
import type { Annotation } from "../../data/annotations";
import { useRange } from "../../time/context";
import { useValueContext } from "../../values/query-context";
import type { ScopedValue } from "../../values/value";
import { picked } from "../legend";
import { NoData } from "../no-data";
import type { PanelProps } from "../panel";
import { Chart } from "./chart";
import classes from "./chart.module.css";
import type { Exemplar } from "./exemplars";
import { SeriesLegend } from "./legend";
import { LINES_MAX, type Line, modelOf } from "./model";
import type { TimeSeriesOptions } from "./options";

const NONE: Annotation[] = [];

export default function TimeSeriesPanel(props: PanelProps<TimeSeriesOptions>) {
  const { frames, options, annotations = NONE, height: given, onOptions } = props;
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
  const valuesOf = useCallback(
    (index: number) => labelsOf(model.lines[index], query?.language === "logql"),
    [model, query?.language],
  );
  const count = shown.filter(Boolean).length;
  const [focused, setFocused] = useState<number | null>(null);
  const open = ({ traceId, spanId }: Exemplar) => {
    if (!traceId) return;
    void navigate({ to: "/trace/$traceId", params: { traceId }, search: spanId ? { span: spanId } : {} });
  };
  const { legend } = options;
  if (model.lines.length === 0 && model.exemplars.length === 0) {
    return (
      <div style={{ height: given ?? "100%" }}>
        <NoData
          frames={frames}
          needs="This panel needs a time and a number, and the answers lack one of them. Show them as a table."
        />
      </div>
    );
  }
  return (
    <div
      className={given === undefined || legend.placement === "right" ? classes.fill : undefined}
      style={given !== undefined && legend.placement === "right" ? { height: given } : undefined}
    >
      {model.total > LINES_MAX && (
        <Notice>
          Showing the first {LINES_MAX} of {model.total.toLocaleString("en")} series. Aggregate them, or
          select the largest with <code>topk(20, …)</code>.
        </Notice>
      )}
      <div className={classes.parts} data-placement={legend.placement}>
        <div ref={ref} className={classes.space}>
          <Chart
            model={model}
            shown={shown}
            annotations={annotations}
            focused={focused}
            range={range}
            zone={zone}
            height={given ?? available}
            label={`Chart of ${count} of ${model.lines.length} series${legend.show ? "; the legend has their names" : ""}.`}
            tooltip={options.tooltip}
            onZoom={setRange}
            onExemplar={open}
          />
        </div>
        {legend.show && (
          <div className={classes.legend}>
            <SeriesLegend
              rows={model.lines}
              mode={legend.mode}
              calcs={legend.calcs}
              shown={shown}
              onPick={(index, toggle) => setHidden({ signature, shown: picked(shown, index, toggle) })}
              onFocus={setFocused}
              valuesOf={valuesOf}
              sort={legend.sort}
              onSort={onOptions && ((sort) => onOptions({ legend: { ...legend, sort } }))}
            />
          </div>
        )}
      </div>
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
