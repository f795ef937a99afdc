//! `time.Time`, `time.Duration`, `time.Month` and `time.Weekday` with the methods that templates
//! call.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike};
use chrono_tz::{OffsetName, Tz};

use super::layout;
use crate::call::{Call, Kind, Method, Parameters, Returned, argument, text};
use crate::text::{Overflow, Text};
use crate::value::{Named, Type, Value};

/// A point in time and the zone in which it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    utc: NaiveDateTime,
    zone: Zone,
}

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Zone {
    Utc,
    Named(Tz),
    Fixed { name: String, seconds: i32 },
}

const NANOS: i64 = 1_000_000_000;

/// The layout of `Time.String`.
const STRING_LAYOUT: &str = "2006-01-02 15:04:05.999999999 -0700 MST";
/// The layout of RFC 3339 with fractions of a second.
pub(crate) const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";
/// Length of a time in that layout, in bytes.
const RFC3339_BYTES_MAX: usize = 64;

impl Time {
    /// Go's zero time: January 1 of the year 1, UTC.
    #[must_use]
    pub fn zero() -> Self {
        Self { utc: NaiveDate::default().and_time(chrono::NaiveTime::MIN), zone: Zone::Utc }
            .with_date(1, 1, 1)
    }

    /// A time in UTC, from nanoseconds since the Unix epoch.
    #[must_use]
    pub fn from_nanos(nanos: i64) -> Self {
        Self { utc: DateTime::from_timestamp_nanos(nanos).naive_utc(), zone: Zone::Utc }
    }

