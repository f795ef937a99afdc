/** The answer of a replay: the sums, and below them the rules or the messages. */
import { Button, SegmentedControl } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { ReplaySearch } from "../../../alerting-routes";
import { EmptyState } from "../../../components/empty-state";
import { FindInput } from "../../../components/find-input";
import { formatItems } from "../../../format/number";
import { formatDuration } from "../../../time/duration";
import classes from "../alerts.module.css";
import { Split } from "../page";
import { leaveFilter, RowList } from "../row-list";
import { MessageDetails } from "./message-details";
import { Integrations, Messages, NoMessages } from "./messages";
import ownClasses from "./result.module.css";
import { type Answers, messageRows, type RuleRow, ruleRows, sumOf } from "./rows";
import { ReplayedRuleDetails } from "./rule-details";
import { RuleHead, RuleRowView } from "./rule-row";
import type { VersionName } from "./source";

interface Props {
  answers: Answers;
  versions: readonly VersionName[];
  search: ReplaySearch;
  change: (part: Partial<ReplaySearch>, replace?: boolean) => void;
}

export function Result({ answers, versions, search, change }: Props) {
  const known = versions.filter((version) => answers[version] !== null);
  if (known.length === 0) return null;
  if (known.every((version) => answers[version]?.rules.length === 0)) return <NoRules />;
  const toMessages = search.list === "messages";
  return (
    <>
      <Sums answers={answers} versions={versions} />
      <div className={classes.tools}>
        <SegmentedControl
          aria-label="Show"
          value={search.list ?? "rules"}
          onChange={(value) => change({ list: value === "messages" ? value : undefined, open: undefined })}
          data={[
            { value: "rules", label: "Rules" },
            { value: "messages", label: "Messages" },
          ]}
        />
        <FindInput
          value={search.find}
          onChange={(find) => change({ find }, true)}
          label={toMessages ? "Filter messages" : "Filter rules"}
          placeholder="Name, label or receiver"
          group={toMessages ? "Messages" : "Rules"}
          onDown={leaveFilter}
        />
        <span className={ownClasses.hint}>
          At the start of the range nothing is active, and nobody is notified.
        </span>
      </div>
      <div className={ownClasses.list}>
        {toMessages ? (
          <MessageList answers={answers} versions={versions} search={search} change={change} />
        ) : (
          <RuleList answers={answers} versions={versions} search={search} change={change} />
        )}
      </div>
    </>
  );
}

/** The numbers of each version. */
function Sums({ answers, versions }: Pick<Props, "answers" | "versions">) {
  return (
    <div className={ownClasses.sums} role="status">
      {versions.map((version) => {
        const answer = answers[version];
        if (!answer) return null;
        const { fired, firingMs, failures } = sumOf(answer);
        const after = versions.length > 1 ? ` with ${version}` : "";
        return (
          <p key={version}>
            <b>
              {formatItems(answer.notifications_total, "message")}
              {after}
            </b>
            <span>{fired === 1 ? "1 alert fired" : `${formatItems(fired, "alert")} fired`}</span>
            {firingMs > 0 && <span>for {formatDuration(firingMs)} in all</span>}
            {failures > 0 && (
              <span className={ownClasses.failed}>{formatItems(failures, "evaluation")} failed</span>
            )}
          </p>
        );
      })}
    </div>
  );
}

function RuleList({ answers, versions, search, change }: Props) {
  const [selected, setSelected] = useState<string | null>(null);
  const rows = useMemo(() => ruleRows(answers, search.find), [answers, search.find]);
  const shown = useMemo(
    () => ruleRows(answers).find(({ key }) => key === search.open),
    [answers, search.open],
  );
  const close = () => change({ open: undefined });
  const open = ({ key }: RuleRow) => {
    setSelected(key);
    change({ open: key === search.open ? undefined : key }, search.open !== undefined);
  };
  if (rows.length === 0) {
    return (
      <EmptyState
        title="No rule matches the filter"
        actions={<Button onClick={() => change({ find: undefined })}>Clear the filter</Button>}
      >
        Words are searched in names, groups, files, failures and the labels of alerts.
      </EmptyState>
    );
  }
  return (
    <Split
      list={
        <>
          <RuleHead compared={versions.length > 1} />
          <RowList
            rows={rows}
            what="rule"
            label="Rules"
            selected={selected}
            onSelect={setSelected}
            onOpen={open}
            openKey={search.open}
            onClose={close}
          >
            {(row) => (
              <RuleRowView
                row={row}
                versions={versions}
                open={row.key === search.open}
                onOpen={() => open(row)}
              />
            )}
          </RowList>
        </>
      }
      details={shown && <ReplayedRuleDetails row={shown} versions={versions} close={close} />}
    />
  );
}

function MessageList({ answers, versions, search, change }: Props) {
  const rows = useMemo(() => messageRows(answers, search.find), [answers, search.find]);
  const shown = useMemo(
    () => messageRows(answers).find(({ key }) => key === search.open),
    [answers, search.open],
  );
  const fired = versions.reduce((sum, version) => {
    const answer = answers[version];
    return sum + (answer ? sumOf(answer).fired : 0);
  }, 0);
  const all = versions.reduce((sum, version) => sum + (answers[version]?.notifications_total ?? 0), 0);
  const listed = versions.reduce((sum, version) => sum + (answers[version]?.notifications.length ?? 0), 0);
  const open = (key: string | undefined) => change({ open: key }, search.open !== undefined);
  return (
    <Split
      list={
        <>
          <Integrations answers={answers} versions={versions} />
          {all > listed && (
            <p className={ownClasses.hint}>
              The first {formatItems(listed, "message")} of {all.toLocaleString("en")} are listed.
            </p>
          )}
          {rows.length === 0 ? (
            <NoMessages fired={fired} filtered={listed > 0} clear={() => change({ find: undefined })} />
          ) : (
            <Messages rows={rows} versions={versions} openKey={search.open} open={open} />
          )}
        </>
      }
      details={
        shown && <MessageDetails row={shown} compared={versions.length > 1} close={() => open(undefined)} />
      }
    />
  );
}

function NoRules() {
  return (
    <EmptyState
      title="There are no rules to replay"
      actions={
        <Button component={Link} {...({ to: "/alerts/rules/new" } as object)}>
          Write a rule
        </Button>
      }
    >
      No rules are in use, or the text has none. Choose “A text” under Rules and paste the groups of a file of
      rules.
    </EmptyState>
  );
}
