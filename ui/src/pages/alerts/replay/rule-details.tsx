/** The details of a replayed rule: each of its alerts with its episodes, of both versions below one another. */
import { ActionIcon } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { summaryOf } from "../../../alerts/alert";
import type { ReplayedEpisode, ReplayedRule } from "../../../api/generated";
import { CopyButton } from "../../../components/copy-button";
import { Icon } from "../../../components/icon";
import { Panel } from "../../../components/panel";
import { formatItems } from "../../../format/number";
import { useRange } from "../../../time/context";
import { formatDuration } from "../../../time/duration";
import classes from "../details.module.css";
import { episodeText, Lane, labelText, peakText } from "./lane";
import { type AlertLanes, alertLanes, type RuleRow } from "./rows";
import ownClasses from "./rule-details.module.css";
import { Failures } from "./rule-row";
import type { VersionName } from "./source";

const ALERTS_MAX = 50;
const EPISODES_MAX = 20;

interface Props {
  row: RuleRow;
  versions: readonly VersionName[];
  close: () => void;
}

export function ReplayedRuleDetails({ row: { name, group, rules }, versions, close }: Props) {
  const alerts = alertLanes(rules);
  const compared = versions.length > 1;
  return (
    <Panel className={classes.panel}>
      <header className={classes.header}>
        <h2>{name}</h2>
        <span className={classes.severity}>{group}</span>
        <Link to="/alerts/rules" search={{ find: name }}>
          The rule in use
        </Link>
        <span className={classes.actions}>
          <CopyButton text={() => window.location.href} label="Copy a link to the replay" icon="link" />
          <ActionIcon size={24} aria-label="Close the details" title="Close (Esc)" onClick={close}>
            <Icon name="close" size={13} />
          </ActionIcon>
        </span>
      </header>
      <div className={classes.body}>
        {versions.map((version) => {
          const rule = rules[version];
          return (
            <div key={version}>
              <p className={classes.facts}>
                {compared && <b>{version}</b>}
                {rule ? <Facts rule={rule} /> : <span>The rule is not in this version.</span>}
              </p>
              <Failures rule={rule} version={null} />
            </div>
          );
        })}
        {alerts.slice(0, ALERTS_MAX).map((alert) => (
          <Alert key={alert.key} alert={alert} versions={versions} />
        ))}
        {alerts.length > ALERTS_MAX && (
          <p className={classes.faint}>
            The first {ALERTS_MAX} of {formatItems(alerts.length, "alert")}.
          </p>
        )}
        {alerts.length === 0 && (
          <p className={classes.faint}>
            No alert was active in this time range. Select a longer one, or look at the expression in Explore.
          </p>
        )}
      </div>
    </Panel>
  );
}

function Facts({ rule }: { rule: ReplayedRule }) {
  const { active_total, fired_total, firing_s, file } = rule;
  return (
    <>
      <span>{active_total} active</span>
      <span>{fired_total} fired</span>
      {firing_s > 0 && <span>for {formatDuration(firing_s * 1_000)}</span>}
      <code>{file}</code>
    </>
  );
}

function Alert({ alert, versions }: { alert: AlertLanes; versions: readonly VersionName[] }) {
  const shown = versions.flatMap((version) => alert.episodes[version]).at(-1);
  const summary = shown ? summaryOf(shown) : "";
  return (
    <section className={classes.section}>
      <h3>{labelText(alert)}</h3>
      {summary && <p className={classes.faint}>{summary}</p>}
      {versions.map((version) => (
        <Episodes
          key={version}
          version={versions.length > 1 ? version : null}
          episodes={alert.episodes[version]}
        />
      ))}
    </section>
  );
}

function Episodes({ version, episodes }: { version: VersionName | null; episodes: ReplayedEpisode[] }) {
  const { range, zone } = useRange();
  return (
    <div className={ownClasses.episodes}>
      {version && <b>{version}</b>}
      <Lane episodes={episodes} />
      <ul>
        {episodes.slice(0, EPISODES_MAX).map((episode) => (
          <li key={episode.active_unix_ms}>
            <span>{episodeText(episode, range, zone)}</span>
            <span>peak {peakText(episode)}</span>
          </li>
        ))}
        {episodes.length > EPISODES_MAX && (
          <li>
            The first {EPISODES_MAX} of {formatItems(episodes.length, "episode")}.
          </li>
        )}
        {episodes.length === 0 && <li>Never active.</li>}
      </ul>
    </div>
  );
}
