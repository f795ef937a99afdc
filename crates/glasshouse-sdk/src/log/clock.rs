//! The time of a line. The text of the current second is cached; lines only add milliseconds.

use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;

/// Time since the Unix epoch; zero for earlier times.
pub(crate) fn now() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "an event has no time of its own")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// `2024-01-01T12:00:00` of the latest second.
#[derive(Debug, Default)]
pub(crate) struct SecondText {
    second: Option<u64>,
    text: Vec<u8>,
}

impl SecondText {
    /// Appends `2024-01-01T12:00:00.000Z`.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, since_epoch: Duration) {
        let second = since_epoch.as_secs();
        if self.second != Some(second) {
            self.second = Some(second);
            self.text.clear();
            write_second(&mut self.text, second);
        }
        out.extend_from_slice(&self.text);
        out.push(b'.');
        digits(out, u64::from(since_epoch.subsec_millis()), 3);
        out.push(b'Z');
    }
}

/// The last second with a four-digit year; later ones are clamped to it.
const LAST_SECOND: u64 = 253_402_300_799;

fn write_second(out: &mut Vec<u8>, second: u64) {
    let second = second.min(LAST_SECOND) as i64;
    let time = DateTime::from_timestamp(second, 0).unwrap_or_default();
    // Writing to a vector cannot fail.
    let _ = write!(out, "{}", time.format("%Y-%m-%dT%H:%M:%S"));
}

/// Appends a zero-padded number.
fn digits(out: &mut Vec<u8>, number: u64, width: u32) {
    for power in (0..width).rev() {
        out.push(b'0' + (number / 10_u64.pow(power) % 10) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        let mut text = SecondText::default();
        let mut shown = |milliseconds: u64| {
            let mut out = Vec::new();
            text.write(&mut out, Duration::from_millis(milliseconds));
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(shown(1_704_110_400_007), "2024-01-01T12:00:00.007Z");
        assert_eq!(shown(1_704_110_400_999), "2024-01-01T12:00:00.999Z");
        assert_eq!(shown(1_709_251_199_000), "2024-02-29T23:59:59.000Z");
        assert_eq!(shown(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(shown(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
        assert_eq!(shown(253_402_300_799_999), "9999-12-31T23:59:59.999Z");
        assert_eq!(shown(u64::MAX).len(), 24);
    }
}
