/** The settings of a dashboard: its texts and times, its variables, links and annotations. */
import { Button, SegmentedControl } from "@mantine/core";
import type { DashboardEntry } from "../../../api/generated";
import { Icon } from "../../../components/icon";
import { usePageTitle } from "../../../components/use-page-title";
import type { DashboardSearch } from "../../../routes";
import { useBoard } from "../board";
import { SaveProblem, UnsavedActions } from "../unsaved";
import { Annotations } from "./annotations";
import { General } from "./general";
import { Links } from "./links";
import classes from "./settings.module.css";
import { Variables } from "./variables";
import { SETTINGS_VIEWS } from "./views";

type View = NonNullable<DashboardSearch["edit"]>;

interface Props {
  entry: DashboardEntry;
  view: View;
  show: (view: View | undefined) => void;
}

export default function Settings({ entry, view, show }: Props) {
  const { context, draft } = useBoard();
  const { title } = context.dashboard;
  usePageTitle(`Settings · ${title}`);
  return (
    <div className={classes.settings}>
      <div className={classes.bar} role="group" aria-label="Settings of the dashboard">
        <Button
          leftSection={<Icon name="left" size={11} />}
          onClick={() => show(undefined)}
          title="Back (Esc)"
        >
          Back
        </Button>
        <h2>{title}</h2>
        <SegmentedControl
          aria-label="Settings"
          value={view}
          data={[...SETTINGS_VIEWS]}
          onChange={(next) => show(next as View)}
        />
        <div className={classes.end}>
          <UnsavedActions entry={entry} draft={draft} />
        </div>
      </div>
      <SaveProblem entry={entry} draft={draft} />
      {view === "settings" && <General entry={entry} />}
      {view === "variables" && <Variables />}
      {view === "links" && <Links />}
      {view === "annotations" && <Annotations />}
    </div>
  );
}
