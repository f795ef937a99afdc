//! `fmt.Sprint`, `fmt.Sprintln` and `fmt.Sprintf`.

use super::verb::Verb;
use crate::text::{Overflow, Text};
use crate::value::Value;

/// Largest width and precision of a verb.
const WIDTH_MAX: usize = 1_000_000;

/// Writes values with spaces between operands of which neither is a string.
pub(crate) fn print(out: &mut Text, values: &[Value]) -> Result<(), Overflow> {
    let mut previous: Option<&Value> = None;
    for value in values {
        let is_text = |value: &Value| value.as_text().is_some();
        if previous.is_some_and(|previous| !is_text(previous) && !is_text(value)) {
            out.push(" ")?;
        }
        Verb::value().write(out, value)?;
        previous = Some(value);
    }
    Ok(())
}

/// Writes values with spaces between them, and a line feed.
pub(crate) fn println(out: &mut Text, values: &[Value]) -> Result<(), Overflow> {
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(" ")?;
        }
        Verb::value().write(out, value)?;
    }
    out.push("\n")
}

/// Writes a format with its verbs replaced by values.
pub(crate) fn printf(out: &mut Text, format: &str, values: &[Value]) -> Result<(), Overflow> {
    let mut arguments = Arguments { values, next: 0, is_reordered: false };
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push(before)?;
        rest = directive(out, after, &mut arguments)?;
    }
    out.push(rest)?;
    if arguments.is_reordered || arguments.next >= values.len() {
        return Ok(());
    }
    out.push("%!(EXTRA ")?;
    for (index, value) in values.iter().skip(arguments.next).enumerate() {
        if index > 0 {
            out.push(", ")?;
        }
        out.push(value.type_name())?;
        if !matches!(value, Value::Nil) {
            out.push("=")?;
            Verb::value().write(out, value)?;
        }
    }
    out.push(")")
}

/// The operands, and the next of them.
struct Arguments<'a> {
    values: &'a [Value],
    next: usize,
    is_reordered: bool,
}

impl<'a> Arguments<'a> {
    fn take(&mut self) -> Option<&'a Value> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        Some(value)
    }

    /// Reads an index such as `[2]`; `None` if it is no operand's.
    fn index<'t>(&mut self, text: &'t str) -> (&'t str, bool) {
        let Some(inner) = text.strip_prefix('[') else { return (text, true) };
        self.is_reordered = true;
        let Some((index, after)) = inner.split_once(']') else { return (inner, false) };
        match index.parse::<usize>() {
            Ok(index) if (1..=self.values.len()).contains(&index) => {
                self.next = index - 1;
                (after, true)
            }
            _ => (after, false),
        }
    }
}

/// Writes what follows a `%`; returns the rest of the format.
fn directive<'t>(
    out: &mut Text,
    text: &'t str,
    arguments: &mut Arguments<'_>,
) -> Result<&'t str, Overflow> {
    let mut verb = Verb::default();
    let length = text.find(|c| !"#0+- ".contains(c)).unwrap_or(text.len());
    let (flags, rest) = text.split_at(length);
    verb.sharp = flags.contains('#');
    verb.zero = flags.contains('0');
    verb.plus = flags.contains('+');
    verb.minus = flags.contains('-');
    verb.space = flags.contains(' ');

    let (rest, mut is_valid) = arguments.index(rest);
    let (mut rest, width) = number(out, rest, arguments, "%!(BADWIDTH)")?;
    if let Some(width) = width {
        verb.minus |= width < 0;
        verb.width = usize::try_from(width.unsigned_abs()).ok();
    }
    if let Some(after) = rest.strip_prefix('.') {
        let (after, valid) = arguments.index(after);
        is_valid &= valid;
        let (after, precision) = number(out, after, arguments, "%!(BADPREC)")?;
        verb.precision = match precision {
            Some(precision) => usize::try_from(precision).ok(),
            None => Some(0),
        };
        rest = after;
    }
    let (after, valid) = arguments.index(rest);
    is_valid &= valid;
    let mut chars = after.chars();
    let Some(letter) = chars.next() else {
        out.push("%!(NOVERB)")?;
        return Ok("");
    };
    verb.letter = letter;
    if letter == 'v' {
        verb.names = std::mem::take(&mut verb.plus);
    }
    if letter == '%' {
        out.push("%")?;
    } else if !is_valid {
        out.push(&format!("%!{letter}(BADINDEX)"))?;
    } else if let Some(value) = arguments.take() {
        verb.write(out, value)?;
    } else {
        out.push(&format!("%!{letter}(MISSING)"))?;
    }
    Ok(chars.as_str())
}

/// Reads a width or precision, in digits or as `*` from an operand.
fn number<'t>(
    out: &mut Text,
    text: &'t str,
    arguments: &mut Arguments<'_>,
    error: &str,
) -> Result<(&'t str, Option<i64>), Overflow> {
    let bounded = |number: i64| number.unsigned_abs() as usize <= WIDTH_MAX;
    if let Some(rest) = text.strip_prefix('*') {
        let number = arguments.take().and_then(Value::as_integer).filter(|n| bounded(*n));
        if number.is_none() {
            out.push(error)?;
        }
        return Ok((rest, number));
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(digits);
    Ok((rest, digits.parse().ok().filter(|n| bounded(*n))))
}
