/** Links of a panel, of its values, or of a dashboard. */
import { ActionIcon, Button, Checkbox, TextInput } from "@mantine/core";
import { list, record, string } from "../../../api/decode";
import { Icon } from "../../../components/icon";
import { withValue } from "../../../dashboards/edit/json";
import { safeUrl } from "../../../panels/links";
import classes from "./panel-editor.module.css";

interface Props {
  value: unknown;
  onChange: (value: unknown[]) => void;
}

export function LinksField({ value, onChange }: Props) {
  const links = list(value);
  const set = (index: number, name: string, next: unknown) =>
    onChange(list(withValue(links, [index, name], next)));
  return (
    <div className={classes.rows}>
      {links.map((link, index) => {
        const { title, url, targetBlank } = record(link);
        const address = string(url);
        return (
          <div key={index} className={classes.mapping}>
            <div className={classes.row}>
              <TextInput
                className={classes.grow ?? ""}
                aria-label={`Title of link ${index + 1}`}
                placeholder="Title"
                value={string(title)}
                onChange={(event) => set(index, "title", event.currentTarget.value)}
              />
              <ActionIcon
                size={24}
                aria-label={`Remove link ${index + 1}`}
                onClick={() => onChange(links.filter((_, other) => other !== index))}
              >
                <Icon name="close" size={12} />
              </ActionIcon>
            </div>
            <TextInput
              aria-label={`URL of link ${index + 1}`}
              placeholder={`/d/uid or https://…, with \${__value.raw}`}
              value={address}
              error={address !== "" && !address.includes("$") && safeUrl(address) === null}
              onChange={(event) => set(index, "url", event.currentTarget.value)}
            />
            <Checkbox
              size="xs"
              label="In a new tab"
              checked={targetBlank === true}
              onChange={(event) => set(index, "targetBlank", event.currentTarget.checked || undefined)}
            />
          </div>
        );
      })}
      <Button
        leftSection={<Icon name="plus" size={11} />}
        onClick={() => onChange([...links, { title: "", url: "" }])}
      >
        Add a link
      </Button>
    </div>
  );
}
