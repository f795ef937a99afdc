/** The text of a query in the editor of its language, and the options that its source has. */
import { useEffect, useState } from "react";
import { string } from "../../../api/decode";
import { sqlTables } from "../../../api/sql";
import type { SourceKind } from "../../../dashboards/data-sources";
import type { EditedLanguage } from "../../../editor/codemirror";
import type { CompletionSources } from "../../../editor/completions";
import { QueryEditor } from "../../../editor/query-editor";
import { useLogSources } from "../../../editor/use-log-sources";
import { useMetricSources } from "../../../editor/use-metric-sources";
import { useRange } from "../../../time/context";
import { ChoiceField, NumberField, SwitchField, TextField } from "./fields";
import { JsonField } from "./json-field";
import classes from "./panel-editor.module.css";

type Set = (name: string, value: unknown) => void;

interface Props {
  kind: SourceKind;
  refId: string;
  spec: Record<string, unknown>;
  /** Undefined removes a field. */
  set: Set;
}

/** The languages of the sources, and the fields that have the texts. */
const TEXTS: Partial<Record<SourceKind, { language: EditedLanguage; field: string }>> = {
  prometheus: { language: "promql", field: "expr" },
  loki: { language: "logql", field: "expr" },
  tempo: { language: "traceql", field: "query" },
  sql: { language: "sql", field: "rawSql" },
};

export function QueryFields({ kind, refId, spec, set }: Props) {
  const text = TEXTS[kind];
  if (!text)
    return (
      <JsonField
        label={`JSON of query ${refId}`}
        value={spec}
        onChange={(value) => {
          const next = value as Record<string, unknown>;
          for (const name of new Set([...Object.keys(spec), ...Object.keys(next)])) set(name, next[name]);
        }}
      />
    );
  const run = (value: string) => {
    set(text.field, value);
    // Without it the source takes the text for a search by other fields.
    if (kind === "tempo" && spec.queryType !== "traceql") set("queryType", "traceql");
  };
  return (
    <>
      <QueryText
        key={text.language}
        language={text.language}
        label={`Query ${refId}`}
        value={string(spec[text.field])}
        onRun={run}
      />
      <div className={classes.columns}>
        <Options kind={kind} spec={spec} set={set} />
      </div>
    </>
  );
}

interface TextProps {
  language: EditedLanguage;
  label: string;
  value: string;
  onRun: (text: string) => void;
}

const SQL_SOURCES: CompletionSources = { tables: () => sqlTables() };

/** What is typed is asked with Ctrl Enter, or when the focus leaves the editor. */
function QueryText({ language, label, value, onRun }: TextProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const { range } = useRange();
  const metrics = useMetricSources(range);
  const logs = useLogSources();
  const sources: Partial<Record<EditedLanguage, CompletionSources>> = {
    promql: metrics,
    logql: logs,
    sql: SQL_SOURCES,
  };
  const run = () => {
    if (text !== value) onRun(text);
  };
  return (
    <div
      role="group"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) run();
      }}
    >
      <QueryEditor
        language={language}
        label={label}
        value={text}
        sources={sources[language] ?? {}}
        autoFocus={value === ""}
        onChange={setText}
        onRun={run}
      />
    </div>
  );
}

const FORMATS = [
  { value: "time_series", label: "Time series" },
  { value: "table", label: "Table" },
  { value: "heatmap", label: "Heatmap" },
];

function Options({ kind, spec, set }: Pick<Props, "kind" | "spec" | "set">) {
  const text = (name: string, label: string, placeholder = "") => (
    <TextField
      label={label}
      placeholder={placeholder}
      value={string(spec[name])}
      onChange={(value) => set(name, value === "" ? undefined : value)}
    />
  );
  const number = (name: string, label: string, placeholder: string) => (
    <NumberField
      label={label}
      placeholder={placeholder}
      min={1}
      value={Number(spec[name]) > 0 ? Number(spec[name]) : undefined}
      onChange={(value) => set(name, value)}
    />
  );
  switch (kind) {
    case "prometheus":
      return (
        <>
          {text("legendFormat", "Legend", "{{label}}, or __auto")}
          {text("interval", "Min step", "auto")}
          <ChoiceField
            label="Format"
            value={spec.format}
            choices={FORMATS}
            onChange={(value) => set("format", value)}
          />
          <PrometheusType spec={spec} set={set} />
          <SwitchField
            label="Exemplars"
            value={spec.exemplar === true}
            onChange={(value) => set("exemplar", value)}
          />
        </>
      );
    case "loki":
      return (
        <>
          {text("legendFormat", "Legend", "{{label}}")}
          {number("maxLines", "Line limit", "1000")}
          {text("step", "Step", "auto")}
          <ChoiceField
            label="Type"
            value={spec.queryType}
            choices={[
              { value: "range", label: "Range" },
              { value: "instant", label: "Instant" },
            ]}
            onChange={(value) => set("queryType", value)}
          />
        </>
      );
    case "tempo":
      return number("limit", "Limit", "20");
    case "sql":
      return (
        <ChoiceField
          label="Format"
          value={spec.format}
          choices={FORMATS.slice(0, 2).reverse()}
          onChange={(value) => set("format", value)}
        />
      );
    default:
      return null;
  }
}

/** Grafana has two keys for what is one choice. */
function PrometheusType({ spec, set }: Pick<Props, "spec" | "set">) {
  const instant = spec.instant === true;
  const both = instant && spec.range === true;
  return (
    <ChoiceField
      label="Type"
      value={both ? "both" : instant ? "instant" : "range"}
      choices={[
        { value: "range", label: "Range" },
        { value: "instant", label: "Instant" },
        { value: "both", label: "Both" },
      ]}
      onChange={(value) => {
        set("instant", value !== "range");
        set("range", value !== "instant");
      }}
    />
  );
}
