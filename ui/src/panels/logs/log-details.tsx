/** The details of a log line: its text, its fields with filters, and links to its trace and context. */
import { Link, useRouter } from "@tanstack/react-router";
import { useMemo } from "react";
import { CopyButton } from "../../components/copy-button";
import { stringifyJson } from "../../format/exact-json";
import { withoutNoise } from "../../format/number";
import type { FieldKind } from "../../query/logql";
import type { LogsSearch } from "../../routes";
import { useRange } from "../../time/context";
import { formatInstant } from "../../time/format";
import { absolute } from "../../time/range";
import { ALL_LOGS, serviceLogs } from "../../url/links";
import { ValueMenu } from "../../values/value-menu";
import { type Field, fieldsOf, lineText, type ReadLine, scopedValue } from "./line";
import { Highlighted } from "./log-list";
import classes from "./logs.module.css";

const CONTEXT_MS = 5_000;
const TEXT_LENGTH_MAX = 65_536;

const KINDS: Record<FieldKind, string> = {
  json: "line",
  parsed: "parsed",
  metadata: "metadata",
  stream: "stream",
};

interface Props {
  line: ReadLine;
  terms: string[];
}

export function LogDetails({ line, terms }: Props) {
  const { zone } = useRange();
  const fields = useMemo(() => fieldsOf(line), [line]);
  /** The lines around this one, which is opened among them; of the current query when none is given. */
  const around = (query: string | undefined) => (before: LogsSearch) => ({
    ...before,
    ...(query === undefined ? {} : { query }),
    ...absolute({ fromMs: line.timeMs - CONTEXT_MS, toMs: line.timeMs + CONTEXT_MS }),
    line: line.key,
  });
  const router = useRouter();
  const lineAddress = () =>
    router.buildLocation({ to: "/explore/logs", search: around(undefined) as never }).href;
  const text = useMemo(() => (line.json ? stringifyJson(line.json, 2) : line.message), [line]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Enter is for the links in it, and not for the list
    <div className={classes.details} onKeyDown={(event) => event.key === "Enter" && event.stopPropagation()}>
      <div className={classes.detailHead}>
        <span>{formatInstant(line.timeMs, zone, true)}</span>
        {line.traceId && (
          <Link
            to="/trace/$traceId"
            params={{ traceId: line.traceId }}
            search={line.spanId ? { span: line.spanId } : {}}
          >
            Open trace
          </Link>
        )}
        {line.service && (
          <Link to="/explore/logs" search={around(serviceLogs(line.service))}>
            Show context
          </Link>
        )}
        <Link to="/explore/logs" search={around(ALL_LOGS)}>
          Context of all services
        </Link>
        <span className={classes.copies}>
          <Link to="/explore/logs" search={around(undefined)}>
            Link to this line
          </Link>
          <CopyButton
            icon="link"
            label="Copy a link to this line"
            text={() => new URL(lineAddress(), window.location.href).href}
          />
          <CopyButton label="Copy the line" text={() => lineText(line)} />
        </span>
      </div>
      <pre className={classes.pretty}>
        <Highlighted text={text.slice(0, TEXT_LENGTH_MAX)} terms={terms} />
        {text.length > TEXT_LENGTH_MAX &&
          `\n… ${text.length - TEXT_LENGTH_MAX} more characters; copy the line to see them`}
      </pre>
      {fields.length > 0 && (
        <table className={classes.fields}>
          <tbody>
            {fields.map((field, index) => (
              <FieldRow key={`${field.kind} ${field.name} ${index}`} field={field} line={line} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function FieldRow({ field, line }: { field: Field; line: ReadLine }) {
  const { kind, name, text } = field;
  return (
    <tr>
      <td className={classes.fieldTools}>
        <ValueMenu label={name} values={() => [scopedValue(field, line)]} />
      </td>
      <td className={classes.fieldName}>{name}</td>
      <td className={classes.fieldValue}>{withoutNoise(text).slice(0, 8_000)}</td>
      <td className={classes.kind}>{KINDS[kind]}</td>
    </tr>
  );
}
