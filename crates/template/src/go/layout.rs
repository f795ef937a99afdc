//! Layouts of times: `Time.Format` and `time.Parse`, which describe a format by how it shows
//! January 2, 15:04:05 of 2006 in the zone MST.

use chrono::{Datelike, NaiveDate, Timelike};

use super::quote::quote;
use super::time::{Time, month_name, weekday_name};
use crate::text::{Overflow, Text};

/// A part of a layout that stands for a part of the time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    LongMonth,
    Month,
    NumberMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    SpaceDay,
    ZeroDay,
    SpaceYearDay,
    ZeroYearDay,
    LongYear,
    Year,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    UpperHalf,
    LowerHalf,
    ZoneName,
    /// Whether UTC is `Z`; colons between digits; the number of pairs of digits.
    Offset {
        is_z: bool,
        colons: bool,
        pairs: u8,
    },
    /// Digits of a second; trailing zeros are omitted if they are not `kept`.
    Fraction {
        digits: usize,
        kept: bool,
    },
}

const fn offset(is_z: bool, colons: bool, pairs: u8) -> Part {
    Part::Offset { is_z, colons, pairs }
}

/// What the parts look like; the first that a layout continues with counts.
const PARTS: &[(&str, Part)] = &[
    ("January", Part::LongMonth),
    ("Jan", Part::Month),
    ("Monday", Part::LongWeekday),
    ("Mon", Part::Weekday),
    ("MST", Part::ZoneName),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("002", Part::ZeroYearDay),
    ("15", Part::Hour),
    ("1", Part::NumberMonth),
    ("2006", Part::LongYear),
    ("2", Part::Day),
    ("_2", Part::SpaceDay),
    ("__2", Part::SpaceYearDay),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::UpperHalf),
    ("pm", Part::LowerHalf),
    ("-070000", offset(false, false, 3)),
    ("-07:00:00", offset(false, true, 3)),
    ("-0700", offset(false, false, 2)),
    ("-07:00", offset(false, true, 2)),
    ("-07", offset(false, false, 1)),
    ("Z070000", offset(true, false, 3)),
    ("Z07:00:00", offset(true, true, 3)),
    ("Z0700", offset(true, false, 2)),
    ("Z07:00", offset(true, true, 2)),
    ("Z07", offset(true, false, 1)),
];

/// The text before the first part of a layout, the part as written, and what follows.
fn next(layout: &str) -> Option<(&str, &str, Part, &str)> {
    layout.char_indices().find_map(|(at, _)| {
        let (before, rest) = layout.split_at_checked(at)?;
        let (length, part) = part_at(rest)?;
        let (written, after) = rest.split_at_checked(length)?;
        Some((before, written, part, after))
    })
}

/// The part at the start of a layout and its length.
fn part_at(layout: &str) -> Option<(usize, Part)> {
    if layout.starts_with("_2006") {
        return None;
    }
    if layout.starts_with(['.', ',']) {
        return fraction_at(layout);
    }
    let (name, part) = PARTS.iter().find(|(name, part)| {
        let is_short = matches!(part, Part::Month | Part::Weekday);
        let continues = |after: &str| after.starts_with(|c: char| c.is_ascii_lowercase());
        layout.strip_prefix(name).is_some_and(|after| !is_short || !continues(after))
    })?;
    Some((name.len(), *part))
}

fn fraction_at(layout: &str) -> Option<(usize, Part)> {
    let digits = layout.get(1..)?;
    let digit = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let after = digits.trim_start_matches(digit);
    if after.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let count = digits.len() - after.len();
    Some((count + 1, Part::Fraction { digits: count, kept: digit == '0' }))
}

