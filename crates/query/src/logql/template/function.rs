//! The functions of templates.

use std::fmt::Write as _;

use super::{OUTPUT_BYTES_MAX, Value, bounded};
use crate::QueryError;

macro_rules! functions {
    ($($variant:ident: $least:literal ..= $most:expr, $($name:literal)|+;)*) => {
        /// A function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Function { $($variant),* }

        impl Function {
            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name { $($($name)|+ => Some(Self::$variant),)* _ => None }
            }

            /// The name, and the minimum and maximum number of arguments.
            fn signature(self) -> (&'static str, usize, usize) {
                match self { $(Self::$variant => ([$($name),+][0], $least, $most)),* }
            }
        }
    };
}

functions! {
    Upper: 1..=1, "upper" | "ToUpper";
    Lower: 1..=1, "lower" | "ToLower";
    Title: 1..=1, "title";
    Trim: 1..=1, "trim" | "TrimSpace";
    TrimCharacters: 2..=2, "Trim";
    TrimLeft: 2..=2, "TrimLeft";
    TrimRight: 2..=2, "TrimRight";
    TrimPrefixOf: 2..=2, "TrimPrefix";
    TrimSuffixOf: 2..=2, "TrimSuffix";
    TrimAll: 2..=2, "trimAll";
    TrimPrefix: 2..=2, "trimPrefix";
    TrimSuffix: 2..=2, "trimSuffix";
    ReplaceCount: 4..=4, "Replace";
    Replace: 3..=3, "replace";
    Substring: 3..=3, "substr";
    Truncate: 2..=2, "trunc";
    Contains: 2..=2, "contains";
    HasPrefix: 2..=2, "hasPrefix";
    HasSuffix: 2..=2, "hasSuffix";
    Repeat: 2..=2, "repeat";
    Indent: 2..=2, "indent";
    NewlineIndent: 2..=2, "nindent";
    Default: 2..=2, "default";
    Printf: 1..=usize::MAX, "printf";
    Print: 0..=usize::MAX, "print";
    Length: 1..=1, "len";
    Equal: 2..=2, "eq";
    NotEqual: 2..=2, "ne";
    Less: 2..=2, "lt";
    LessOrEqual: 2..=2, "le";
    Greater: 2..=2, "gt";
    GreaterOrEqual: 2..=2, "ge";
    And: 1..=usize::MAX, "and";
    Or: 1..=usize::MAX, "or";
    Not: 1..=1, "not";
    Add: 1..=usize::MAX, "add";
    Subtract: 2..=2, "sub";
    Multiply: 1..=usize::MAX, "mul";
    Divide: 2..=2, "div";
    Remainder: 2..=2, "mod";
    AddFloat: 1..=usize::MAX, "addf";
    SubtractFloat: 1..=usize::MAX, "subf";
    MultiplyFloat: 1..=usize::MAX, "mulf";
    DivideFloat: 1..=usize::MAX, "divf";
    Int: 1..=1, "int";
    Float: 1..=1, "float64";
    Floor: 1..=1, "floor";
    Ceil: 1..=1, "ceil";
    RegexReplace: 3..=3, "regexReplaceAll";
    RegexReplaceLiteral: 3..=3, "regexReplaceAllLiteral";
    Count: 2..=2, "count";
    UnixSeconds: 1..=1, "unixEpoch";
    UnixMillis: 1..=1, "unixEpochMillis";
    UnixNanos: 1..=1, "unixEpochNanos";
}

/// Functions of Loki that are not implemented.
const NOT_BUILT: [&str; 22] = [
    "date",
    "now",
    "toDate",
    "toDateInZone",
    "unixToTime",
    "duration",
    "duration_seconds",
    "bytes",
    "fromJson",
    "urlencode",
    "urldecode",
    "b64enc",
    "b64dec",
    "alignLeft",
    "alignRight",
    "min",
    "max",
    "minf",
    "maxf",
    "round",
    "lookup",
    "list",
];

