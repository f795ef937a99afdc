//! The section `time_intervals`: when routes are muted or active.

use chrono::{DateTime, Datelike as _, Local, NaiveDateTime, Timelike as _};
use chrono_tz::Tz;

use crate::error::Read;
use crate::yaml::{Document, Fields, Node};

const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Time intervals to which routes refer by a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedInterval {
    /// The unique name.
    pub name: String,
    /// The intervals; a time is within if any contains it.
    pub intervals: Vec<TimeInterval>,
}

impl NamedInterval {
    /// Whether any interval contains a time, in seconds since 1970 in UTC.
    pub fn contains(&self, unix_s: i64) -> bool {
        self.intervals.iter().any(|interval| interval.contains(unix_s))
    }
}

/// A condition on calendar and clock. All that is there must hold; of each list, one element. An
/// empty list holds never.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TimeInterval {
    /// Times of a day.
    pub times: Option<Vec<TimeRange>>,
    /// Days of a week, 0 is Sunday; first and last.
    pub weekdays: Option<Vec<(i64, i64)>>,
    /// Days of a month, from 1, or from -1 backwards; first and last.
    pub days_of_month: Option<Vec<(i64, i64)>>,
    /// Months, 1 is January; first and last.
    pub months: Option<Vec<(i64, i64)>>,
    /// Years; first and last.
    pub years: Option<Vec<(i64, i64)>>,
    /// The time zone.
    pub location: Location,
}

/// Minutes of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The first minute.
    pub start: u32,
    /// The minute after the last; 1440 is the end of the day.
    pub end: u32,
}

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// A zone of the IANA database.
    Zone(Tz),
    /// The zone of the system, which the environment names.
    Local,
}

impl Default for Location {
    fn default() -> Self {
        Self::Zone(Tz::UTC)
    }
}

impl Location {
    /// Finds a zone by name.
    ///
    /// # Errors
    /// A message in the form of Go's `time.LoadLocation` if there is none.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "" => Ok(Self::default()),
            "Local" => Ok(Self::Local),
            _ => name.parse().map(Self::Zone).map_err(|_| format!("unknown time zone {name}")),
        }
    }

    fn calendar(self, at: DateTime<chrono::Utc>) -> NaiveDateTime {
        match self {
            Self::Zone(zone) => at.with_timezone(&zone).naive_local(),
            Self::Local => at.with_timezone(&Local).naive_local(),
        }
    }
}

impl TimeInterval {
    /// Whether the interval contains a time, in seconds since 1970 in UTC.
    pub fn contains(&self, unix_s: i64) -> bool {
        let Some(at) = DateTime::from_timestamp(unix_s, 0) else { return false };
        let at = self.location.calendar(at);
        let minute = at.hour() * 60 + at.minute();
        let is_time = |range: &TimeRange| (range.start..range.end).contains(&minute);
        let is_in = |ranges: &Option<Vec<(i64, i64)>>, value: i64| {
            let contains = |(first, last): &(i64, i64)| (*first..=*last).contains(&value);
            ranges.as_ref().is_none_or(|ranges| ranges.iter().any(contains))
        };
        let days = i64::from(at.num_days_in_month());
        let day = i64::from(at.day());
        let is_day = |range: &(i64, i64)| {
            let from_start = |day: i64| if day < 0 { days + day + 1 } else { day };
            // A first day after the end of the month is in no month that is so short.
            (from_start(range.0)..=from_start(range.1)).contains(&day)
        };
        self.times.as_ref().is_none_or(|times| times.iter().any(is_time))
            && self.days_of_month.as_ref().is_none_or(|ranges| ranges.iter().any(is_day))
            && is_in(&self.months, i64::from(at.month()))
            && is_in(&self.weekdays, i64::from(at.weekday().num_days_from_sunday()))
            && is_in(&self.years, i64::from(at.year()))
    }
}

/// Reads named intervals; `what` is their kind in messages.
pub(super) fn read(document: &Document, node: &Node, what: &str) -> Read<NamedInterval> {
    let mut fields = Fields::new(document, node, "config.plain")?;
    let name = fields.text_or_empty("name")?;
    let elements = fields.elements("time_intervals")?.iter();
    let intervals = elements.map(|node| interval(document, node)).collect::<Read<_>>()?;
    fields.finish()?;
    if name.is_empty() {
        return Err(fields.fault("name", format!("missing name in {what}")));
    }
    Ok(NamedInterval { name, intervals })
}

fn interval(document: &Document, node: &Node) -> Read<TimeInterval> {
    let mut fields = Fields::new(document, node, "timeinterval.TimeInterval")?;
    let fields = &mut fields;
    let interval = TimeInterval {
        times: list(fields, "times", |node| time_range(document, node))?,
        weekdays: ranges(fields, "weekdays", weekdays)?,
        days_of_month: ranges(fields, "days_of_month", days_of_month)?,
        months: ranges(fields, "months", months)?,
        years: ranges(fields, "years", years)?,
        location: match fields.take("location") {
            None => Location::default(),
            Some(node) => Location::named(&node.text()?).map_err(|reason| node.fault(reason))?,
        },
    };
    fields.finish()?;
    Ok(interval)
}

