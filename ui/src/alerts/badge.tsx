/** The number of firing alerts that nothing mutes, beside the entry of the navigation; nothing when there is none. */
import { VisuallyHidden } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { fetchFiringCount } from "../api/alerts";
import classes from "./badge.module.css";
import { ALERTING_KEY } from "./use-alerts";

const POLL_MS = 15_000;
const SHOWN_MAX = 999;

export default function AlertBadge() {
  const { data = 0 } = useQuery({
    queryKey: [ALERTING_KEY, "firing count"],
    queryFn: ({ signal }) => fetchFiringCount(signal),
    refetchInterval: POLL_MS,
    staleTime: POLL_MS - 1_000,
    retry: false,
  });
  if (data === 0) return null;
  return (
    <span className={classes.badge} title={`${data} firing, not silenced`}>
      {data > SHOWN_MAX ? `${SHOWN_MAX}+` : data}
      <VisuallyHidden> firing</VisuallyHidden>
    </span>
  );
}
