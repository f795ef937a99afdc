//! One verb of `fmt.Printf`, applied to a value.

use super::float::format_float;
use super::quote::{can_be_raw, quote, quote_ascii, quote_char};
use crate::text::{Overflow, Text};
use crate::value::Value;

/// A verb with its flags.
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of a format")]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Verb {
    pub(crate) letter: char,
    pub(crate) width: Option<usize>,
    pub(crate) precision: Option<usize>,
    pub(crate) plus: bool,
    pub(crate) minus: bool,
    pub(crate) sharp: bool,
    pub(crate) space: bool,
    pub(crate) zero: bool,
    /// Whether structs are written with the names of their fields: the flag `+` of `%v`.
    pub(crate) names: bool,
}

type Written = Result<(), Overflow>;

impl Verb {
    /// The verb `%v` without flags.
    pub(crate) fn value() -> Self {
        Self { letter: 'v', ..Self::default() }
    }

    /// Writes a value. A pointer to a struct starts with `&`.
    pub(crate) fn write(self, out: &mut Text, value: &Value) -> Written {
        let is_pointer = matches!(value, Value::Struct(_)) && value.type_name().starts_with('*');
        let has_print = value.kind().is_some_and(|kind| kind.print.is_some());
        if is_pointer && !has_print && self.letter == 'v' {
            out.push("&")?;
        }
        self.part(out, value)
    }

    /// Writes a value that is part of another.
    pub(crate) fn part(self, out: &mut Text, value: &Value) -> Written {
        if self.letter == 'T' {
            return self.pad(out, value.type_name());
        }
        let prints = matches!(self.letter, 'v' | 's' | 'q' | 'x' | 'X');
        if let Some(print) = value.kind().and_then(|kind| kind.print).filter(|_| prints) {
            let mut text = Text::new(out.left());
            print(value, &mut text)?;
            return self.string(out, &text.finish(), value);
        }
        match value {
            Value::Nil if self.letter == 'v' => self.pad(out, "<nil>"),
            Value::Bool(value) if matches!(self.letter, 'v' | 't') => {
                self.pad(out, if *value { "true" } else { "false" })
            }
            Value::Int(number) | Value::Named(_, number) => self.integer(out, *number, value),
            Value::Float(number) => self.float(out, *number, value),
            Value::String(text) | Value::Safe(_, text) => self.string(out, text, value),
            Value::List(list) => self.sequence(out, "[", list.items().iter(), "]"),
            Value::Map(map) => self.map(out, map.entries()),
            Value::Struct(fields) => self.fields(out, fields),
            _ => self.mismatch(out, value),
        }
    }