fn list<T>(
    fields: &mut Fields<'_>,
    key: &str,
    read: impl Fn(&Node) -> Read<T>,
) -> Read<Option<Vec<T>>> {
    if fields.take(key).is_none() {
        return Ok(None);
    }
    fields.elements(key)?.iter().map(|node| read(node)).collect::<Read<_>>().map(Some)
}

fn ranges(
    fields: &mut Fields<'_>,
    key: &str,
    parse: impl Fn(&str) -> Result<(i64, i64), String>,
) -> Read<Option<Vec<(i64, i64)>>> {
    list(fields, key, |node| parse(&node.text()?).map_err(|reason| node.fault(reason)))
}

fn time_range(document: &Document, node: &Node) -> Read<TimeRange> {
    let mut fields = Fields::new(document, node, "timeinterval.yamlTimeRange")?;
    let (start, end) = (fields.text_or_empty("start_time")?, fields.text_or_empty("end_time")?);
    fields.finish()?;
    if start.is_empty() || end.is_empty() {
        return Err(node.fault("both start and end times must be provided"));
    }
    let minute = |text: &str| minute(text).map_err(|reason| node.fault(reason));
    let range = TimeRange { start: minute(&start)?, end: minute(&end)? };
    if range.start >= range.end {
        return Err(node.fault("start time cannot be equal or greater than end time"));
    }
    Ok(range)
}

/// The minute of the day of a time such as `09:30` or `24:00`.
fn minute(text: &str) -> Result<u32, String> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    let minute = match text.as_bytes() {
        [h1, h2, b':', m1, m2] => match (digit(h1), digit(h2), digit(m1), digit(m2)) {
            (Some(h1), Some(h2), Some(m1), Some(m2)) if m1 < 6 => {
                Some((h1 * 10 + h2) * 60 + m1 * 10 + m2)
            }
            _ => None,
        },
        _ => None,
    };
    let invalid = || format!("couldn't parse timestamp {text}, invalid format");
    minute.filter(|minute| *minute <= 24 * 60).ok_or_else(invalid)
}

/// A range such as `monday:friday`, or a single element.
fn range(text: &str, element: impl Fn(&str) -> Result<i64, String>) -> Result<(i64, i64), String> {
    let text = text.to_lowercase();
    let Some((first, last)) = text.split_once(':') else {
        let only = element(&text)?;
        return Ok((only, only));
    };
    if last.contains(':') {
        return Err(format!("couldn't parse range {text}, invalid format"));
    }
    Ok((element(first)?, element(last)?))
}

fn weekdays(text: &str) -> Result<(i64, i64), String> {
    let (first, last) = range(text, |name| {
        let position = WEEKDAYS.iter().position(|day| *day == name);
        position.map(|day| day as i64).ok_or_else(|| format!("{name} is not a valid weekday"))
    })?;
    if first > last {
        return Err("start day cannot be before end day".to_owned());
    }
    Ok((first, last))
}

fn days_of_month(text: &str) -> Result<(i64, i64), String> {
    let (first, last) = range(text, number)?;
    for day in [first, last] {
        if day == 0 || !(-31..=31).contains(&day) {
            return Err(format!("{day} is not a valid day of the month: out of range"));
        }
    }
    if first < 0 && last > 0 {
        return Err("end day must be negative if start day is negative".to_owned());
    }
    // Whether the days are in order in the shortest month.
    let from_start = |day: i64| if day < 0 { 28 + day } else { day };
    if from_start(first) > from_start(last) {
        return Err(format!("end day {last} is always before start day {first}"));
    }
    Ok((first, last))
}

fn months(text: &str) -> Result<(i64, i64), String> {
    let (first, last) = range(text, |name| {
        let position = MONTHS.iter().position(|month| *month == name);
        let month = position.map(|month| month as i64 + 1).or_else(|| name.parse().ok());
        month.ok_or_else(|| format!("{name} is not a valid month"))
    })?;
    if first > last {
        let name = |month: i64| {
            let index = usize::try_from(month - 1).ok();
            index.and_then(|index| MONTHS.get(index)).copied().unwrap_or_default()
        };
        let (first, last) = (name(first), name(last));
        return Err(format!("end month {last} is before start month {first}"));
    }
    Ok((first, last))
}

fn years(text: &str) -> Result<(i64, i64), String> {
    let (first, last) = range(text, number)?;
    if first > last {
        return Err(format!("end year {last} is before start year {first}"));
    }
    Ok((first, last))
}

fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("strconv.Atoi: parsing {text:?}: invalid syntax"))
}
