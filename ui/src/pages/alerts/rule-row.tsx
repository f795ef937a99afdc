/** One row of the list of rules: a group with its evaluations, or a rule with its expression. */

import type { Rule, RuleGroup } from "../../api/rules";
import { Icon } from "../../components/icon";
import { QueryText } from "../../components/query-text";
import { formatItems } from "../../format/number";
import { formatDuration, queryDuration } from "../../time/duration";
import { formatAgo } from "../../time/format";
import { RowButton } from "./row-list";
import classes from "./rule-row.module.css";
import { nextMs, type RuleRow } from "./rule-rows";

interface Props {
  row: RuleRow;
  open: boolean;
  nowMs: number;
  onOpen: () => void;
}

/** Of a longer expression the details show the rest. */
const EXPR_SHOWN = 240;

export function RuleRowView({ row, open, nowMs, onOpen }: Props) {
  if (row.kind === "group")
    return <GroupRow group={row.group} open={row.open} nowMs={nowMs} onToggle={onOpen} />;
  const { rule, missing } = row;
  return (
    <div className={classes.rule}>
      <RuleMark rule={rule} missing={missing} />
      <div className={classes.name}>
        <RowButton open={open} onClick={onOpen}>
          {rule.name}
        </RowButton>
        {rule.labels.severity && <small>{rule.labels.severity}</small>}
        {rule.alerts.length > 0 && <small>{formatItems(rule.alerts.length, "alert")}</small>}
      </div>
      <span className={classes.for} title="How long the expression must hold">
        {rule.forMs > 0 ? queryDuration(rule.forMs) : ""}
      </span>
      <div className={classes.expr}>
        <QueryText query={rule.expr.slice(0, EXPR_SHOWN).replace(/\s+/g, " ")} />
      </div>
      {rule.error && <div className={classes.error}>{rule.error}</div>}
      {missing.length > 0 && <NoDataYet missing={missing} />}
    </div>
  );
}

export function NoDataYet({ missing }: { missing: string[] }) {
  const [first] = missing;
  return (
    <div className={classes.missing}>
      No data yet: {missing.length === 1 ? <>metric {first} was</> : <>metrics {missing.join(", ")} were</>}{" "}
      never received
    </div>
  );
}

export function RuleMark({ rule, missing }: { rule: Rule; missing: string[] }) {
  const [state, text] = markOf(rule, missing);
  return (
    <span className={classes.mark} data-state={state}>
      <i />
      {text}
    </span>
  );
}

function markOf({ kind, health, state }: Rule, missing: string[]): [state: string, text: string] {
  if (health === "err") return ["error", "error"];
  if (state === "firing" || state === "pending") return [state, state];
  if (missing.length > 0) return ["missing", "no data"];
  if (health === "unknown") return ["unknown", "not yet run"];
  return ["ok", kind === "recording" ? "recording" : "inactive"];
}

interface GroupProps {
  group: RuleGroup;
  open: boolean;
  nowMs: number;
  onToggle: () => void;
}

function GroupRow({ group, open, nowMs, onToggle }: GroupProps) {
  const failed = group.rules.filter(({ health }) => health === "err").length;
  const next = nextMs(group);
  return (
    <div className={classes.group}>
      <Icon name={open ? "down" : "right"} size={12} />
      <RowButton open={open} onClick={onToggle}>
        {group.name}
      </RowButton>
      <span>{formatItems(group.rules.length, "rule")}</span>
      {failed > 0 && <span className={classes.failed}>{failed} failing</span>}
      {group.language === "logql" && <span>LogQL</span>}
      <code>{group.file}</code>
      <span className={classes.timing}>
        <span>every {queryDuration(group.intervalMs)}</span>
        {group.evaluatedMs === null ? (
          <span>not evaluated yet</span>
        ) : (
          <>
            <span>evaluated {formatAgo(group.evaluatedMs, Math.max(nowMs, group.evaluatedMs))}</span>
            <span>in {formatDuration(group.durationMs)}</span>
          </>
        )}
        {next !== null && (
          <span>{next > nowMs ? `next in ${Math.ceil((next - nowMs) / 1_000)} s` : "due"}</span>
        )}
      </span>
    </div>
  );
}
