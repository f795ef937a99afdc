/** A panel of a dashboard: its title, its data, and what a person can do with it. Its errors stay inside it. */
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { CatchBoundary, useNavigate } from "@tanstack/react-router";
import { memo, useEffect, useMemo, useRef } from "react";
import { ErrorMessage } from "../../components/error-message";
import { Icon } from "../../components/icon";
import type { PanelModel } from "../../dashboards/model";
import type { Scoped } from "../../dashboards/repeat";
import type { PanelContext } from "../../dashboards/requests";
import { linkUrl, titleText } from "../../dashboards/scope";
import type { Frame } from "../../data/frame";
import { NoData } from "../../panels/no-data";
import { PanelView } from "../../panels/panel-view";
import { PanelTime } from "../../time/panel-time";
import { absolute } from "../../time/range";
import { QueryContext } from "../../values/query-context";
import { useBoard } from "./board";
import classes from "./board.module.css";
import { type ExploreLink, exploreLinks } from "./explore";
import { PanelHeader } from "./panel-header";
import { usePanelAnnotations } from "./use-annotations";
import { type PanelData, usePanelData } from "./use-panel-data";
import { useVisible } from "./use-visible";

interface Props {
  id: string;
  /** Its key in the dashboard. */
  panel: string;
  scoped: Scoped;
  /** Receives what the panel shows. */
  onFrames?: (frames: Frame[]) => void;
}

export const DashboardPanel = memo(function DashboardPanel({ panel: key, ...rest }: Props) {
  const { context } = useBoard();
  const panel = context.dashboard.panels[key];
  return panel ? <ShownPanel {...rest} panel={panel} /> : null;
});

function ShownPanel({ id, panel, scoped, onFrames }: Omit<Props, "panel"> & { panel: PanelModel }) {
  const board = useBoard();
  const navigate = useNavigate();
  const { ref: measured, width } = useElementSize<HTMLDivElement>();
  const element = useRef<HTMLDivElement>(null);
  const ref = useMergedRef(measured, element);
  const context = useShownContext(scoped, Math.round(width), useVisible(element));
  const data = usePanelData(panel, context);
  const { frames } = data;
  useEffect(() => onFrames?.(frames), [onFrames, frames]);
  const own = useMemo(() => ({ ...board.context, scoped }), [board.context, scoped]);
  const title = titleText(panel.title, own);
  const links = data.asked ? exploreLinks(data.asked, board.context) : [];
  const explore = (link: ExploreLink | undefined) => link && void navigate(link);
  const become = () => board.setCurrent({ id, explore: () => explore(links[0]) });
  return (
    // Not a landmark: a dashboard has many panels, some of the same name.
    <div
      ref={ref}
      role="group"
      className={classes.panel}
      data-transparent={panel.transparent}
      aria-label={title || "Panel"}
      data-panel={id}
      onPointerEnter={become}
      onPointerLeave={() => board.setCurrent(null)}
      onFocus={become}
    >
      {(data.fetching || board.pending) && (
        <div className={classes.fetching} aria-hidden="true" data-fetching />
      )}
      <PanelHeader id={id} panel={panel} title={title} context={own} data={data} explore={links} />
      <div className={classes.body}>
        <PanelBody panel={panel} context={own} data={data} />
      </div>
    </div>
  );
}

/** What the panel is shown with; while it is far from the window, what it was shown with before. */
function useShownContext(scoped: Scoped, widthPx: number, visible: boolean): PanelContext | null {
  const { context, pending } = useBoard();
  const shown = useRef<PanelContext | null>(null);
  const current = useMemo(() => ({ ...context, scoped, widthPx }), [context, scoped, widthPx]);
  if (visible && widthPx > 0 && !pending) shown.current = current;
  return shown.current;
}

interface BodyProps {
  panel: PanelModel;
  context: Omit<PanelContext, "widthPx">;
  data: PanelData;
}

function PanelBody({ panel, context, data }: BodyProps) {
  const { asked, frames, problems, errors, answered, retry } = data;
  const actions = useMemo(() => ({ link: (url: string) => linkUrl(url, context) }), [context]);
  const values = useMemo(() => (asked ? { range: absolute(asked.range) } : {}), [asked]);
  const annotations = usePanelAnnotations(panel);
  const options = useMemo(() => optionsOf(panel, context), [panel, context]);
  if (!asked) return null;
  const nothing = frames.every(({ length }) => length === 0);
  if (nothing && errors.length > 0) return <ErrorMessage error={errors[0]} retry={retry} />;
  if (nothing && problems.length > 0) return <Problems problems={problems} />;
  if (!answered && nothing) return <div className={classes.loading}>Loading…</div>;
  if (nothing && WITHOUT_ROWS.has(panel.type)) return <NoData frames={frames} />;
  return (
    <CatchBoundary
      getResetKey={() => panel.key}
      errorComponent={({ error }) => <ErrorMessage error={error} />}
    >
      <PanelTime timeFrom={panel.timeFrom} timeShift={panel.timeShift}>
        <QueryContext value={values}>
          <PanelView {...{ frames, annotations, options, actions }} type={panel.type} />
        </QueryContext>
      </PanelTime>
    </CatchBoundary>
  );
}

/** Types that would draw nothing, and not say why. */
const WITHOUT_ROWS = new Set(["timeseries", "table", "logs"]);

/** The text of a text panel has variables. */
function optionsOf({ type, options }: PanelModel, context: BodyProps["context"]): Record<string, unknown> {
  const { content } = options;
  return type === "text" && typeof content === "string"
    ? { ...options, content: titleText(content, context) }
    : options;
}

function Problems({ problems }: { problems: string[] }) {
  return (
    <div className={classes.problems} role="note">
      <Icon name="warning" size={14} />
      <div>
        {problems.map((problem) => (
          <p key={problem}>{problem}</p>
        ))}
      </div>
    </div>
  );
}
