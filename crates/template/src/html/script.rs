//! The place in a script: code, strings, regular expressions and comments.

/// A place in a script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) state: ScriptState,
    /// Whether a slash divides; otherwise it starts a regular expression.
    pub(super) divides: bool,
}

/// What is at a place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ScriptState {
    #[default]
    Code,
    /// A string that this character ends.
    String(char),
    TemplateLiteral,
    RegularExpression {
        is_in_class: bool,
    },
    LineComment,
    BlockComment,
}

/// Words before which a slash starts a regular expression.
const BEFORE_REGULAR_EXPRESSION: [&str; 15] = [
    "break",
    "case",
    "continue",
    "delete",
    "do",
    "else",
    "finally",
    "in",
    "instanceof",
    "return",
    "throw",
    "try",
    "typeof",
    "void",
    "yield",
];

impl Script {
    /// Moves over a text of a template.
    pub(super) fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let length = match self.state {
                ScriptState::Code => self.code(rest, c),
                ScriptState::String(_)
                | ScriptState::TemplateLiteral
                | ScriptState::RegularExpression { .. }
                    if c == '\\' =>
                {
                    1 + rest.chars().nth(1).map_or(0, char::len_utf8)
                }
                ScriptState::String(end) => self.until(c == end || c == '\n', c),
                ScriptState::TemplateLiteral => self.until(c == '`', c),
                ScriptState::RegularExpression { is_in_class } => {
                    let in_class = c == '[' || (is_in_class && c != ']');
                    self.state = ScriptState::RegularExpression { is_in_class: in_class };
                    self.until((c == '/' && !is_in_class) || c == '\n', c)
                }
                ScriptState::LineComment => {
                    if matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}') {
                        self.state = ScriptState::Code;
                    }
                    c.len_utf8()
                }
                ScriptState::BlockComment if rest.starts_with("*/") => {
                    self.state = ScriptState::Code;
                    2
                }
                ScriptState::BlockComment => c.len_utf8(),
            };
            rest = rest.get(length..).unwrap_or_default();
        }
    }

    /// Leaves a literal if this is its end; returns the length of the character.
    fn until(&mut self, is_end: bool, c: char) -> usize {
        if is_end {
            *self = Self { state: ScriptState::Code, divides: true };
        }
        c.len_utf8()
    }

    /// Moves over a token of code; returns its length.
    fn code(&mut self, text: &str, c: char) -> usize {
        let comment =
            ["//", "/*", "<!--", "-->", "#!"].iter().find(|start| text.starts_with(**start));
        if let Some(start) = comment {
            self.state = match *start {
                "/*" => ScriptState::BlockComment,
                _ => ScriptState::LineComment,
            };
            return start.len();
        }
        match c {
            '"' | '\'' => self.state = ScriptState::String(c),
            '`' => self.state = ScriptState::TemplateLiteral,
            '/' if !self.divides => {
                self.state = ScriptState::RegularExpression { is_in_class: false };
            }
            '/' => self.divides = false,
            c if c.is_whitespace() => {}
            c if is_word(c) => {
                let length = text.find(|c| !is_word(c)).unwrap_or(text.len());
                let word = text.get(..length).unwrap_or_default();
                self.divides = !BEFORE_REGULAR_EXPRESSION.contains(&word);
                return length;
            }
            '+' | '-' => {
                let length = text.len() - text.trim_start_matches(c).len();
                // `++` and `--` follow a value.
                self.divides = length.is_multiple_of(2);
                return length;
            }
            c => self.divides = matches!(c, ')' | ']'),
        }
        c.len_utf8()
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}
