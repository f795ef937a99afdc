//! `Retry-After` of HTTP (RFC 9110, 10.2.3): seconds, or a date, which is compared with the
//! response's own `Date` so that clock skew has no effect.

use super::LONGEST_PAUSE;
use chrono::{DateTime, FixedOffset};
use http::{HeaderMap, header};
use std::time::Duration;

/// The requested delay, at most ten minutes.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = value.parse() {
        Duration::from_secs(seconds)
    } else {
        let now = date(headers.get(header::DATE)?.to_str().ok()?)?;
        (date(value)? - now).to_std().unwrap_or_default()
    };
    Some(wait.min(LONGEST_PAUSE))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc2822(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_understood_and_bounded() {
        let cases = [
            ("7", None, Some(7)),
            (" 7 ", None, Some(7)),
            ("0", None, Some(0)),
            ("86400", None, Some(600)),
            ("18446744073709551615", None, Some(600)),
            ("Fri, 01 Mar 2024 00:00:30 GMT", Some("Thu, 29 Feb 2024 23:59:45 GMT"), Some(45)),
            ("Sun, 01 Jan 2023 00:00:01 GMT", Some("Sat, 31 Dec 2022 23:59:59 GMT"), Some(2)),
            ("Fri, 01 Mar 2024 00:00:30 GMT", Some("Fri, 01 Mar 2024 00:01:00 GMT"), Some(0)),
            ("Fri, 01 Mar 2024 00:00:30 GMT", None, None),
            ("Fri, 01 Xxx 2024 00:00:30 GMT", Some("Fri, 01 Mar 2024 00:00:00 GMT"), None),
            ("Fri, 99999999999999999999 Mar 2024", Some("x"), None),
            ("-1", None, None),
            ("soon", None, None),
            ("", None, None),
        ];
        for (value, date, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, value.parse().unwrap());
            if let Some(date) = date {
                headers.insert(header::DATE, date.parse().unwrap());
            }
            assert_eq!(retry_after(&headers), expected.map(Duration::from_secs), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
