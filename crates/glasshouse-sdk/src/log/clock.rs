//! The time of a line. The text of a second is kept, so that most lines only add milliseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time since 1970. A clock that is set before then reads as 1970.
pub(crate) fn now() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "an event has no time of its own")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// `2024-01-01T12:00:00` of the second that was written last.
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

fn write_second(out: &mut Vec<u8>, second: u64) {
    let (days, rest) = (second / 86_400, second % 86_400);
    let (year, month, day) = civil(days);
    let parts = [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (rest / 3600, 2, b':'),
        (rest / 60 % 60, 2, b':'),
    ];
    for (number, width, after) in parts {
        digits(out, number, width);
        out.push(after);
    }
    digits(out, rest % 60, 2);
}

/// Appends a number with zeros in front.
fn digits(out: &mut Vec<u8>, number: u64, width: u32) {
    for power in (0..width).rev() {
        out.push(b'0' + (number / 10_u64.pow(power) % 10) as u8);
    }
}

/// Year, month and day of a number of days since 1970, as in Hinnant's "chrono-compatible low-level
/// date algorithms": years start in March, so that the day that leaps is the last one.
fn civil(days: u64) -> (u64, u64, u64) {
    // Far beyond the year 9999, which is all that four digits can say.
    let days = days.min(2_932_896) + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
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
