//! Bounds and intervals.

use std::time::Duration;

/// Bounds of what is kept in memory, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Alerts that are kept. Further ones are dropped and counted.
    pub alerts: usize,
    /// The bytes of all alerts, roughly.
    pub alerts_bytes: usize,
    /// The bytes of one alert.
    pub alert_bytes: usize,
    /// Groups of alerts. Alerts that would need further ones are not notified of, and counted.
    pub groups: usize,
    /// Silences, including expired ones.
    pub silences: usize,
    /// The bytes of one silence as it is stored.
    pub silence_bytes: usize,
    /// Entries of the notification log. The oldest are dropped beyond it.
    pub log_entries: usize,
    /// Notifications in the history.
    pub history: usize,
    /// How long silences are kept after their end, and entries of the notification log at most:
    /// `--data.retention`.
    pub retention: Duration,
    /// How often resolved alerts are removed: `--alerts.gc-interval`.
    pub alerts_gc_interval: Duration,
    /// How often silences and log entries are removed: `--data.maintenance-interval`.
    pub maintenance_interval: Duration,
    /// How long nothing is sent after the start: `--dispatch.start-delay`.
    pub start_delay: Duration,
}

const HOUR: u64 = 60 * 60;

/// Intervals are those of Alertmanager; its numbers are not bounded by default.
impl Default for Limits {
    fn default() -> Self {
        Self {
            alerts: 100_000,
            alerts_bytes: 256 << 20,
            alert_bytes: 256 << 10,
            groups: 100_000,
            silences: 10_000,
            silence_bytes: 64 << 10,
            log_entries: 200_000,
            history: 1_000,
            retention: Duration::from_secs(120 * HOUR),
            alerts_gc_interval: Duration::from_secs(HOUR / 2),
            maintenance_interval: Duration::from_secs(HOUR / 4),
            start_delay: Duration::ZERO,
        }
    }
}
