/** Stars a dashboard, so that it is first in the list. */
import { ActionIcon } from "@mantine/core";
import { Icon } from "../../components/icon";
import classes from "./dashboards.module.css";
import { useStars } from "./stars";

export function StarButton({ uid, title }: { uid: string; title: string }) {
  const { starred, toggle } = useStars();
  const on = starred.has(uid);
  return (
    <ActionIcon
      className={classes.star}
      data-on={on}
      aria-label={`Star ${title}`}
      aria-pressed={on}
      onClick={() => toggle(uid)}
    >
      <Icon name="star" size={14} />
    </ActionIcon>
  );
}