/// Writes a time by a layout.
pub(super) fn format(time: &Time, layout: &str, out: &mut Text) -> Result<(), Overflow> {
    let local = time.local();
    let (offset, zone) = time.offset();
    let hour12 = (local.hour() + 11) % 12 + 1;
    let year = local.year();
    let mut rest = layout;
    while let Some((before, written, part, after)) = next(rest) {
        out.push(before)?;
        let month = month_name(local.month().into()).unwrap_or_default();
        let weekday =
            weekday_name(local.weekday().num_days_from_sunday().into()).unwrap_or_default();
        let shown = match part {
            Part::LongMonth => month.to_owned(),
            Part::Month => month.chars().take(3).collect(),
            Part::NumberMonth => local.month().to_string(),
            Part::ZeroMonth => format!("{:02}", local.month()),
            Part::LongWeekday => weekday.to_owned(),
            Part::Weekday => weekday.chars().take(3).collect(),
            Part::Day => local.day().to_string(),
            Part::SpaceDay => format!("{:2}", local.day()),
            Part::ZeroDay => format!("{:02}", local.day()),
            Part::SpaceYearDay => format!("{:3}", local.ordinal()),
            Part::ZeroYearDay => format!("{:03}", local.ordinal()),
            Part::LongYear if year < 0 => format!("-{:04}", year.unsigned_abs()),
            Part::LongYear => format!("{year:04}"),
            Part::Year => format!("{:02}", year.unsigned_abs() % 100),
            Part::Hour => format!("{:02}", local.hour()),
            Part::Hour12 => hour12.to_string(),
            Part::ZeroHour12 => format!("{hour12:02}"),
            Part::Minute => local.minute().to_string(),
            Part::ZeroMinute => format!("{:02}", local.minute()),
            Part::Second => local.second().to_string(),
            Part::ZeroSecond => format!("{:02}", local.second()),
            Part::UpperHalf => if local.hour() >= 12 { "PM" } else { "AM" }.to_owned(),
            Part::LowerHalf => if local.hour() >= 12 { "pm" } else { "am" }.to_owned(),
            Part::ZoneName if zone.is_empty() => format_offset(offset, false, 2),
            Part::ZoneName => zone.clone(),
            Part::Offset { is_z: true, .. } if offset == 0 => "Z".to_owned(),
            Part::Offset { colons, pairs, .. } => format_offset(offset, colons, pairs),
            Part::Fraction { digits, kept } => {
                format_fraction(local.nanosecond(), written, digits, kept)
            }
        };
        out.push(&shown)?;
        rest = after;
    }
    out.push(rest)
}

fn format_offset(seconds: i32, colons: bool, pairs: u8) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let magnitude = seconds.unsigned_abs();
    let (hours, minutes) = (magnitude / 3600, magnitude / 60 % 60);
    let colon = if colons { ":" } else { "" };
    match pairs {
        1 => format!("{sign}{hours:02}"),
        2 => format!("{sign}{hours:02}{colon}{minutes:02}"),
        _ => format!("{sign}{hours:02}{colon}{minutes:02}{colon}{:02}", magnitude % 60),
    }
}

fn format_fraction(nanos: u32, written: &str, digits: usize, kept: bool) -> String {
    let point = written.get(..1).unwrap_or(".");
    let all = format!("{:09}", nanos % 1_000_000_000);
    let shown = all.get(..digits.min(9)).unwrap_or(&all);
    if kept {
        return format!("{point}{shown:0<digits$}");
    }
    let shown = shown.trim_end_matches('0');
    if shown.is_empty() { String::new() } else { format!("{point}{shown}") }
}

/// Why a part of a value is not what its layout says.
enum Mismatch {
    Text,
    OutOfRange(&'static str),
}

/// The parts of a time that is parsed.
#[derive(Default)]
struct Parsed {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    year_day: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanos: u32,
    is_afternoon: Option<bool>,
    /// Name and seconds of the offset; a name without offset has none.
    zone: Option<(String, i32)>,
}

/// Reads a time by a layout; without a zone it is in UTC.
///
/// # Errors
/// The error of `time.ParseInLocation`.
pub(crate) fn parse(layout: &str, value: &str) -> Result<Time, String> {
    let error = |message: &str| format!("parsing time {}{message}", quote(value));
    let mismatch = |part: &str, found: &str| {
        let (layout, part, found) = (quote(layout), quote(part), quote(found));
        error(&format!(" as {layout}: cannot parse {found} as {part}"))
    };
    let mut parsed = Parsed::default();
    let (mut layout_rest, mut value_rest) = (layout, value);
    while let Some((before, written, part, after)) = next(layout_rest) {
        let found = skip(value_rest, before).map_err(|rest| mismatch(before, rest))?;
        value_rest = match parsed.read(part, found, after) {
            Ok(rest) => rest,
            Err(Mismatch::Text) => return Err(mismatch(written, found)),
            Err(Mismatch::OutOfRange(what)) => {
                return Err(error(&format!(": {what} out of range")));
            }
        };
        layout_rest = after;
    }
    let rest = skip(value_rest, layout_rest).map_err(|rest| mismatch(layout_rest, rest))?;
    if !rest.is_empty() {
        return Err(error(&format!(": extra text: {}", quote(rest))));
    }
    parsed.time().map_err(|what| error(&format!(": {what}")))
}

/// Skips the text of a layout, in which a space stands for any number of spaces; an error is what is
/// found instead.
fn skip<'v>(value: &'v str, text: &str) -> Result<&'v str, &'v str> {
    let mut rest = value;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == ' ' {
            if !rest.is_empty() && !rest.starts_with(' ') {
                return Err(rest);
            }
            while chars.next_if_eq(&' ').is_some() {}
            rest = rest.trim_start_matches(' ');
        } else {
            rest = rest.strip_prefix(c).ok_or(rest)?;
        }
    }
    Ok(rest)
}