    /// A time in UTC, from milliseconds since the Unix epoch; the zero time if it is out of range.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        DateTime::from_timestamp_millis(millis)
            .map_or_else(Self::zero, |time| Self { utc: time.naive_utc(), zone: Zone::Utc })
    }

    /// A time from its parts and its offset from UTC, of which it is shown with `zone`.
    pub(crate) fn from_parts(local: NaiveDateTime, offset: Option<(String, i32)>) -> Option<Self> {
        let Some((name, seconds)) = offset else {
            return Some(Self { utc: local, zone: Zone::Utc });
        };
        let utc = local.checked_sub_signed(TimeDelta::seconds(seconds.into()))?;
        Some(Self { utc, zone: Zone::Fixed { name, seconds } })
    }

    fn with_date(self, year: i32, month: u32, day: u32) -> Self {
        let date = NaiveDate::from_ymd_opt(year, month, day).unwrap_or(self.utc.date());
        Self { utc: date.and_time(self.utc.time()), ..self }
    }

    /// The same time in the zone with this name.
    ///
    /// # Errors
    /// The error of `time.LoadLocation`.
    pub(crate) fn in_zone(&self, name: &str) -> Result<Self, String> {
        let zone = match name {
            // The zone of the machine does not matter to what a server sends.
            "" | "UTC" | "Local" => Zone::Utc,
            _ if name.contains("..") || name.starts_with(['/', '\\']) => {
                return Err("time: invalid location name".to_owned());
            }
            _ => Zone::Named(name.parse().map_err(|_| format!("unknown time zone {name}"))?),
        };
        Ok(Self { utc: self.utc, zone })
    }

    fn in_utc(&self) -> Self {
        Self { utc: self.utc, zone: Zone::Utc }
    }

    /// Seconds east of UTC, and the zone's abbreviation.
    pub(crate) fn offset(&self) -> (i32, String) {
        match &self.zone {
            Zone::Utc => (0, "UTC".to_owned()),
            Zone::Fixed { name, seconds } => (*seconds, name.clone()),
            Zone::Named(zone) => {
                let offset = zone.offset_from_utc_datetime(&self.utc);
                let seconds = offset.fix().local_minus_utc();
                let name = offset.abbreviation().map_or_else(|| numeric(seconds), str::to_owned);
                (seconds, name)
            }
        }
    }

    /// Date and time of day in the zone.
    pub(crate) fn local(&self) -> NaiveDateTime {
        let offset = TimeDelta::seconds(self.offset().0.into());
        self.utc.checked_add_signed(offset).unwrap_or(self.utc)
    }

    /// Formats by a layout of Go.
    ///
    /// # Errors
    /// If the text is full.
    pub(crate) fn format(&self, layout: &str, out: &mut Text) -> Result<(), Overflow> {
        layout::format(self, layout, out)
    }

    /// The time as RFC 3339 with as many digits of a second as it has, as in JSON.
    #[must_use]
    pub fn to_rfc3339(&self) -> String {
        let mut out = Text::new(RFC3339_BYTES_MAX);
        // The layout is never longer.
        let _full = self.format(RFC3339_NANO, &mut out);
        out.finish()
    }

    /// Nanoseconds since the Unix epoch; saturated.
    #[must_use]
    pub fn nanos(&self) -> i64 {
        let time = self.utc.and_utc();
        let bound = if time.timestamp() < 0 { i64::MIN } else { i64::MAX };
        time.timestamp_nanos_opt().unwrap_or(bound)
    }

    fn plus(&self, nanos: i64) -> Result<Self, String> {
        let utc = self.utc.checked_add_signed(TimeDelta::nanoseconds(nanos));
        Ok(Self { utc: utc.ok_or("time out of range")?, zone: self.zone.clone() })
    }

    /// Nanoseconds from another time to this one; saturated.
    pub(crate) fn since(&self, earlier: &Self) -> i64 {
        let delta = self.utc.signed_duration_since(earlier.utc);
        let bound = if delta < TimeDelta::zero() { i64::MIN } else { i64::MAX };
        delta.num_nanoseconds().unwrap_or(bound)
    }

    fn add_date(&self, years: i64, months: i64, days: i64) -> Result<Self, String> {
        let local = self.local();
        let from_zero = i64::from(local.year())
            .checked_add(years)
            .and_then(|year| year.checked_mul(12))
            .and_then(|count| count.checked_add(i64::from(local.month0())))
            .and_then(|count| count.checked_add(months));
        let moved = from_zero.and_then(|count| {
            let year = i32::try_from(count.div_euclid(12)).ok()?;
            let month = u32::try_from(count.rem_euclid(12)).ok()? + 1;
            let first = NaiveDate::from_ymd_opt(year, month, 1)?;
            let days = days.checked_add(i64::from(local.day0()))?;
            first.and_time(local.time()).checked_add_signed(TimeDelta::try_days(days)?)
        });
        let moved = moved.ok_or("time out of range")?;
        let offset = TimeDelta::seconds(self.offset().0.into());
        let utc = moved.checked_sub_signed(offset).ok_or("time out of range")?;
        Ok(Self { utc, zone: self.zone.clone() })
    }
}

/// The abbreviation of a zone that has no name: its offset.
fn numeric(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.unsigned_abs() / 3600, seconds.unsigned_abs() / 60 % 60);
    if minutes == 0 { format!("{sign}{hours:02}") } else { format!("{sign}{hours:02}{minutes:02}") }
}

/// `time.Time`
pub(crate) static TIME: Type =
    Type { methods: TIME_METHODS, print: Some(print_time), ..Type::new("time.Time") };
/// `time.Duration`
pub(crate) static DURATION: Type =
    Type { methods: DURATION_METHODS, print: Some(print_duration), ..Type::new("time.Duration") };
/// `time.Month`
pub(crate) static MONTH: Type = Type { print: Some(print_month), ..Type::new("time.Month") };
/// `time.Weekday`
pub(crate) static WEEKDAY: Type = Type { print: Some(print_weekday), ..Type::new("time.Weekday") };

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The name of a month, of which January is 1.
pub(crate) fn month_name(month: i64) -> Option<&'static str> {
    MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?).copied()
}

/// The name of a weekday, of which Sunday is 0.
pub(crate) fn weekday_name(weekday: i64) -> Option<&'static str> {
    WEEKDAYS.get(usize::try_from(weekday).ok()?).copied()
}

fn print_time(value: &Value, out: &mut Text) -> Result<(), Overflow> {
    match value {
        Value::Time(time) => time.format(STRING_LAYOUT, out),
        _ => Ok(()),
    }
}