impl Function {
    /// The error for a name that is not a function.
    pub(super) fn unknown(name: &str) -> QueryError {
        if NOT_BUILT.contains(&name) {
            QueryError::Unsupported(format!("the function {name} in templates"))
        } else {
            QueryError::Invalid(format!("template: function {name:?} not defined"))
        }
    }

    /// Checks the number of arguments.
    pub(super) fn check(self, count: usize) -> Result<(), QueryError> {
        let (name, least, most) = self.signature();
        if (least..=most).contains(&count) {
            return Ok(());
        }
        Err(QueryError::Invalid(format!(
            "template: wrong number of args for {name}: want {least} got {count}"
        )))
    }

    /// The result for arguments, whose number has been checked.
    ///
    /// # Errors
    /// The reason why the arguments are invalid.
    #[expect(clippy::too_many_lines, reason = "one line for each function")]
    pub(super) fn apply(self, arguments: &[Value]) -> Result<Value, String> {
        let texts: Vec<String> =
            arguments.iter().map(|argument| argument.clone().into_text()).collect();
        let text = |i: usize| texts.get(i).map_or("", String::as_str);
        let int = |i: usize| arguments.get(i).map_or(0, Value::int);
        let numbers = || arguments.iter().map(Value::number);
        let ints = || arguments.iter().map(Value::int);
        Ok(match self {
            Self::Upper => Value::Text(text(0).to_uppercase()),
            Self::Lower => Value::Text(text(0).to_lowercase()),
            Self::Title => Value::Text(title(text(0))),
            Self::Trim => Value::Text(text(0).trim().to_owned()),
            Self::TrimCharacters => {
                Value::Text(text(0).trim_matches(|c| text(1).contains(c)).to_owned())
            }
            Self::TrimLeft => {
                Value::Text(text(0).trim_start_matches(|c| text(1).contains(c)).to_owned())
            }
            Self::TrimRight => {
                Value::Text(text(0).trim_end_matches(|c| text(1).contains(c)).to_owned())
            }
            Self::TrimPrefixOf => {
                Value::Text(text(0).strip_prefix(text(1)).unwrap_or(text(0)).to_owned())
            }
            Self::TrimSuffixOf => {
                Value::Text(text(0).strip_suffix(text(1)).unwrap_or(text(0)).to_owned())
            }
            Self::TrimAll => Value::Text(text(1).trim_matches(|c| text(0).contains(c)).to_owned()),
            Self::TrimPrefix => {
                Value::Text(text(1).strip_prefix(text(0)).unwrap_or(text(1)).to_owned())
            }
            Self::TrimSuffix => {
                Value::Text(text(1).strip_suffix(text(0)).unwrap_or(text(1)).to_owned())
            }
            Self::ReplaceCount => Value::Text(replaced(
                text(0),
                text(1),
                text(2),
                usize::try_from(int(3)).unwrap_or(usize::MAX),
            )?),
            Self::Replace => Value::Text(replaced(text(2), text(0), text(1), usize::MAX)?),
            Self::Substring => Value::Text(substring(text(2), int(0), int(1))),
            Self::Truncate => Value::Text(truncated(text(1), int(0))),
            Self::Contains => Value::Bool(text(1).contains(text(0))),
            Self::HasPrefix => Value::Bool(text(1).starts_with(text(0))),
            Self::HasSuffix => Value::Bool(text(1).ends_with(text(0))),
            Self::Repeat => Value::Text(repeated(text(1), int(0))),
            Self::Indent => Value::Text(indented(text(1), int(0))),
            Self::NewlineIndent => Value::Text(format!("\n{}", indented(text(1), int(0)))),
            Self::Default => arguments
                .get(usize::from(arguments.get(1).is_some_and(Value::is_true)))
                .cloned()
                .unwrap_or(Value::Bool(false)),
            Self::Printf => Value::Text(printf(text(0), arguments.get(1..).unwrap_or_default())),
            Self::Print => Value::Text(bounded(texts.concat().into())),
            Self::Length => Value::Int(text(0).len() as i64),
            Self::Equal => Value::Bool(order(arguments) == Some(std::cmp::Ordering::Equal)),
            Self::NotEqual => Value::Bool(order(arguments) != Some(std::cmp::Ordering::Equal)),
            Self::Less => Value::Bool(order(arguments).is_some_and(std::cmp::Ordering::is_lt)),
            Self::LessOrEqual => {
                Value::Bool(order(arguments).is_some_and(std::cmp::Ordering::is_le))
            }
            Self::Greater => Value::Bool(order(arguments).is_some_and(std::cmp::Ordering::is_gt)),
            Self::GreaterOrEqual => {
                Value::Bool(order(arguments).is_some_and(std::cmp::Ordering::is_ge))
            }
            Self::And => arguments
                .iter()
                .find(|value| !value.is_true())
                .or(arguments.last())
                .cloned()
                .unwrap_or(Value::Bool(false)),
            Self::Or => arguments
                .iter()
                .find(|value| value.is_true())
                .or(arguments.last())
                .cloned()
                .unwrap_or(Value::Bool(false)),
            Self::Not => Value::Bool(!arguments.first().is_some_and(Value::is_true)),
            Self::Add => Value::Int(ints().fold(0, i64::wrapping_add)),
            Self::Subtract => Value::Int(int(0).wrapping_sub(int(1))),
            Self::Multiply => Value::Int(ints().fold(1, i64::wrapping_mul)),
            Self::Divide => Value::Int(int(0).checked_div(int(1)).ok_or("integer divide by zero")?),
            Self::Remainder => {
                Value::Int(int(0).checked_rem(int(1)).ok_or("integer divide by zero")?)
            }
            Self::AddFloat => Value::Float(numbers().sum()),
            Self::SubtractFloat => Value::Float(numbers().reduce(|a, b| a - b).unwrap_or_default()),
            Self::MultiplyFloat => Value::Float(numbers().product()),
            Self::DivideFloat => Value::Float(numbers().reduce(|a, b| a / b).unwrap_or_default()),
            Self::Int | Self::UnixNanos => Value::Int(int(0)),
            Self::Float => Value::Float(numbers().next().unwrap_or_default()),
            Self::Floor => Value::Float(numbers().next().unwrap_or_default().floor()),
            Self::Ceil => Value::Float(numbers().next().unwrap_or_default().ceil()),
            Self::RegexReplace => Value::Text(substituted(&pattern(text(0))?, text(1), text(2))?),
            Self::RegexReplaceLiteral => {
                Value::Text(substituted(&pattern(text(0))?, text(1), regex::NoExpand(text(2)))?)
            }
            Self::Count => Value::Int(pattern(text(0))?.find_iter(text(1)).count() as i64),
            Self::UnixSeconds => Value::Int(int(0) / 1_000_000_000),
            Self::UnixMillis => Value::Int(int(0) / 1_000_000),
        })
    }
}