impl Parsed {
    /// Reads a part at the start of a value; returns the rest.
    fn read<'v>(
        &mut self,
        part: Part,
        value: &'v str,
        layout_after: &str,
    ) -> Result<&'v str, Mismatch> {
        let mut rest = value;
        match part {
            Part::Year => {
                let year = exact(&mut rest, 2)? as i32;
                self.year = Some(if year >= 69 { 1900 + year } else { 2000 + year });
            }
            Part::LongYear => self.year = Some(exact(&mut rest, 4)? as i32),
            Part::Month => self.month = Some(named(&mut rest, 1..=12, month_name, 3)?),
            Part::LongMonth => self.month = Some(named(&mut rest, 1..=12, month_name, usize::MAX)?),
            Part::NumberMonth | Part::ZeroMonth => {
                let month = number(&mut rest, part == Part::ZeroMonth)?;
                self.month = Some(within(month, 1..=12, "month")?);
            }
            Part::Weekday => _ = named(&mut rest, 0..=6, weekday_name, 3)?,
            Part::LongWeekday => _ = named(&mut rest, 0..=6, weekday_name, usize::MAX)?,
            Part::Day | Part::SpaceDay | Part::ZeroDay => {
                if part == Part::SpaceDay {
                    rest = rest.strip_prefix(' ').unwrap_or(rest);
                }
                self.day = Some(number(&mut rest, part == Part::ZeroDay)?);
            }
            Part::SpaceYearDay => {
                rest = rest.trim_start_matches(' ');
                self.year_day = Some(digits(&mut rest, 1, 3)?);
            }
            Part::ZeroYearDay => self.year_day = Some(digits(&mut rest, 3, 3)?),
            Part::Hour => self.hour = within(number(&mut rest, false)?, 0..=23, "hour")?,
            Part::Hour12 | Part::ZeroHour12 => {
                let hour = number(&mut rest, part == Part::ZeroHour12)?;
                self.hour = within(hour, 0..=12, "hour")?;
            }
            Part::Minute | Part::ZeroMinute => {
                let minute = number(&mut rest, part == Part::ZeroMinute)?;
                self.minute = within(minute, 0..=59, "minute")?;
            }
            Part::Second | Part::ZeroSecond => {
                let second = number(&mut rest, part == Part::ZeroSecond)?;
                self.second = within(second, 0..=59, "second")?;
                let is_next = next(layout_after)
                    .is_some_and(|(_, _, part, _)| matches!(part, Part::Fraction { .. }));
                if !is_next {
                    self.fraction(&mut rest);
                }
            }
            Part::UpperHalf => self.is_afternoon = Some(half(&mut rest, ["AM", "PM"])?),
            Part::LowerHalf => self.is_afternoon = Some(half(&mut rest, ["am", "pm"])?),
            Part::ZoneName => self.zone = zone_name(&mut rest)?,
            Part::Offset { is_z: true, .. } if rest.starts_with('Z') => {
                rest = rest.get(1..).unwrap_or_default();
                self.zone = None;
            }
            Part::Offset { colons, pairs, .. } => {
                let name = self.zone.take().map(|(name, _)| name).unwrap_or_default();
                self.zone = Some((name, read_offset(&mut rest, colons, pairs)?));
            }
            Part::Fraction { digits: count, kept: true } => {
                rest = rest.strip_prefix(['.', ',']).ok_or(Mismatch::Text)?;
                let text = rest.get(..count).ok_or(Mismatch::Text)?;
                self.nanos = nanos(text).ok_or(Mismatch::Text)?;
                rest = rest.get(count..).unwrap_or_default();
            }
            Part::Fraction { .. } => self.fraction(&mut rest),
        }
        Ok(rest)
    }

    /// Reads a fraction of a second, if there is one.
    fn fraction(&mut self, rest: &mut &str) {
        let Some(digits) = rest.strip_prefix(['.', ',']) else { return };
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (fraction, after) = digits.split_at(end);
        if let Some(nanos) = nanos(fraction) {
            self.nanos = nanos;
            *rest = after;
        }
    }

    fn time(self) -> Result<Time, &'static str> {
        let year = self.year.unwrap_or(0);
        let date = if let Some(day) = self.year_day {
            let date = NaiveDate::from_yo_opt(year, day).ok_or("day-of-year out of range")?;
            if self.month.is_some_and(|month| month != date.month()) {
                return Err("day-of-year does not match month");
            }
            if self.day.is_some_and(|day| day != date.day()) {
                return Err("day-of-year does not match day");
            }
            date
        } else {
            let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
            NaiveDate::from_ymd_opt(year, month, day).ok_or("day out of range")?
        };
        let hour = match self.is_afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let local = date
            .and_hms_nano_opt(hour, self.minute, self.second, self.nanos)
            .ok_or("hour out of range")?;
        Time::from_parts(local, self.zone).ok_or("time out of range")
    }
}

