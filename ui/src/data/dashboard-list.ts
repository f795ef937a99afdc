/** The dashboards of the server. */
import { useQuery } from "@tanstack/react-query";
import { fetchDashboards } from "../api/dashboards";

export function useDashboardList() {
  return useQuery({
    queryKey: ["dashboards"],
    queryFn: ({ signal }) => fetchDashboards(signal),
    retry: false,
  });
}
