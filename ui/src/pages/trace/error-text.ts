/** What went wrong in a span. */
import type { Attribute, Span } from "../../api/otlp";

/** Messages before types, in the names of OpenTelemetry and of logging libraries. */
const NAMES = [
  "exception.message",
  "error.message",
  "error_message",
  "exception.type",
  "error.type",
  "error_type",
];

/** The message of the status, or what the attributes and events say; null when nothing does. */
export function errorText({ statusMessage, attributes, events }: Span): string | null {
  if (statusMessage !== "") return statusMessage;
  // The last event is the one that ended the span.
  const told: Attribute[] = [...attributes, ...events.toReversed().flatMap((event) => event.attributes)];
  for (const name of NAMES) {
    const found = told.find((attribute) => attribute.name === name && attribute.text !== "");
    if (found) return found.text;
  }
  return null;
}
