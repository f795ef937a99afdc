/** The states of alerts, the most urgent first. */
export const ALERT_STATES = ["firing", "pending", "silenced", "inhibited", "resolved"] as const;
export type AlertState = (typeof ALERT_STATES)[number];
