//! Time intervals.

use adopt::alertmanager::TimeInterval;
use serde_json::Value;

use crate::{counted, facts, read_text, table, text};

/// Reads a list of intervals, or a single one.
fn intervals(yaml: &str) -> Result<Vec<TimeInterval>, String> {
    let yaml = yaml.trim_start().trim_start_matches("---");
    let is_list = yaml.lines().any(|line| line.starts_with('-'));
    let body: String = yaml
        .lines()
        .filter(|line| !line.trim().is_empty())
        .enumerate()
        .map(|(at, line)| match (is_list, at) {
            (true, _) => format!("  {line}\n"),
            (false, 0) => format!("  - {line}\n"),
            (false, _) => format!("    {line}\n"),
        })
        .collect();
    let text = format!(
        "route: {{receiver: a}}\nreceivers: [{{name: a}}]\ntime_intervals:\n- name: t\n  \
         time_intervals:\n{body}"
    );
    Ok(read_text(&text)?.time_intervals.remove(0).intervals)
}

/// The second since 1970 of a time such as `04 Apr 20 15:04 +0000`.
fn second(text: &str) -> i64 {
    let time = chrono::DateTime::parse_from_str(text, "%d %b %y %H:%M %z");
    time.unwrap_or_else(|error| panic!("{text}: {error}")).timestamp()
}

fn times<'a>(case: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    case[key].as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[test]
fn intervals_are_read_and_contain_times_as_in_alertmanager() {
    let Some(file) = facts("alertmanager/derived/timeinterval__timeinterval_test.json") else {
        return;
    };
    let mut corpus = counted("time intervals");
    for list in ["yamlUnmarshalTestCases", "completeTestCases"] {
        for case in table(&file, "(package)", list) {
            let yaml = text(case, "in");
            let read = intervals(yaml);
            let why = match (&read, case["expectError"].as_bool()) {
                (Err(reason), Some(true)) => {
                    (!reason.contains(text(case, "err"))).then(|| reason.clone())
                }
                (Err(reason), _) => Some(reason.clone()),
                (Ok(_), Some(true)) => Some("is read".to_owned()),
                (Ok(intervals), _) => {
                    let is_in = |time: &str| intervals.iter().any(|one| one.contains(second(time)));
                    let missing = times(case, "contains").find(|time| !is_in(time));
                    let wrong = times(case, "excludes").find(|time| is_in(time));
                    missing.or(wrong).map(str::to_owned)
                }
            };
            corpus.note(yaml, why.map(|why| format!("{yaml}: {why}")));
        }
    }
    for case in table(&file, "(package)", "timeStringTestCases") {
        let yaml = format!("times: [{}]", text(case, "timeString"));
        let read = intervals(&yaml);
        let why = read.is_ok() == case["expectError"].as_bool().unwrap();
        corpus.note(&yaml, why.then(|| format!("{yaml}: {read:?}")));
    }
    corpus.finish();
}

/// An interval as the facts write it.
fn interval(case: &Value) -> TimeInterval {
    let range = |range: &Value| {
        let range = &range["InclusiveRange"];
        (range["Begin"].as_i64().unwrap(), range["End"].as_i64().unwrap())
    };
    let ranges = |key: &str| Some(case[key].as_array()?.iter().map(range).collect());
    let time = |time: &Value| adopt::alertmanager::TimeRange {
        start: time["StartMinute"].as_u64().unwrap() as u32,
        end: time["EndMinute"].as_u64().unwrap() as u32,
    };
    let zone = &case["Location"]["Location"];
    let zone = zone["args"][0].as_str().or(zone["_ref"].as_str().map(|_| "Australia/Sydney"));
    TimeInterval {
        times: case["Times"].as_array().map(|times| times.iter().map(time).collect()),
        weekdays: ranges("Weekdays"),
        days_of_month: ranges("DaysOfMonth"),
        months: ranges("Months"),
        years: ranges("Years"),
        location: adopt::alertmanager::Location::named(zone.unwrap_or_default()).unwrap(),
    }
}

#[test]
fn times_are_within_intervals_as_in_alertmanager() {
    let Some(file) = facts("alertmanager/derived/timeinterval__timeinterval_test.json") else {
        return;
    };
    let mut corpus = counted("contained times");
    for case in table(&file, "(package)", "timeIntervalTestCases") {
        let interval = interval(&case["timeInterval"]);
        for (key, expected) in [("validTimeStrings", true), ("invalidTimeStrings", false)] {
            for time in times(case, key) {
                let is_wrong = interval.contains(second(time)) != expected;
                corpus.note(&format!("{case} {time}"), is_wrong.then(|| format!("{time}: {case}")));
            }
        }
    }
    for case in table(&file, "TestIntervener_Mutes", "tests") {
        // The facts have the time on the clock of the zone, which was eleven hours ahead.
        let ahead = if case["now"]["_tz"].is_null() { 0 } else { 11 * 3600 };
        let at = case["now"]["_time_ns"].as_i64().unwrap() / 1_000_000_000 - ahead;
        let named = case["intervals"].as_object().unwrap().iter();
        let is_in =
            |list: &Value| list.as_array().unwrap().iter().any(|one| interval(one).contains(at));
        let found: Vec<&str> =
            named.filter(|(_, list)| is_in(list)).map(|(name, _)| name.as_str()).collect();
        let expected: Vec<&str> = times(case, "mutedBy").collect();
        corpus.note(text(case, "name"), (found != expected).then(|| format!("{found:?}: {case}")));
    }
    corpus.finish();
}
