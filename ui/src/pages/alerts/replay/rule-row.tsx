/** A row of the list of rules: what each version would have done, over one time axis, which is above the list. */
import { useElementSize } from "@mantine/hooks";
import type { ReplayedRule } from "../../../api/generated";
import { formatItems } from "../../../format/number";
import { TIME_AXIS, TimeAxis } from "../../../panels/axes";
import { useRange } from "../../../time/context";
import { formatDuration } from "../../../time/duration";
import { RowButton } from "../row-list";
import { Lane } from "./lane";
import type { Both, RuleRow } from "./rows";
import classes from "./rule-row.module.css";
import type { VersionName } from "./source";

export function RuleHead({ compared }: { compared: boolean }) {
  const { range, zone } = useRange();
  const { ref, width } = useElementSize<HTMLDivElement>();
  return (
    <div className={classes.head}>
      <div className={classes.row} data-compared={compared}>
        <span className={classes.name}>
          Rule
          <span className={classes.legend}>
            <i data-state="pending" />
            pending
            <i data-state="firing" />
            firing
          </span>
        </span>
        <div className={classes.line}>
          {compared && <span />}
          <span className={classes.count}>Active</span>
          <span className={classes.count}>Fired</span>
          <span className={classes.count}>Firing for</span>
          <div ref={ref} className={classes.over}>
            <svg width={width} height={TIME_AXIS} aria-hidden="true">
              <TimeAxis plot={{ left: 0, top: 0, width, height: 0 }} range={range} zone={zone} />
            </svg>
          </div>
        </div>
      </div>
    </div>
  );
}

interface Props {
  row: RuleRow;
  versions: readonly VersionName[];
  open: boolean;
  onOpen: () => void;
}

export function RuleRowView({ row, versions, open, onOpen }: Props) {
  const { name, group, isAlerting, rules } = row;
  return (
    <div className={classes.row} data-compared={versions.length > 1}>
      <div className={classes.name}>
        <RowButton open={open} onClick={onOpen}>
          {name}
        </RowButton>
        <small>{isAlerting ? group : "records a series"}</small>
      </div>
      {versions.map((version) => (
        <Line key={version} version={version} rules={rules} compared={versions.length > 1} onOpen={onOpen} />
      ))}
      {versions.map((version) => (
        <Failures key={version} rule={rules[version]} version={versions.length > 1 ? version : null} />
      ))}
    </div>
  );
}

interface LineProps {
  version: VersionName;
  rules: Both<ReplayedRule>;
  compared: boolean;
  onOpen: () => void;
}

function Line({ version, rules, compared, onOpen }: LineProps) {
  const rule = rules[version];
  const badge = compared && <b className={classes.badge}>{version}</b>;
  if (!rule) {
    return (
      <div className={classes.line}>
        {badge}
        <span className={classes.absent}>not in {version}</span>
      </div>
    );
  }
  if (!rule.is_alerting) {
    return (
      <div className={classes.line}>
        {badge}
        <span className={classes.absent}>makes no alerts</span>
      </div>
    );
  }
  const { active_total, fired_total, firing_s } = rule;
  return (
    <div className={classes.line}>
      {badge}
      <span className={classes.count}>{active_total || "–"}</span>
      <span className={classes.count} data-fired={fired_total > 0}>
        {fired_total || "–"}
      </span>
      <span className={classes.count}>{firing_s > 0 ? formatDuration(firing_s * 1_000) : "–"}</span>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button of the row is for the keyboard */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the button of the row is for the keyboard */}
      <div className={classes.over} onClick={onOpen}>
        <Lane episodes={rule.episodes} />
      </div>
    </div>
  );
}

/** How many evaluations failed, and why. */
export function Failures({ rule, version }: { rule: ReplayedRule | null; version: VersionName | null }) {
  if (!rule || rule.failures === 0) return null;
  return (
    <p className={classes.failures}>
      {version && `${version}: `}
      {formatItems(rule.failures, "evaluation")} failed{rule.last_failure ? `: ${rule.last_failure}` : ""}
    </p>
  );
}