fn pattern(text: &str) -> Result<regex::Regex, String> {
    super::super::filter::regex(text).map_err(|error| error.to_string())
}

fn title(text: &str) -> String {
    let mut is_start = true;
    let capital = |c: char| {
        let is_first = std::mem::replace(&mut is_start, c.is_whitespace());
        if is_first { c.to_uppercase().collect::<String>() } else { c.to_string() }
    };
    text.chars().map(capital).collect()
}

fn replaced(text: &str, old: &str, new: &str, count: usize) -> Result<String, String> {
    // Replacing a short text with a long one could grow without bound.
    let places = text.matches(old).take(count).count();
    if text.len().saturating_add(places.saturating_mul(new.len())) > OUTPUT_BYTES_MAX {
        return Err("replace makes too long a text".to_owned());
    }
    Ok(text.replacen(old, new, count))
}

/// As `replace_all` of a regular expression, with a limit.
fn substituted(
    pattern: &regex::Regex,
    text: &str,
    mut new: impl regex::Replacer,
) -> Result<String, String> {
    let mut made = String::with_capacity(text.len());
    let mut end = 0;
    for captures in pattern.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        made.push_str(text.get(end..whole.start()).unwrap_or_default());
        new.replace_append(&captures, &mut made);
        end = whole.end();
        if made.len() > OUTPUT_BYTES_MAX {
            return Err("regexReplaceAll makes too long a text".to_owned());
        }
    }
    made.push_str(text.get(end..).unwrap_or_default());
    Ok(bounded(made.into()))
}

