/** Where this Glasshouse receives OTLP. */
import { useQuery } from "@tanstack/react-query";
import type { Overview } from "../api/generated";
import { fetchOverview } from "../api/overview";

/** A receiver's own address, or null when it is off; `0.0.0.0` becomes the host that this page was opened with. */
export function receiverAddress(overview: Overview, protocol: "otlp_grpc" | "otlp_http"): string | null {
  const found = overview.receivers.find(
    (receiver) => receiver.protocol === protocol && receiver.state === "listening",
  );
  return found?.address.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, window.location.hostname) ?? null;
}

/** The receivers as a part of a sentence; the default ports while they are not known. */
export function OtlpReceivers() {
  const { data } = useQuery({
    queryKey: ["overview"],
    queryFn: ({ signal }) => fetchOverview(signal),
    staleTime: 4_000,
  });
  if (!data) return "port 4317 (gRPC) or 4318 (HTTP)";
  const grpc = receiverAddress(data, "otlp_grpc");
  const http = receiverAddress(data, "otlp_http");
  const listening = [grpc && `${grpc} (gRPC)`, http && `${http} (HTTP)`].filter(Boolean);
  return listening.join(" or ") || "a receiver, after it is enabled in the configuration";
}
