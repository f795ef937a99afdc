/** The head of a panel: title, description, links, its own time range, what is wrong, and its menu. */
import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { Icon } from "../../components/icon";
import { duplicatedPanel, removedPanel } from "../../dashboards/edit/layout";
import type { PanelModel } from "../../dashboards/model";
import { type DashboardContext, titleText } from "../../dashboards/scope";
import { target } from "../../panels/linked";
import { addressOf } from "./addresses";
import { useBoard } from "./board";
import classes from "./board.module.css";
import type { ExploreLink } from "./explore";
import type { PanelData } from "./use-panel-data";

interface Props {
  id: string;
  panel: PanelModel;
  title: string;
  context: DashboardContext;
  data: PanelData;
  explore: ExploreLink[];
}

export function PanelHeader(props: Props) {
  const { panel, title, context, data } = props;
  const wrong = [...data.errors.map(messageOf), ...data.problems];
  return (
    <header className={classes.head} data-bare={title === ""}>
      {title !== "" && <h3 title={title}>{title}</h3>}
      {panel.description && <Description text={titleText(panel.description, context)} />}
      {panel.links.map((link, index) => {
        const url = addressOf(link, context);
        const name = titleText(link.title, context) || url;
        return url === null || name === null ? null : (
          <a
            key={index}
            className={classes.headLink}
            href={url}
            title={name}
            aria-label={name}
            {...target({ title: name, url, newTab: link.newTab })}
          >
            <Icon name="link" size={12} />
          </a>
        );
      })}
      <TimeOverride panel={panel} />
      {wrong.length > 0 && (
        <Tooltip label={wrong.join("\n")} multiline maw={420} style={{ whiteSpace: "pre-wrap" }}>
          <span className={classes.wrong} role="img" aria-label={wrong.join(" ")}>
            <Icon name="warning" size={13} />
          </span>
        </Tooltip>
      )}
      <PanelMenu {...props} />
    </header>
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Shown at the pointer and at the focus of the keyboard. */
function Description({ text }: { text: string }) {
  return (
    <Tooltip label={text} multiline maw={380} style={{ whiteSpace: "pre-wrap" }} events={ALL_EVENTS}>
      <button type="button" className={classes.info} aria-label={`Description: ${text}`}>
        <Icon name="info" size={13} />
      </button>
    </Tooltip>
  );
}

const ALL_EVENTS = { hover: true, focus: true, touch: true };

function TimeOverride({ panel: { timeFrom, timeShift, hideTimeOverride } }: { panel: PanelModel }) {
  if (hideTimeOverride || (timeFrom === "" && timeShift === "")) return null;
  const own = timeFrom.startsWith("now") ? `since ${timeFrom}` : `Last ${timeFrom}`;
  const parts = [timeFrom && own, timeShift && `${timeShift} earlier`];
  return <small className={classes.time}>{parts.filter(Boolean).join(", ")}</small>;
}

/** Draws the panel of the menu. */
function drawn(event: React.MouseEvent, title: string, as: "downloadImage" | "copyImage"): void {
  const panel = event.currentTarget.closest<HTMLElement>("[data-panel]");
  if (panel) void import("./panel-image/image").then((module) => module[as](panel, title));
}

const ShareDialog = lazy(() => import("./share-dialog"));

function PanelMenu({ id, panel, title, explore }: Props) {
  const board = useBoard();
  const { draft } = board;
  const [sharing, setSharing] = useState(false);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon className={classes.more} size={22} aria-label={`Menu of ${title || "the panel"}`}>
            <Icon name="more" size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item rightSection={<kbd>v</kbd>} onClick={() => board.view(id)}>
            View
          </Menu.Item>
          <Menu.Item rightSection={<kbd>e</kbd>} onClick={() => board.edit(id)}>
            Edit
          </Menu.Item>
          <Menu.Item rightSection={<kbd>i</kbd>} onClick={() => board.inspect(id)}>
            Inspect
          </Menu.Item>
          {explore.map(({ label, to, search }, index) => (
            <Menu.Item
              key={index}
              component={Link}
              to={to}
              search={search as never}
              {...(index === 0 ? { rightSection: <kbd>x</kbd> } : {})}
            >
              {label}
            </Menu.Item>
          ))}
          <Menu.Item onClick={() => setSharing(true)}>Share…</Menu.Item>
          <Menu.Item onClick={(event) => drawn(event, title, "downloadImage")}>Download as PNG</Menu.Item>
          <Menu.Item onClick={(event) => drawn(event, title, "copyImage")}>Copy as image</Menu.Item>
          <Menu.Divider />
          <Menu.Item onClick={() => draft.change((json) => duplicatedPanel(json, panel.key).json)}>
            Duplicate
          </Menu.Item>
          <Menu.Item onClick={() => draft.change((json) => removedPanel(json, panel.key))}>Remove</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense fallback={null}>
        {sharing && <ShareDialog panel={id} close={() => setSharing(false)} />}
      </Suspense>
    </>
  );
}