fn print_duration(value: &Value, out: &mut Text) -> Result<(), Overflow> {
    out.push(&format_duration(value.as_integer().unwrap_or_default()))
}

fn print_month(value: &Value, out: &mut Text) -> Result<(), Overflow> {
    let month = value.as_integer().unwrap_or_default();
    out.push(month_name(month).unwrap_or(&format!("%!Month({month})")))
}

fn print_weekday(value: &Value, out: &mut Text) -> Result<(), Overflow> {
    let weekday = value.as_integer().unwrap_or_default();
    out.push(weekday_name(weekday).unwrap_or(&format!("%!Weekday({weekday})")))
}

/// A duration in nanoseconds as in `1h15m30.5s`.
pub(crate) fn format_duration(nanos: i64) -> String {
    let magnitude = nanos.unsigned_abs();
    let sign = if nanos < 0 { "-" } else { "" };
    let fraction = |value: u64, unit: u64, digits: usize| {
        let rest = format!("{:0digits$}", value % unit);
        let rest = rest.trim_end_matches('0');
        let point = if rest.is_empty() { "" } else { "." };
        format!("{}{point}{rest}", value / unit)
    };
    match magnitude {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{magnitude}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", fraction(magnitude, 1_000, 3)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", fraction(magnitude, 1_000_000, 6)),
        _ => {
            let minutes = magnitude / 60_000_000_000;
            let seconds = fraction(magnitude % 60_000_000_000, 1_000_000_000, 9);
            match minutes {
                0 => format!("{sign}{seconds}s"),
                1..60 => format!("{sign}{minutes}m{seconds}s"),
                _ => format!("{sign}{}h{}m{seconds}s", minutes / 60, minutes % 60),
            }
        }
    }
}

const DURATIONS: Kind = Kind::Of(&["time.Duration"]);
const TIMES: Kind = Kind::Of(&["time.Time"]);

type Body = fn(&mut Call<'_, '_>, &Value, &[Value]) -> Returned;

const fn method(name: &'static str, fixed: &'static [Kind], body: Body) -> Method {
    Method { name, parameters: Parameters::fixed(fixed), body }
}

/// The receiver of a method of `time.Time`.
fn time(value: &Value) -> Result<&Time, String> {
    match value {
        Value::Time(time) => Ok(time),
        _ => Err("not a time".to_owned()),
    }
}

fn number(arguments: &[Value], index: usize) -> i64 {
    argument(arguments, index).as_integer().unwrap_or_default()
}