fn substring(text: &str, start: i64, end: i64) -> String {
    let length = text.chars().count() as i64;
    let start = start.clamp(0, length);
    let end = if end < 0 { length } else { end.min(length) };
    text.chars().skip(start as usize).take((end - start).max(0) as usize).collect()
}

fn truncated(text: &str, count: i64) -> String {
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count >= 0 {
        return text.chars().take(wanted).collect();
    }
    let length = text.chars().count();
    text.chars().skip(length.saturating_sub(wanted)).collect()
}

fn repeated(text: &str, count: i64) -> String {
    let most = OUTPUT_BYTES_MAX / text.len().max(1);
    text.repeat(usize::try_from(count).unwrap_or_default().min(most))
}

fn indented(text: &str, spaces: i64) -> String {
    let lines = text.matches('\n').count() + 1;
    let most = (OUTPUT_BYTES_MAX.saturating_sub(text.len())) / lines;
    let padding = " ".repeat(usize::try_from(spaces).unwrap_or_default().min(most));
    format!("{padding}{}", text.replace('\n', &format!("\n{padding}")))
}

/// Compares the first argument with the second: texts as texts, else as numbers.
fn order(arguments: &[Value]) -> Option<std::cmp::Ordering> {
    match arguments {
        [Value::Text(a), Value::Text(b)] => Some(a.cmp(b)),
        [Value::Bool(a), Value::Bool(b)] => Some(a.cmp(b)),
        [a, b] => a.number().partial_cmp(&b.number()),
        _ => None,
    }
}

/// `%s %v %d %q %x %f %t %%` with width, precision and `-`.
fn printf(format: &str, arguments: &[Value]) -> String {
    let mut text = String::new();
    let mut arguments = arguments.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        let (literal, spec) = rest.split_at(at);
        text.push_str(literal);
        let spec = spec.get(1..).unwrap_or_default();
        let flags = spec.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(spec.len());
        let (options, verb) = spec.split_at(flags);
        let Some(verb_letter) = verb.chars().next() else { break };
        rest = verb.get(1..).unwrap_or_default();
        if verb_letter == '%' {
            text.push('%');
            continue;
        }
        let value = match arguments.next() {
            Some(value) => formatted(verb_letter, options, value),
            None => format!("%!{verb_letter}(MISSING)"),
        };
        let width: usize = options
            .trim_start_matches(['-', '+', ' ', '#', '0'])
            .split('.')
            .next()
            .and_then(|width| width.parse().ok())
            .unwrap_or_default();
        let missing = width.min(OUTPUT_BYTES_MAX / 2).saturating_sub(value.chars().count());
        if options.starts_with('-') {
            text.push_str(&value);
            text.push_str(&" ".repeat(missing));
        } else {
            text.push_str(&if options.starts_with('0') { "0" } else { " " }.repeat(missing));
            text.push_str(&value);
        }
        if text.len() > OUTPUT_BYTES_MAX {
            break;
        }
    }
    if !rest.contains('%') {
        text.push_str(rest);
    }
    bounded(text.into())
}

fn formatted(verb: char, options: &str, value: &Value) -> String {
    let precision =
        options.split_once('.').and_then(|(_, precision)| precision.parse::<usize>().ok());
    match verb {
        'f' | 'e' | 'g' if precision.is_some() || verb == 'f' => {
            format!("{:.*}", precision.unwrap_or(6).min(64), value.number())
        }
        'q' => format!("{:?}", value.clone().into_text()),
        'x' => match value {
            Value::Int(number) => format!("{number:x}"),
            other => {
                let mut text = String::new();
                for byte in other.clone().into_text().bytes() {
                    let _ = write!(text, "{byte:02x}");
                }
                text
            }
        },
        's' | 'v' if precision.is_some() => {
            value.clone().into_text().chars().take(precision.unwrap_or_default()).collect()
        }
        _ => value.clone().into_text(),
    }
}
