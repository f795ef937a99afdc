/** Leads from a query to the form of a rule that alerts on it. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { RuleLanguage } from "../api/rules";
import { Icon } from "../components/icon";

export function AlertOnThis({ expr, language }: { expr: string; language: RuleLanguage }) {
  const search = { expr, language: language === "logql" ? language : undefined };
  return (
    <Button
      component={Link}
      {...({ to: "/alerts/rules/new", search } as object)}
      leftSection={<Icon name="alerts" size={12} />}
    >
      Alert on this
    </Button>
  );
}
