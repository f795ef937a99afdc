/** The links of a dashboard: single ones, and those to all dashboards with some tags. */
import { Button, Menu } from "@mantine/core";
import { Icon } from "../../components/icon";
import type { LinkModel } from "../../dashboards/model";
import { titleText } from "../../dashboards/scope";
import { useDashboardList } from "../../data/dashboard-list";
import { target } from "../../panels/linked";
import { addressOf, dashboardAddress } from "./addresses";
import { useBoard } from "./board";

export function DashboardLinks({ links }: { links: LinkModel[] }) {
  const { context } = useBoard();
  return links.map((link, index) => {
    if (link.type === "dashboards") return <TaggedLinks key={index} link={link} />;
    const url = addressOf(link, context);
    return url === null ? null : (
      <Button
        key={index}
        component="a"
        href={url}
        title={link.tooltip || url}
        leftSection={<Icon name="link" size={12} />}
        {...target({ title: link.title, url, newTab: link.newTab })}
      >
        {titleText(link.title, context) || url}
      </Button>
    );
  });
}

function TaggedLinks({ link }: { link: LinkModel }) {
  const { context } = useBoard();
  const answer = useDashboardList();
  const found = (answer.data?.dashboards ?? []).filter(
    ({ uid, tags }) => uid !== context.dashboard.uid && link.tags.every((tag) => tags.includes(tag)),
  );
  if (found.length === 0) return null;
  const items = found.map(({ uid, title }) => ({ title, url: dashboardAddress(uid, link, context) }));
  const newTab = target({ title: "", url: "", newTab: link.newTab });
  if (!link.asDropdown)
    return items.map(({ title, url }) => (
      <Button
        key={url}
        component="a"
        href={url}
        leftSection={<Icon name="dashboards" size={12} />}
        {...newTab}
      >
        {title}
      </Button>
    ));
  return (
    <Menu>
      <Menu.Target>
        <Button rightSection={<Icon name="down" size={10} />}>
          {titleText(link.title, context) || "Dashboards"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {items.map(({ title, url }) => (
          <Menu.Item key={url} component="a" href={url} {...newTab}>
            {title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
