/** Leads from the text of rules to what they would have done. */
import { Button } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type Source, sourceText } from "./source";

interface Props {
  rules: Source;
  /** Compared with the rules. */
  other?: Source | undefined;
}

export function ReplayButton({ rules, other }: Props) {
  const navigate = useNavigate();
  const start = () =>
    // A long text is kept when the link is followed, not while it is typed.
    void navigate({
      to: "/alerts/replay",
      search: { rules: sourceText(rules), otherRules: other && sourceText(other) },
    });
  return (
    <Button title="What would this have done in the time range?" onClick={start}>
      Replay
    </Button>
  );
}
