//! Numbers in the text formats: the values of Go's `strconv.ParseFloat`, and its messages.
//!
//! Prometheus refuses what Go reads beyond decimal numbers: hexadecimal floats and underscores.

use super::quote::quoted;

/// The bits of the NaN that Prometheus stores for every NaN in a text format.
pub const NORMAL_NAN_BITS: u64 = 0x7ff8_0000_0000_0001;

/// Powers of ten that a float represents exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Integers up to this are exact floats.
const EXACT_INTEGER_MAX: u64 = 1 << 53;

/// More digits than this may overflow 64 bits.
const DIGITS_MAX: usize = 19;

/// The decimal number at the start of the bytes, with its length.
///
/// `None` if the number is not exact after one multiplication or division by a power of ten (then
/// [`parse`] decides), or if there is none. The caller checks that the number ends there.
#[inline]
pub(super) fn short_decimal(bytes: &[u8]) -> Option<(f64, usize)> {
    let is_negative = bytes.first() == Some(&b'-');
    let mut at = usize::from(is_negative);
    let (mut mantissa, mut exponent) = (0_u64, 0_i32);
    let first = at;
    at = digits(bytes, at, &mut mantissa);
    let mut count = at - first;
    if bytes.get(at) == Some(&b'.') {
        let start = at + 1;
        at = digits(bytes, start, &mut mantissa);
        exponent = -i32::try_from(at - start).ok()?;
        count += at - start;
    }
    if count == 0 || count > DIGITS_MAX || mantissa > EXACT_INTEGER_MAX {
        return None;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let (power, end) = exponent_at(bytes, at + 1)?;
        exponent += power;
        at = end;
    }
    let power = *EXACT_POWERS.get(exponent.unsigned_abs() as usize)?;
    let value = mantissa as f64;
    let value = if exponent < 0 { value / power } else { value * power };
    Some((if is_negative { -value } else { value }, at))
}

/// Appends digits to the number; overflow is possible only beyond [`DIGITS_MAX`].
#[inline]
fn digits(bytes: &[u8], start: usize, number: &mut u64) -> usize {
    let mut at = start;
    for byte in bytes.get(start..).unwrap_or_default() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        *number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    at
}

/// A signed exponent of at most three digits.
#[inline]
fn exponent_at(bytes: &[u8], start: usize) -> Option<(i32, usize)> {
    let sign = bytes.get(start);
    let first = start + usize::from(matches!(sign, Some(b'+' | b'-')));
    let mut power = 0;
    let end = digits(bytes, first, &mut power);
    if !(1..=3).contains(&(end - first)) {
        return None;
    }
    let power = i32::try_from(power).ok()?;
    Some((if sign == Some(&b'-') { -power } else { power }, end))
}

/// The value of a sample or exemplar, or a timestamp in seconds. NaN has [`NORMAL_NAN_BITS`].
///
/// # Errors
/// The message of Prometheus.
pub(super) fn parse(text: &[u8]) -> Result<f64, String> {
    if let Some((value, length)) = short_decimal(text)
        && length == text.len()
    {
        return Ok(value);
    }
    if text.iter().any(|byte| matches!(byte, b'p' | b'P' | b'_')) {
        return Err("unsupported character in float".to_owned());
    }
    let failed = |why: &str| format!("strconv.ParseFloat: parsing {}: {why}", quoted(text));
    let value = go_float(text).ok_or_else(|| failed("invalid syntax"))?;
    let is_infinite = value.is_infinite() && text.iter().any(u8::is_ascii_digit);
    if is_infinite { Err(failed("value out of range")) } else { Ok(value) }
}

/// A decimal float, `inf`, `infinity` or `nan` in any case; only `nan` has no sign.
fn go_float(text: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    if !value.is_nan() {
        return Some(value);
    }
    (text.len() == 3).then_some(f64::from_bits(NORMAL_NAN_BITS))
}

/// The canonical text of a value of the labels `le` and `quantile`, as OpenMetrics formats it;
/// `None` if the text is not a number.
pub(super) fn canonical(text: &str) -> Option<String> {
    let value = parse(text.as_bytes()).ok()?;
    Some(open_metrics(value))
}

/// Formats a bound or quantile: the shortest text that reads back as the same value, in Go's format
/// `g`, with `.0` if there is neither point nor exponent.
///
/// Source: OpenMetrics 1.0, "Considerations: Canonical Numbers"; Prometheus does the same for all
/// formats.
pub(super) fn open_metrics(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if value == 0.0 {
        return "0.0".to_owned();
    }
    let scientific = even_digits(value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // Go's format `g` switches to an exponent there when it writes the shortest text.
    if (-4..6).contains(&exponent) {
        let plain = plain(mantissa, exponent);
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// `strconv.FormatFloat(value, 'g', -1, 64)`: Prometheus text.
pub(super) fn general(value: f64) -> String {
    let text = open_metrics(value);
    text.strip_suffix(".0").map_or(text.clone(), ToOwned::to_owned)
}

/// The shortest digits that read back as the same value. Where two texts are equally near, the
/// last digit is even, as in Go.
fn even_digits(value: f64) -> String {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let last = mantissa.bytes().last().unwrap_or_default();
    if digits < 16 || last.is_ascii_digit() && last % 2 == 0 {
        return text;
    }
    // A float has at most 767 digits; a tie ends with a five, one digit after the last.
    let exact = format!("{value:.*e}", digits + 20);
    let (exact, _) = exact.split_once('e').unwrap_or((&exact, ""));
    let kept = exact.get(..mantissa.len()).unwrap_or_default();
    let is_tie = exact.get(mantissa.len()..).is_some_and(|rest| {
        rest.strip_prefix('5').is_some_and(|rest| rest.bytes().all(|digit| digit == b'0'))
    });
    let even = format!("{kept}e{exponent}");
    if is_tie && even.parse() == Ok(value) { even } else { text }
}

/// Writes digits with an exponent from -4 to 5 as a decimal number.
fn plain(mantissa: &str, exponent: i32) -> String {
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    let Ok(before) = usize::try_from(exponent + 1) else {
        return format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    };
    match digits.split_at_checked(before) {
        Some(("", after)) => format!("{sign}0.{after}"),
        Some((digits, "")) => format!("{sign}{digits}"),
        Some((before, after)) => format!("{sign}{before}.{after}"),
        None => format!("{sign}{digits}{}", "0".repeat(before - digits.len())),
    }
}
