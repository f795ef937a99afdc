/** The links of a dashboard: to an address, or to all dashboards with some tags. */
import { ActionIcon, Button, Checkbox, Select, TextInput } from "@mantine/core";
import { list, record, string, strings } from "../../../api/decode";
import { EmptyState } from "../../../components/empty-state";
import { Icon } from "../../../components/icon";
import { settingOf, withSetting } from "../../../dashboards/edit/body";
import { moved, withValue } from "../../../dashboards/edit/json";
import { useBoard } from "../board";
import classes from "./settings.module.css";
import { TagsField } from "./tags-field";

const NEW_LINK = {
  title: "New link",
  type: "link",
  url: "",
  icon: "external link",
  tags: [],
  targetBlank: false,
};
const FLAGS = [
  ["includeVars", "With variables"],
  ["keepTime", "With the time range"],
  ["targetBlank", "In a new tab"],
] as const;

export function Links() {
  const { draft } = useBoard();
  const links = list(settingOf(draft.json, "links"));
  const write = (next: unknown[], key?: string) =>
    draft.change((json) => withSetting(json, "links", next), key);
  const set = (index: number, name: string, value: unknown) =>
    write(list(withValue(links, [index, name], value)), `link ${index} ${name}`);
  return (
    <div className={classes.form}>
      {links.length === 0 && (
        <EmptyState title="No links">Links are shown at the top of the dashboard. Add one below.</EmptyState>
      )}
      {links.map((link, index) => (
        <section key={index} className={classes.card} aria-label={`Link ${index + 1}`}>
          <div className={classes.columns}>
            <TextInput
              label="Title"
              value={string(record(link).title)}
              onChange={(event) => set(index, "title", event.currentTarget.value)}
            />
            <Select
              label="Type"
              allowDeselect={false}
              value={string(record(link).type, "link")}
              data={[
                { value: "link", label: "Address" },
                { value: "dashboards", label: "Dashboards with tags" },
              ]}
              onChange={(type) => type && set(index, "type", type)}
            />
            {record(link).type === "dashboards" ? (
              <TagsField value={strings(record(link).tags)} onChange={(tags) => set(index, "tags", tags)} />
            ) : (
              <TextInput
                label="URL"
                placeholder="/d/uid or https://…"
                value={string(record(link).url)}
                onChange={(event) => set(index, "url", event.currentTarget.value)}
              />
            )}
          </div>
          <div className={classes.flags}>
            {FLAGS.map(([name, label]) => (
              <Checkbox
                key={name}
                size="xs"
                label={label}
                checked={record(link)[name] === true}
                onChange={(event) => set(index, name, event.currentTarget.checked)}
              />
            ))}
            <div className={classes.end}>
              <ActionIcon
                size={24}
                aria-label={`Move link ${index + 1} up`}
                disabled={index === 0}
                onClick={() => write(moved(links, index, index - 1))}
              >
                <Icon name="up" size={13} />
              </ActionIcon>
              <ActionIcon
                size={24}
                aria-label={`Remove link ${index + 1}`}
                onClick={() => write(links.filter((_, other) => other !== index))}
              >
                <Icon name="close" size={13} />
              </ActionIcon>
            </div>
          </div>
        </section>
      ))}
      <Button
        className={classes.add ?? ""}
        leftSection={<Icon name="plus" size={11} />}
        onClick={() => write([...links, NEW_LINK])}
      >
        Add a link
      </Button>
    </div>
  );
}
