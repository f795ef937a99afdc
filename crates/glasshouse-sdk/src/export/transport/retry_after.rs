//! `Retry-After` of HTTP (RFC 9110, 10.2.3): seconds, or a date, which is compared with the answer's
//! own `Date` so that neither clock has to be right.

use super::LONGEST_PAUSE;
use http::{HeaderMap, header};
use std::time::Duration;

/// How long the backend asks to wait, at most ten minutes.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = if let Ok(seconds) = value.parse::<u64>() {
        seconds
    } else {
        let now = date_seconds(headers.get(header::DATE)?.to_str().ok()?)?;
        date_seconds(value)?.saturating_sub(now)
    };
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as seconds since the year 0; good for differences only.
fn date_seconds(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = date.trim().split_once(", ")?.1.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
    let year: u64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':');
    let mut number = || clock.next()?.parse::<u64>().ok().filter(|number| *number <= 60);
    let (hours, minutes, seconds) = (number()?, number()?, number()?);
    if words.next() != Some("GMT") || !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    // The year begins in March, so that the leap day is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
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