const TIME_METHODS: &[Method] = &[
    method("Format", &[Kind::String], |call, value, arguments| {
        let mut out = call.text();
        time(value)?.format(text(arguments, 0), &mut out)?;
        Ok(out.finish().into())
    }),
    method("Add", &[DURATIONS], |_, value, arguments| {
        Ok(Value::Time(time(value)?.plus(number(arguments, 0))?))
    }),
    method("AddDate", &[Kind::Int, Kind::Int, Kind::Int], |_, value, arguments| {
        let [years, months, days] = [0, 1, 2].map(|index| number(arguments, index));
        Ok(Value::Time(time(value)?.add_date(years, months, days)?))
    }),
    method("Sub", &[TIMES], |_, value, arguments| {
        let nanos = time(value)?.since(time(argument(arguments, 0))?);
        Ok(Value::Named(Named::Duration, nanos))
    }),
    method("Before", &[TIMES], |_, value, arguments| {
        Ok(Value::Bool(time(value)?.utc < time(argument(arguments, 0))?.utc))
    }),
    method("After", &[TIMES], |_, value, arguments| {
        Ok(Value::Bool(time(value)?.utc > time(argument(arguments, 0))?.utc))
    }),
    method("Equal", &[TIMES], |_, value, arguments| {
        Ok(Value::Bool(time(value)?.utc == time(argument(arguments, 0))?.utc))
    }),
    method("IsZero", &[], |_, value, _| Ok(Value::Bool(time(value)?.utc == Time::zero().utc))),
    method("UTC", &[], |_, value, _| Ok(Value::Time(time(value)?.in_utc()))),
    method("Local", &[], |_, value, _| Ok(Value::Time(time(value)?.in_utc()))),
    method("Unix", &[], |_, value, _| Ok(Value::Int(time(value)?.utc.and_utc().timestamp()))),
    method("UnixMilli", &[], |_, value, _| {
        Ok(Value::Int(time(value)?.utc.and_utc().timestamp_millis()))
    }),
    method("UnixMicro", &[], |_, value, _| {
        Ok(Value::Int(time(value)?.utc.and_utc().timestamp_micros()))
    }),
    method("UnixNano", &[], |_, value, _| Ok(Value::Int(time(value)?.nanos()))),
    method("Year", &[], |_, value, _| Ok(Value::Int(time(value)?.local().year().into()))),
    method("Month", &[], |_, value, _| {
        Ok(Value::Named(Named::Month, time(value)?.local().month().into()))
    }),
    method("Day", &[], |_, value, _| Ok(Value::Int(time(value)?.local().day().into()))),
    method("YearDay", &[], |_, value, _| Ok(Value::Int(time(value)?.local().ordinal().into()))),
    method("Weekday", &[], |_, value, _| {
        let weekday = time(value)?.local().weekday().num_days_from_sunday();
        Ok(Value::Named(Named::Weekday, weekday.into()))
    }),
    method("Hour", &[], |_, value, _| Ok(Value::Int(time(value)?.local().hour().into()))),
    method("Minute", &[], |_, value, _| Ok(Value::Int(time(value)?.local().minute().into()))),
    method("Second", &[], |_, value, _| Ok(Value::Int(time(value)?.local().second().into()))),
    method("Nanosecond", &[], |_, value, _| {
        Ok(Value::Int(time(value)?.local().nanosecond().into()))
    }),
];

fn nanos(value: &Value) -> i64 {
    value.as_integer().unwrap_or_default()
}

const DURATION_METHODS: &[Method] = &[
    method("Hours", &[], |_, value, _| Ok(Value::Float(nanos(value) as f64 / 3.6e12))),
    method("Minutes", &[], |_, value, _| Ok(Value::Float(nanos(value) as f64 / 6e10))),
    method("Seconds", &[], |_, value, _| Ok(Value::Float(nanos(value) as f64 / 1e9))),
    method("Milliseconds", &[], |_, value, _| Ok(Value::Int(nanos(value) / (NANOS / 1_000)))),
    method("Microseconds", &[], |_, value, _| Ok(Value::Int(nanos(value) / 1_000))),
    method("Nanoseconds", &[], |_, value, _| Ok(Value::Int(nanos(value)))),
    method("Abs", &[], |_, value, _| {
        Ok(Value::Named(Named::Duration, nanos(value).saturating_abs()))
    }),
    method("Truncate", &[DURATIONS], |_, value, arguments| {
        let unit = number(arguments, 0);
        let rest = if unit > 0 { nanos(value) % unit } else { 0 };
        Ok(Value::Named(Named::Duration, nanos(value) - rest))
    }),
    method("Round", &[DURATIONS], |_, value, arguments| {
        let (nanos, unit) = (nanos(value), number(arguments, 0));
        if unit <= 0 {
            return Ok(value.clone());
        }
        let rest = nanos % unit;
        let is_up = rest.unsigned_abs() >= unit.unsigned_abs() - rest.unsigned_abs();
        let away = if is_up { unit * rest.signum() } else { 0 };
        Ok(Value::Named(Named::Duration, (nanos - rest).saturating_add(away)))
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_go() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (480_000_000_001, "8m0.000000001s"),
            (1_800_000_000_000, "30m0s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(format_duration(nanos), text);
        }
    }

    #[test]
    fn dates_overflow_into_the_next_month() {
        let time = Time::from_nanos(0).add_date(0, 0, 30).unwrap();
        let time = time.add_date(0, 1, 0).unwrap();
        assert_eq!(time.local().to_string(), "1970-03-03 00:00:00");
        assert!(time.add_date(i64::MAX, 0, 0).is_err());
        assert!(time.add_date(0, 0, i64::MAX).is_err());
    }
}