fn within(
    number: u32,
    range: std::ops::RangeInclusive<u32>,
    what: &'static str,
) -> Result<u32, Mismatch> {
    if range.contains(&number) { Ok(number) } else { Err(Mismatch::OutOfRange(what)) }
}

/// Reads between `least` and `most` digits.
fn digits(rest: &mut &str, least: usize, most: usize) -> Result<u32, Mismatch> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return Err(Mismatch::Text);
    }
    let (number, after) = rest.split_at(count);
    *rest = after;
    number.parse().map_err(|_| Mismatch::Text)
}

fn exact(rest: &mut &str, count: usize) -> Result<u32, Mismatch> {
    digits(rest, count, count)
}

/// Reads one or two digits, or exactly two.
fn number(rest: &mut &str, is_fixed: bool) -> Result<u32, Mismatch> {
    digits(rest, if is_fixed { 2 } else { 1 }, 2)
}

/// Reads a name, of which the first `length` characters are written, in any case.
fn named(
    rest: &mut &str,
    numbers: std::ops::RangeInclusive<i64>,
    name: fn(i64) -> Option<&'static str>,
    length: usize,
) -> Result<u32, Mismatch> {
    for number in numbers {
        let name = name(number).unwrap_or_default();
        let name = name.get(..length.min(name.len())).unwrap_or(name);
        let found = rest.get(..name.len()).unwrap_or_default();
        if found.eq_ignore_ascii_case(name) {
            *rest = rest.get(name.len()..).unwrap_or_default();
            return u32::try_from(number).map_err(|_| Mismatch::Text);
        }
    }
    Err(Mismatch::Text)
}

fn half(rest: &mut &str, names: [&str; 2]) -> Result<bool, Mismatch> {
    let index = names.iter().position(|name| rest.starts_with(name)).ok_or(Mismatch::Text)?;
    *rest = rest.get(2..).unwrap_or_default();
    Ok(index == 1)
}

/// Reads the abbreviation of a zone: three or four capital letters, or `GMT` with hours.
fn zone_name(rest: &mut &str) -> Result<Option<(String, i32)>, Mismatch> {
    if let Some(after) = rest.strip_prefix("UTC") {
        *rest = after;
        return Ok(None);
    }
    let letters = rest.bytes().take_while(u8::is_ascii_uppercase).count();
    if !(3..=4).contains(&letters) {
        return Err(Mismatch::Text);
    }
    let (name, after) = rest.split_at(letters);
    *rest = after;
    Ok(Some((name.to_owned(), 0)))
}

fn read_offset(rest: &mut &str, colons: bool, pairs: u8) -> Result<i32, Mismatch> {
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    *rest = rest.strip_prefix(['+', '-']).ok_or(Mismatch::Text)?;
    let mut parts = [0, 0, 0];
    for (index, part) in parts.iter_mut().take(pairs.into()).enumerate() {
        if colons && index > 0 {
            *rest = rest.strip_prefix(':').ok_or(Mismatch::Text)?;
        }
        *part = exact(rest, 2)? as i32;
    }
    let [hours, minutes, seconds] = parts;
    within(hours as u32, 0..=24, "time zone offset hour")?;
    within(minutes as u32, 0..=60, "time zone offset minute")?;
    within(seconds as u32, 0..=60, "time zone offset second")?;
    Ok(sign * ((hours * 60 + minutes) * 60 + seconds))
}

/// Nanoseconds of the digits after the point.
fn nanos(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{:0<9}", digits.get(..digits.len().min(9))?).parse().ok()
}
