//! Numbers for people, as in Prometheus' `template` and `common/helpers/templates`.

use crate::call::{Call, Function, Kind, Parameters, Returned, argument};
use crate::go::float::format_float;
use crate::go::number::parse_float;
use crate::go::time::Time;
use crate::value::{Named, Value};

const ONE: Parameters = Parameters::fixed(&[Kind::Any]);

/// What Prometheus and Alertmanager have.
pub(crate) static DURATION: &[Function] =
    &[Function { name: "humanizeDuration", parameters: ONE, body: humanize_duration }];

/// What only Prometheus has.
pub(crate) static NUMBERS: &[Function] = &[
    Function { name: "humanize", parameters: ONE, body: humanize },
    Function { name: "humanize1024", parameters: ONE, body: humanize1024 },
    Function { name: "humanizePercentage", parameters: ONE, body: humanize_percentage },
    Function { name: "humanizeTimestamp", parameters: ONE, body: humanize_timestamp },
    Function { name: "toTime", parameters: ONE, body: to_time },
    Function { name: "toDuration", parameters: ONE, body: to_duration },
];

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const LARGE_1024: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// The first argument as a number.
fn number(arguments: &[Value]) -> Result<f64, String> {
    match argument(arguments, 0) {
        Value::Float(number) => Ok(*number),
        Value::String(text) => parse_float(text),
        Value::Int(number) => Ok(*number as f64),
        Value::Named(Named::Duration, nanos) => Ok(*nanos as f64 / 1e9),
        other => Err(format!("can't convert {} to float", other.type_name())),
    }
}

/// Four significant digits.
fn short(number: f64) -> String {
    format_float(number, 'g', Some(4))
}

/// Divides a number until it is below `factor`; returns it with the unit that this takes.
fn divided(mut number: f64, factor: f64, units: &[&'static str]) -> (f64, &'static str) {
    let mut unit = "";
    for next in units {
        if number.abs() < factor {
            break;
        }
        unit = next;
        number /= factor;
    }
    (number, unit)
}

/// Multiplies a number by 1000 until it is at least 1.
fn multiplied(mut number: f64) -> (f64, &'static str) {
    let mut unit = "";
    for next in SMALL {
        if number.abs() >= 1.0 {
            break;
        }
        unit = next;
        number *= 1000.0;
    }
    (number, unit)
}

fn humanize(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let number = number(arguments)?;
    let (shown, unit) = match number.abs() {
        _ if number == 0.0 || !number.is_finite() => (number, ""),
        magnitude if magnitude >= 1.0 => divided(number, 1000.0, &LARGE),
        _ => multiplied(number),
    };
    Ok(format!("{}{unit}", short(shown)).into())
}

fn humanize1024(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let number = number(arguments)?;
    let (shown, unit) = match number.abs() {
        magnitude if magnitude > 1.0 && number.is_finite() => divided(number, 1024.0, &LARGE_1024),
        _ => (number, ""),
    };
    Ok(format!("{}{unit}", short(shown)).into())
}

fn humanize_percentage(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    Ok(format!("{}%", short(number(arguments)? * 100.0)).into())
}

fn humanize_duration(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let number = number(arguments)?;
    if !number.is_finite() {
        return Ok(short(number).into());
    }
    if number == 0.0 {
        return Ok(format!("{}s", short(number)).into());
    }
    if number.abs() < 1.0 {
        let (shown, unit) = multiplied(number);
        return Ok(format!("{}{unit}s", short(shown)).into());
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let total = number.abs() as i64;
    let (days, hours) = (total / 86_400, total / 3_600 % 24);
    let (minutes, seconds) = (total / 60 % 60, total % 60);
    let text = if days > 0 {
        format!("{sign}{days}d {hours}h {minutes}m {seconds}s")
    } else if hours > 0 {
        format!("{sign}{hours}h {minutes}m {seconds}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m {seconds}s")
    } else {
        format!("{sign}{}s", short(number.abs()))
    };
    Ok(text.into())
}

/// The time at a number of seconds since the epoch, in whole milliseconds.
fn time(seconds: f64) -> Result<Time, String> {
    let nanos = seconds * 1e9;
    if nanos > i64::MAX as f64 || nanos < i64::MIN as f64 {
        let seconds = format_float(seconds, 'g', None);
        return Err(format!(
            "{seconds} cannot be represented as a nanoseconds timestamp since it overflows int64"
        ));
    }
    Ok(Time::from_millis(nanos as i64 / 1_000_000))
}

fn humanize_timestamp(call: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let number = number(arguments)?;
    if !number.is_finite() {
        return Ok(short(number).into());
    }
    let mut out = call.text();
    crate::go::verb::Verb::value().part(&mut out, &Value::Time(time(number)?))?;
    Ok(out.finish().into())
}

fn to_time(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    let number = number(arguments)?;
    if !number.is_finite() {
        return Err("value is NaN or Inf".to_owned());
    }
    Ok(Value::Time(time(number)?))
}

fn to_duration(_: &mut Call<'_, '_>, arguments: &[Value]) -> Returned {
    Ok(Value::Named(Named::Duration, (number(arguments)? * 1e9) as i64))
}
