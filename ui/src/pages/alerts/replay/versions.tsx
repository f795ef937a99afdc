/** What is replayed: the rules and the routes of one version, or of two that are compared. */
import { Button, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ReplaySearch } from "../../../alerting-routes";
import { ALERTING_KEY } from "../../../alerts/use-alerts";
import { fetchConfiguration } from "../../../api/alertmanager";
import type { RuleFileEntry } from "../../../api/generated";
import { positionIn } from "../../../api/http";
import { Icon } from "../../../components/icon";
import { Notice } from "../../../components/notice";
import { QueryEditor } from "../../../editor/query-editor";
import {
  draftOf,
  keepDraft,
  type Part,
  parameterOf,
  type Source,
  sourceText,
  VERSIONS,
  type Version,
  type VersionName,
} from "./source";
import classes from "./versions.module.css";

const PARTS: readonly Part[] = ["rules", "alertmanager"];

export type ChangeSources = (part: Partial<ReplaySearch>) => void;

interface Props {
  versions: Record<VersionName, Version | null>;
  errors: Record<VersionName, unknown>;
  files: RuleFileEntry[];
  fetching: boolean;
  change: ChangeSources;
  run: () => void;
}

export function Versions({ versions, errors, files, fetching, change, run }: Props) {
  const [drafts, setDrafts] = useState<Record<string, string>>({});
  const { A, B } = versions;
  const changed = VERSIONS.flatMap((version) =>
    PARTS.flatMap((part) => {
      const source = versions[version]?.[part];
      const draft = drafts[parameterOf(version, part)];
      return source?.kind === "text" && draft !== undefined && draft !== source.text
        ? [[parameterOf(version, part), sourceText({ kind: "text", text: draft })]]
        : [];
    }),
  );
  const start = () => {
    if (changed.length > 0) change(Object.fromEntries(changed));
    else run();
  };
  const compare = () => change({ otherRules: A ? sourceText(A.rules) : "used" });
  const end = () => change({ otherRules: undefined, otherAlertmanager: undefined });
  return (
    <div className={classes.versions} data-compared={B !== null}>
      {VERSIONS.map((version) => {
        const shown = versions[version];
        return (
          shown && (
            <VersionForm
              key={version}
              name={version}
              version={shown}
              compared={B !== null}
              error={errors[version]}
              files={files}
              drafts={drafts}
              change={change}
              write={(parameter, text) => setDrafts((before) => ({ ...before, [parameter]: text }))}
              run={start}
            />
          )
        );
      })}
      <div className={classes.buttons}>
        <Button
          variant={changed.length > 0 ? "filled" : "default"}
          loading={fetching}
          title="Run (Ctrl Enter in a text)"
          onClick={start}
        >
          Run
        </Button>
        {B ? (
          <Button onClick={end}>End the comparison</Button>
        ) : (
          <Button leftSection={<Icon name="plus" size={12} />} onClick={compare}>
            Compare with…
          </Button>
        )}
        <span className={classes.hint} role="status">
          {changed.length > 0 ? "The text has changed since the last run." : ""}
        </span>
      </div>
    </div>
  );
}

interface FormProps {
  name: VersionName;
  version: Version;
  compared: boolean;
  error: unknown;
  files: RuleFileEntry[];
  drafts: Record<string, string>;
  change: ChangeSources;
  write: (parameter: string, text: string) => void;
  run: () => void;
}

function VersionForm({ name, version, compared, error, files, drafts, change, write, run }: FormProps) {
  const configuration = useConfiguration();
  const { rules } = version;
  const fileText = rules.kind === "file" ? files.find(({ file }) => file === rules.file)?.content : undefined;
  const choose = (part: Part, source: Source) =>
    change({
      [parameterOf(name, part)]: name === "A" && source.kind === "used" ? undefined : sourceText(source),
    });
  /** Begins with what was chosen before. */
  const begin = (part: Part) => {
    const now = part === "rules" ? fileText : configuration;
    const text = now ?? draftOf(name, part) ?? "";
    write(parameterOf(name, part), text);
    choose(part, { kind: "text", text });
  };
  const suffix = compared ? ` of ${name}` : "";
  return (
    <section
      className={classes.version}
      data-text={PARTS.some((part) => version[part].kind === "text")}
      aria-label={compared ? `Version ${name}` : "Version"}
    >
      <div className={classes.choices}>
        {compared && <b>{name}</b>}
        <Select
          label={`Rules${suffix}`}
          searchable={files.length > 8}
          value={choiceOf(rules)}
          allowDeselect={false}
          data={[
            { value: "used", label: "All in use" },
            ...fileChoices(files, rules),
            { value: "text", label: "A text" },
          ]}
          onChange={(value) => {
            if (value === "text") begin("rules");
            else if (value)
              choose("rules", value === "used" ? { kind: "used" } : { kind: "file", file: value.slice(5) });
          }}
        />
        <Select
          label={`Alertmanager configuration${suffix}`}
          value={choiceOf(version.alertmanager)}
          allowDeselect={false}
          data={[
            { value: "used", label: "The one in use" },
            { value: "text", label: "A text" },
          ]}
          onChange={(value) =>
            value === "text" ? begin("alertmanager") : choose("alertmanager", { kind: "used" })
          }
        />
      </div>
      {PARTS.map((part) => {
        const source = version[part];
        if (source.kind !== "text") return null;
        const parameter = parameterOf(name, part);
        const text = drafts[parameter] ?? source.text ?? "";
        const position = text === source.text && isOf(part, error) ? positionIn(error) : null;
        return (
          <div key={part} className={classes.editor}>
            {source.text === null && (
              <Notice>
                The text of this link is too long for an address: only the browser tab in which it was written
                has it. Paste it here.
              </Notice>
            )}
            <QueryEditor
              language="yaml"
              label={`${part === "rules" ? "Text of the rules" : "Text of alertmanager.yml"}${suffix}`}
              placeholder={PLACEHOLDERS[part]}
              value={text}
              rows={6}
              errorPosition={
                position && { ...position, message: error instanceof Error ? error.message : "" }
              }
              onChange={(changed) => {
                write(parameter, changed);
                keepDraft(name, part, changed);
              }}
              onRun={run}
            />
          </div>
        );
      })}
    </section>
  );
}

const PLACEHOLDERS: Record<Part, string> = {
  rules:
    "groups:\n  - name: example\n    rules:\n      - alert: HighErrorRate\n        expr: rate(errors_total[5m]) > 1",
  alertmanager: "route:\n  receiver: default\nreceivers:\n  - name: default",
};

/** Which text has the mistake. */
function isOf(part: Part, error: unknown): boolean {
  const named = error instanceof Error && error.message.includes("alertmanager.yml:");
  return named === (part === "alertmanager");
}

function choiceOf(source: Source): string {
  return source.kind === "file" ? `file:${source.file}` : source.kind;
}

/** A file of the URL may be gone. */
function fileChoices(files: RuleFileEntry[], chosen: Source) {
  const names = files.map(({ file }) => file);
  const all = chosen.kind === "file" && !names.includes(chosen.file) ? [...names, chosen.file] : names;
  return all.map((file) => ({ value: `file:${file}`, label: file }));
}

/** The text of the configuration in use. */
function useConfiguration(): string | undefined {
  const answer = useQuery({
    queryKey: [ALERTING_KEY, "configuration"],
    queryFn: ({ signal }) => fetchConfiguration(signal),
    retry: false,
  });
  return answer.data || undefined;
}
