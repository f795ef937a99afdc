/** Rules: the groups of all files, their states and errors, and rules that have no data. */
import { Button, SegmentedControl } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { RULE_FILTERS, type RulesSearch } from "../../alerting-routes";
import { useRuleGroups } from "../../alerts/use-alerts";
import type { Rule, RuleGroup } from "../../api/rules";
import { EmptyState } from "../../components/empty-state";
import { FindInput } from "../../components/find-input";
import { Icon } from "../../components/icon";
import { RequestState } from "../../components/request-state";
import { useClock } from "../../components/use-clock";
import { toggled } from "../../url/search";
import classes from "./alerts.module.css";
import { NoRules } from "./no-rules";
import { AlertsPage, Split } from "./page";
import { leaveFilter, RowList } from "./row-list";
import { RuleDetails } from "./rule-details";
import { RuleRowView } from "./rule-row";
import { countRules, keyOfGroup, type Missing, type RuleRow, rowsOf } from "./rule-rows";
import { useMissing } from "./use-missing";

const route = getRouteApi("/alerts/rules");
const NO_GROUPS: RuleGroup[] = [];

export default function Rules() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (part: Partial<RulesSearch>, replace = false) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace });
  const answer = useRuleGroups();
  const groups = answer.data ?? NO_GROUPS;
  const missing = useMissing(groups);
  const shown = groups.flatMap(({ rules }) => rules).find(({ key }) => key === search.rule);
  return (
    <AlertsPage title={shown ? `${shown.name} · Rules` : "Rules"}>
      <RequestState
        fetching={answer.isFetching}
        polling={answer.data !== undefined}
        errors={[answer.error]}
        shownAtMs={answer.data ? answer.dataUpdatedAt : 0}
        cancel={() => {}}
        retry={() => void answer.refetch()}
      />
      {answer.data && groups.length === 0 && <NoRules />}
      {groups.length > 0 && (
        <>
          <Tools search={search} groups={groups} missing={missing} change={change} />
          <Split
            list={<List groups={groups} missing={missing} search={search} change={change} />}
            details={
              shown && <Details rule={shown} missing={missing} close={() => change({ rule: undefined })} />
            }
          />
        </>
      )}
    </AlertsPage>
  );
}

type Change = (part: Partial<RulesSearch>, replace?: boolean) => void;

function Details({ rule, missing, close }: { rule: Rule; missing: Missing; close: () => void }) {
  return <RuleDetails key={rule.key} rule={rule} missing={missing.get(rule.key) ?? []} close={close} />;
}

interface PartProps {
  groups: RuleGroup[];
  missing: Missing;
  search: RulesSearch;
  change: Change;
}

const LABELS: Record<(typeof RULE_FILTERS)[number], string> = {
  firing: "Firing",
  pending: "Pending",
  inactive: "Inactive",
  error: "Error",
  "no-data": "No data",
};

function Tools({ groups, missing, search, change }: PartProps) {
  const counts = useMemo(() => countRules(groups, missing), [groups, missing]);
  const keys = groups.map(keyOfGroup);
  return (
    <div className={classes.tools}>
      <FindInput
        value={search.find}
        onChange={(find) => change({ find }, true)}
        label="Filter rules"
        placeholder="Name, expression, label or file"
        group="Rules"
        onDown={leaveFilter}
      />
      <div className={classes.scrolls}>
        <SegmentedControl
          aria-label="State"
          value={search.state ?? "all"}
          onChange={(value) => change({ state: RULE_FILTERS.find((filter) => filter === value) })}
          data={[
            { value: "all", label: `All ${counts.all}` },
            ...RULE_FILTERS.map((filter) => ({
              value: filter,
              label: `${LABELS[filter]} ${counts[filter]}`,
            })),
          ]}
        />
      </div>
      <div className={classes.right}>
        {groups.length > 1 && (
          <Button onClick={() => change({ closed: search.closed ? undefined : keys }, true)}>
            {search.closed ? "Expand all" : "Collapse all"}
          </Button>
        )}
        <Button component={Link} {...({ to: "/alerts/rules/file" } as object)}>
          Files
        </Button>
        <Button
          component={Link}
          {...({ to: "/alerts/rules/new" } as object)}
          leftSection={<Icon name="plus" size={12} />}
        >
          Rule
        </Button>
      </div>
    </div>
  );
}

function List({ groups, missing, search, change }: PartProps) {
  const [selected, setSelected] = useState<string | null>(null);
  const nowMs = useClock(true);
  const rows = useMemo(() => rowsOf(groups, search, missing), [groups, search, missing]);
  const open = (row: RuleRow) => {
    if (row.kind === "group") return change({ closed: toggled(search.closed, keyOfGroup(row.group)) }, true);
    setSelected(row.key);
    change({ rule: row.key === search.rule ? undefined : row.key }, search.rule !== undefined);
  };
  if (rows.length === 0) {
    return (
      <EmptyState
        title="No rule matches the filter"
        actions={
          <Button onClick={() => change({ find: undefined, state: undefined })}>Clear the filter</Button>
        }
      >
        Words are searched in names, expressions, labels, annotations, errors and files. Remove a word, or
        choose another state.
      </EmptyState>
    );
  }
  return (
    <RowList
      rows={rows}
      what="rule"
      label="Rules"
      selected={selected}
      onSelect={setSelected}
      onOpen={open}
      openKey={search.rule}
      onClose={() => change({ rule: undefined })}
    >
      {(row) => (
        <RuleRowView row={row} open={row.key === search.rule} nowMs={nowMs} onOpen={() => open(row)} />
      )}
    </RowList>
  );
}
