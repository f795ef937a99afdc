//! The fast path for samples in the shape that nearly all lines have.
//!
//! It reads `name{label="value",…} number timestamp` with single spaces, unquoted names, values of
//! printable ASCII and a number that [`short_decimal`] or the standard parser reads. It returns
//! `None` for anything else, and the exact parser decides; where it returns a sample, the exact
//! parser returns the same one.

use super::float::{self, short_decimal};
use super::lexer::{Dialect, is_name_start};

/// Bits of a byte's class.
const NAME: u8 = 1;
const LABEL: u8 = 2;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = if byte.is_ascii_alphanumeric() || byte == b'_' {
            NAME | LABEL
        } else if byte == b':' {
            NAME
        } else {
            0
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    classes
};

/// A sample of the fast path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FastSample {
    /// Length of the series.
    pub(super) series: usize,
    pub(super) is_expected: bool,
    pub(super) value: f64,
    pub(super) timestamp_ms: Option<i64>,
    /// Length of the line with its break.
    pub(super) length: usize,
}

/// Reads the sample at the start of the bytes. `expected` is a series that this parser returned
/// before, or empty.
#[inline]
pub(super) fn sample(rest: &[u8], dialect: Dialect, expected: &[u8]) -> Option<FastSample> {
    let is_expected = !expected.is_empty()
        && rest.get(expected.len()) == Some(&b' ')
        && rest.starts_with(expected);
    let series = if is_expected { expected.len() } else { series_end(rest)? };
    let (value, at) = number(rest, series)?;
    match rest.get(at)? {
        b'\n' => {
            Some(FastSample { series, is_expected, value, timestamp_ms: None, length: at + 1 })
        }
        b' ' => {
            let (timestamp, at) = timestamp(rest, at + 1, dialect)?;
            let timestamp_ms = Some(timestamp);
            (rest.get(at) == Some(&b'\n')).then_some(FastSample {
                series,
                is_expected,
                value,
                timestamp_ms,
                length: at + 1,
            })
        }
        _ => None,
    }
}

/// A line of metadata of the fast path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FastMetadata<'a> {
    pub(super) is_type: bool,
    pub(super) name: &'a [u8],
    pub(super) text: &'a [u8],
    /// Length of the line with its break.
    pub(super) length: usize,
}

/// Reads the line of `# HELP` or `# TYPE` at the start of the bytes, with single spaces and an
/// unquoted name.
#[inline]
pub(super) fn metadata(rest: &[u8]) -> Option<FastMetadata<'_>> {
    let is_type = match rest.get(..7)? {
        b"# HELP " => false,
        b"# TYPE " => true,
        _ => return None,
    };
    if !is_name_start(*rest.get(7)?) {
        return None;
    }
    let end = run(rest, 8, NAME);
    let line = rest.get(end + 1..)?;
    if rest.get(end) != Some(&b' ') || matches!(line.first()?, b' ' | b'\t') {
        return None;
    }
    let length = memchr::memchr(b'\n', line)?;
    let (name, text) = (rest.get(7..end)?, line.get(..length)?);
    Some(FastMetadata { is_type, name, text, length: end + 1 + length + 1 })
}

/// The space and the value after the series.
#[inline]
fn number(rest: &[u8], series: usize) -> Option<(f64, usize)> {
    let first = series + 1;
    if rest.get(series) != Some(&b' ') {
        return None;
    }
    let bytes = rest.get(first..)?;
    if let Some((value, length)) = short_decimal(bytes)
        && matches!(bytes.get(length), Some(b' ' | b'\n'))
    {
        return Some((value, first + length));
    }
    let length = bytes.iter().position(|byte| matches!(byte, b' ' | b'\n' | b'\t' | b'{' | 0))?;
    let value = float::parse(bytes.get(..length)?).ok()?;
    Some((value, first + length))
}

#[inline]
fn timestamp(rest: &[u8], at: usize, dialect: Dialect) -> Option<(i64, usize)> {
    let bytes = rest.get(at..)?;
    if dialect == Dialect::OpenMetrics {
        let (seconds, length) = short_decimal(bytes)?;
        return Some(((seconds * 1000.0) as i64, at + length));
    }
    let length = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
    if !(1..=18).contains(&length) {
        return None;
    }
    let digits = bytes.get(..length)?.iter();
    let value = digits.fold(0, |value, byte| value * 10 + i64::from(byte - b'0'));
    Some((value, at + length))
}

/// The end of the series at the start of the bytes.
#[inline]
fn series_end(rest: &[u8]) -> Option<usize> {
    if !is_name_start(*rest.first()?) {
        return None;
    }
    let mut at = run(rest, 1, NAME);
    if rest.get(at)? != &b'{' {
        return Some(at);
    }
    at += 1;
    if rest.get(at)? == &b'}' {
        return Some(at + 1);
    }
    loop {
        let first = *rest.get(at)?;
        if first.is_ascii_digit() {
            return None;
        }
        let end = run(rest, at, LABEL);
        if end == at || rest.get(end..end + 2)? != b"=\"" {
            return None;
        }
        at = value_end(rest, end + 2)? + 1;
        match rest.get(at)? {
            b'}' => return Some(at + 1),
            b',' if rest.get(at + 1)? == &b'}' => return Some(at + 2),
            b',' => at += 1,
            _ => return None,
        }
    }
}

/// The end of the run of bytes of a class.
#[inline]
fn run(rest: &[u8], start: usize, class: u8) -> usize {
    let mut at = start;
    for byte in rest.get(start..).unwrap_or_default() {
        if CLASSES[usize::from(*byte)] & class == 0 {
            break;
        }
        at += 1;
    }
    at
}

/// Each byte of a word.
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Bits in the first byte of the word that is no printable ASCII, a quote or a backslash; bytes
/// before it have no bits.
#[inline]
fn special(word: u64) -> u64 {
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let quote = is_zero(word ^ (ONES * 0x22));
    let backslash = is_zero(word ^ (ONES * 0x5c));
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    quote | backslash | control | (word & HIGH)
}

/// The offset of the quote that ends a label value.
#[inline]
fn value_end(rest: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let tail = rest.get(at..)?;
        let found = if let Some((word, _)) = tail.split_first_chunk::<8>() {
            let bits = special(u64::from_le_bytes(*word));
            if bits == 0 {
                at += 8;
                continue;
            }
            (bits.trailing_zeros() / 8) as usize
        } else {
            tail.iter().position(|byte| !matches!(byte, b' '..=b'~') || b"\"\\".contains(byte))?
        };
        at += found;
        match rest.get(at)? {
            b'"' => return Some(at),
            b'\\' if matches!(rest.get(at + 1)?, b' '..=b'~') => at += 2,
            _ => return None,
        }
    }
}
