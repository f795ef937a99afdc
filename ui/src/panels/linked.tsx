/** A value that leads somewhere: a link, or a menu when it has several. */
import { Menu } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./linked.module.css";
import type { Link } from "./links";

interface Props {
  links: Link[];
  children: ReactNode;
}

export function Linked({ links, children }: Props) {
  const [first] = links;
  if (!first) return children;
  if (links.length === 1) {
    return (
      <a className={classes.link} href={first.url} title={first.title} {...target(first)}>
        {children}
      </a>
    );
  }
  return (
    <Menu>
      <Menu.Target>
        <button type="button" className={classes.link}>
          {children}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {links.map((link, index) => (
          <Menu.Item key={index} component="a" href={link.url} {...target(link)}>
            {link.title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function target({ newTab }: Link): { target?: string; rel?: string } {
  return newTab ? { target: "_blank", rel: "noopener noreferrer" } : {};
}
