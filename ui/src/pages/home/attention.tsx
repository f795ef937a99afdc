/** The answer of Home in one place: what needs attention, or that nothing is wrong, and what was checked. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { Overview } from "../../api/generated";
import { fetchTargets, type Target } from "../../api/targets";
import { Icon } from "../../components/icon";
import { Panel } from "../../components/panel";
import { formatItems } from "../../format/number";
import { useRange } from "../../time/context";
import { describeRelative } from "../../time/range";
import attentionClasses from "./attention.module.css";
import {
  type Check,
  errorFindings,
  type Finding,
  modelFindings,
  receivedFindings,
  serviceFindings,
  sorted,
  targetFindings,
} from "./findings";
import classes from "./home.module.css";
import { More } from "./more";
import type { Answered, Health } from "./use-health";

const ROWS_MAX = 8;

export function Attention({ overview, health }: { overview: Overview; health: Health }) {
  const { nowMs } = useRange();
  const targets = useQuery({
    queryKey: ["targets", nowMs],
    queryFn: ({ signal }) => fetchTargets(signal),
    placeholderData: keepPreviousData,
  });
  const active = targets.data?.active;
  const { services, errors, models, range } = health;
  const findings = sorted([
    ...serviceFindings(services.items ?? []),
    ...modelFindings(models.items ?? []),
    ...targetFindings(active ?? []),
    ...receivedFindings(overview, range.fromMs),
    ...errorFindings(errors.items ?? []),
  ]);
  const checks = [
    checkOf("services", services, (items) => formatItems(items.length, "service")),
    checkOf("errors", errors, (items) => formatItems(items.length, "group of errors", "groups of errors")),
    checkOf("LLM calls", models, (items) => formatItems(items.length, "model")),
    targetsCheck(active, targets.error),
    {
      name: "receivers",
      state: "done" as const,
      checked: formatItems(
        overview.receivers.filter(({ state }) => state === "listening").length,
        "receiver",
      ),
    },
  ];
  return (
    <Findings findings={findings}>
      {findings.length === 0 ? <Calm checks={checks} /> : <Unknown checks={checks} />}
    </Findings>
  );
}

/** The same before any data is stored: why what was sent may be missing. */
export function MissingData({ overview }: { overview: Overview }) {
  const findings = receivedFindings(overview, 0);
  return findings.length > 0 && <Findings findings={findings} />;
}

function Findings({ findings, children }: { findings: Finding[]; children?: ReactNode }) {
  const [all, setAll] = useState(false);
  return (
    <Panel title="Attention" note={findings.length > 0 ? findings.length : undefined}>
      {findings.length > 0 && (
        <ul className={attentionClasses.findings}>
          {findings.slice(0, all ? undefined : ROWS_MAX).map((finding, index) => (
            <Item key={index} finding={finding} />
          ))}
        </ul>
      )}
      <More count={findings.length} max={ROWS_MAX} all={all} show={setAll} />
      {children}
    </Panel>
  );
}

function Item({ finding: { level, subject, text, link } }: { finding: Finding }) {
  const content = (
    <>
      <b>{subject}</b> {text}
    </>
  );
  return (
    <li className={attentionClasses.finding} data-level={level}>
      <Icon name={level} size={14} />
      {link ? <Link {...link}>{content}</Link> : <span>{content}</span>}
    </li>
  );
}

function checkOf<Item>(
  name: string,
  { items, states }: Answered<Item>,
  describe: (items: Item[]) => string,
): Check {
  const failed = states.some(({ error }) => error !== null);
  const missing = states.some(({ frames }) => frames === undefined);
  return {
    name,
    state: failed ? "failed" : missing ? "running" : "done",
    checked: describe(items ?? []),
  };
}

function targetsCheck(active: Target[] | undefined, error: unknown): Check {
  const state = error ? "failed" : active ? "done" : "running";
  return { name: "targets", state, checked: formatItems(active?.length ?? 0, "target") };
}

function Calm({ checks }: { checks: Check[] }) {
  const { raw } = useRange();
  if (checks.some(({ state }) => state === "running")) {
    return <div className={classes.fine}>Checking {names(checks, "running")}…</div>;
  }
  const failed = checks.some(({ state }) => state === "failed");
  const label = describeRelative(raw);
  const where = label?.startsWith("Last ") ? `in the ${label.toLowerCase()}` : "in this time range";
  return (
    <div
      className={`${attentionClasses.finding} ${attentionClasses.calm}`}
      data-level={failed ? "warning" : "ok"}
    >
      <Icon name={failed ? "warning" : "check"} size={14} />
      <div>
        <b>{failed ? `Nothing is known to be wrong ${where}` : `Nothing is wrong ${where}`}</b>
        <span className={classes.zero}>
          Checked:{" "}
          {checks
            .filter(({ state }) => state === "done")
            .map(({ checked }) => checked)
            .join(", ")}
          .
        </span>
        {failed && <span>Not checked: {names(checks, "failed")}.</span>}
      </div>
    </div>
  );
}

/** What may also be wrong. */
function Unknown({ checks }: { checks: Check[] }) {
  const failed = names(checks, "failed");
  const running = names(checks, "running");
  if (!failed && !running) return null;
  return (
    <div className={classes.fine}>
      {failed && `Not checked: ${failed}. `}
      {running && `Checking ${running}…`}
    </div>
  );
}

function names(checks: Check[], state: Check["state"]): string {
  return checks.flatMap((check) => (check.state === state ? [check.name] : [])).join(", ");
}