    fn sequence<'a>(
        self,
        out: &mut Text,
        open: &str,
        items: impl Iterator<Item = &'a Value>,
        close: &str,
    ) -> Written {
        out.push(open)?;
        for (index, item) in items.enumerate() {
            if index > 0 {
                out.push(" ")?;
            }
            self.part(out, item)?;
        }
        out.push(close)
    }

    fn map(self, out: &mut Text, entries: &std::collections::BTreeMap<String, Value>) -> Written {
        out.push("map[")?;
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                out.push(" ")?;
            }
            self.string(out, key, &Value::from(key.as_str()))?;
            out.push(":")?;
            self.part(out, value)?;
        }
        out.push("]")
    }

    fn fields(self, out: &mut Text, value: &crate::value::Struct) -> Written {
        if !self.names {
            return self.sequence(out, "{", value.fields().map(|(_, value)| value), "}");
        }
        out.push("{")?;
        for (index, (field, value)) in value.fields().enumerate() {
            if index > 0 {
                out.push(" ")?;
            }
            out.push(field.name)?;
            out.push(":")?;
            self.part(out, value)?;
        }
        out.push("}")
    }

    /// `%!d(string=text)`: the verb does not fit the value.
    fn mismatch(self, out: &mut Text, value: &Value) -> Written {
        out.push("%!")?;
        out.fill(self.letter, 1)?;
        if matches!(value, Value::Nil) {
            return out.push("(<nil>)");
        }
        out.push("(")?;
        out.push(value.type_name())?;
        out.push("=")?;
        Self { letter: 'v', ..self }.part(out, value)?;
        out.push(")")
    }

    fn string(self, out: &mut Text, text: &str, value: &Value) -> Written {
        let kept = match (self.precision, self.letter) {
            (Some(precision), 'v' | 's' | 'q') => {
                let end = text.char_indices().nth(precision).map_or(text.len(), |(end, _)| end);
                text.get(..end).unwrap_or(text)
            }
            _ => text,
        };
        match self.letter {
            'v' if self.sharp => self.pad(out, &quote(kept)),
            'v' | 's' => self.pad(out, kept),
            'q' if self.sharp && can_be_raw(kept) => self.pad(out, &format!("`{kept}`")),
            'q' if self.plus => self.pad(out, &quote_ascii(kept)),
            'q' => self.pad(out, &quote(kept)),
            'x' | 'X' => self.bytes(out, kept),
            _ => self.mismatch(out, value),
        }
    }

    /// Bytes in hexadecimal digits.
    fn bytes(self, out: &mut Text, text: &str) -> Written {
        let count = self.precision.unwrap_or(text.len());
        let mut digits = Text::new(out.left());
        for (index, byte) in text.bytes().take(count).enumerate() {
            if self.space && index > 0 {
                digits.push(" ")?;
            }
            if self.sharp && (self.space || index == 0) {
                digits.push(if self.letter == 'x' { "0x" } else { "0X" })?;
            }
            match self.letter {
                'x' => digits.push(&format!("{byte:02x}"))?,
                _ => digits.push(&format!("{byte:02X}"))?,
            }
        }
        self.pad(out, digits.as_str())
    }

    fn integer(self, out: &mut Text, number: i64, value: &Value) -> Written {
        let magnitude = number.unsigned_abs();
        let c = u32::try_from(number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
        let (prefix, digits) = match self.letter {
            'v' | 'd' => ("", magnitude.to_string()),
            'b' => (if self.sharp { "0b" } else { "" }, format!("{magnitude:b}")),
            'o' => (if self.sharp { "0" } else { "" }, format!("{magnitude:o}")),
            'O' => ("0o", format!("{magnitude:o}")),
            'x' => (if self.sharp { "0x" } else { "" }, format!("{magnitude:x}")),
            'X' => (if self.sharp { "0X" } else { "" }, format!("{magnitude:X}")),
            'c' => return self.pad(out, c.encode_utf8(&mut [0; 4])),
            'q' => return self.pad(out, &quote_char(c)),
            'U' => {
                let spaces = Self { zero: false, ..self };
                return spaces.pad(out, &format!("U+{magnitude:04X}"));
            }
            _ => return self.mismatch(out, value),
        };
        let sign = self.sign(number < 0);
        let around = sign.len() + prefix.len();
        let digits_min = match (self.precision, self.width) {
            (Some(0), _) if number == 0 => return self.padded(out, ' ', 0, |_| Ok(())),
            (Some(precision), _) => precision,
            (None, Some(width)) if self.zero && !self.minus => width.saturating_sub(around),
            _ => 0,
        };
        let zeros = digits_min.saturating_sub(digits.len());
        self.padded(out, ' ', around + zeros + digits.len(), |out| {
            out.push(sign)?;
            out.push(prefix)?;
            out.fill('0', zeros)?;
            out.push(&digits)
        })
    }

    fn float(self, out: &mut Text, number: f64, value: &Value) -> Written {
        let (format, precision) = match self.letter {
            'v' => ('g', self.precision),
            'g' | 'G' => (self.letter, self.precision),
            'e' | 'E' | 'f' | 'F' => (self.letter, Some(self.precision.unwrap_or(6))),
            _ => return self.mismatch(out, value),
        };
        let text = format_float(number, format, precision);
        let digits = text.trim_start_matches(['-', '+']);
        let sign = match number.is_infinite() && number > 0.0 {
            true if self.plus => "+",
            // Go writes the plus of an infinity, unless a space takes its place.
            true if self.space => " ",
            true => "+",
            false => self.sign(text.starts_with('-')),
        };
        let zeros = match self.width {
            Some(width) if self.zero && !self.minus && number.is_finite() => {
                width.saturating_sub(sign.len() + digits.len())
            }
            _ => 0,
        };
        self.padded(out, ' ', sign.len() + zeros + digits.len(), |out| {
            out.push(sign)?;
            out.fill('0', zeros)?;
            out.push(digits)
        })
    }

    fn sign(self, is_negative: bool) -> &'static str {
        match is_negative {
            true => "-",
            false if self.plus => "+",
            false if self.space => " ",
            false => "",
        }
    }

    /// Writes a text, and spaces up to the width; zeros with the flag `0`, even of text.
    fn pad(self, out: &mut Text, text: &str) -> Written {
        let fill = if self.zero { '0' } else { ' ' };
        self.padded(out, fill, text.chars().count(), |out| out.push(text))
    }

    /// Writes a text of a length in characters, and fills it up to the width.
    fn padded(
        self,
        out: &mut Text,
        fill: char,
        length: usize,
        write: impl FnOnce(&mut Text) -> Written,
    ) -> Written {
        let missing = self.width.unwrap_or_default().saturating_sub(length);
        if self.minus {
            write(out)?;
            return out.fill(' ', missing);
        }
        out.fill(fill, missing)?;
        write(out)
    }
}
