/** Tags as a text. What is typed stays while it is not a tag yet, as after a comma. */
import { TextInput } from "@mantine/core";
import { useState } from "react";

interface Props {
  value: string[];
  onChange: (tags: string[]) => void;
}

export function TagsField({ value, onChange }: Props) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <TextInput
      label="Tags, separated by commas"
      spellCheck={false}
      value={typed ?? value.join(", ")}
      onChange={(event) => {
        const text = event.currentTarget.value;
        const tags = text.split(",").map((tag) => tag.trim());
        setTyped(text);
        onChange(tags.filter((tag) => tag !== ""));
      }}
      onBlur={() => setTyped(null)}
    />
  );
}
