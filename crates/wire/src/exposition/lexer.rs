//! Tokens of both text formats, with the states and token names of Prometheus' lexers.
//!
//! This is the exact but slower path: `fast` reads the lines that most pages consist of. Where a
//! byte fits no rule, the token is [`Token::Invalid`] and the cursor stays on that byte, which the
//! messages quote.

/// The text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Prometheus text: runs of blanks between tokens, comments. The page continues with a line
    /// break after its last byte.
    Prometheus,
    /// OpenMetrics: single spaces, `# EOF`, exemplars.
    OpenMetrics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// At the start of a line.
    Line,
    /// Before the metric name of a line of metadata.
    Metadata,
    /// Before the text of a line of metadata.
    Text,
    /// After a metric name, or after labels.
    Value,
    /// In braces.
    Labels,
    /// After the equals sign of a label.
    LabelValue,
    /// After the value.
    Timestamp,
    /// In the braces of an exemplar.
    Exemplar,
    /// After an equals sign or the braces of an exemplar.
    ExemplarValue,
    /// After the value of an exemplar.
    ExemplarTimestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Invalid,
    /// The end of the page.
    End,
    Linebreak,
    Blank,
    Help,
    Type,
    Unit,
    /// `# EOF`
    EndWord,
    Text,
    /// A comment line, or the start of an exemplar.
    Comment,
    MetricName,
    /// A quoted name in braces.
    Quoted,
    BraceOpen,
    BraceClose,
    LabelName,
    LabelValue,
    Comma,
    Equal,
    Timestamp,
    Value,
}

impl Token {
    /// The name in Prometheus' messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID",
            Self::End => "EOF",
            Self::Linebreak => "LINEBREAK",
            Self::Blank => "WHITESPACE",
            Self::Help => "HELP",
            Self::Type => "TYPE",
            Self::Unit => "UNIT",
            Self::EndWord => "EOFWORD",
            Self::Text => "TEXT",
            Self::Comment => "COMMENT",
            Self::MetricName => "MNAME",
            Self::Quoted => "QSTRING",
            Self::BraceOpen => "BOPEN",
            Self::BraceClose => "BCLOSE",
            Self::LabelName => "LNAME",
            Self::LabelValue => "LVALUE",
            Self::Comma => "COMMA",
            Self::Equal => "EQUAL",
            Self::Timestamp => "TIMESTAMP",
            Self::Value => "VALUE",
        }
    }
}

/// Whether a byte may start a metric name.
pub(super) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':')
}

fn is_name(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit()
}

fn is_label_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[derive(Debug, Clone)]
pub(super) struct Lexer<'a> {
    page: &'a [u8],
    dialect: Dialect,
    /// Offset of the next byte, or of the byte that fits no rule.
    pub(super) at: usize,
    /// Offset of the current token.
    pub(super) start: usize,
    pub(super) state: State,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(page: &'a [u8], dialect: Dialect) -> Self {
        Self { page, dialect, at: 0, start: 0, state: State::Line }
    }

    pub(super) fn page(&self) -> &'a [u8] {
        self.page
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The current token.
    pub(super) fn text(&self) -> &'a [u8] {
        self.slice(self.start, self.at)
    }

    /// Bytes of the page.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.page.get(start..end.min(self.page.len())).unwrap_or_default()
    }

    /// The offset after the last byte, including the line break that is added to Prometheus text.
    pub(super) fn end(&self) -> usize {
        self.page.len() + usize::from(self.dialect == Dialect::Prometheus)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        let byte = self.page.get(at).copied();
        byte.or_else(|| (at < self.end()).then_some(b'\n'))
    }

    /// The next token that is not a run of blanks.
    pub(super) fn token(&mut self) -> Token {
        loop {
            let token = self.raw_token();
            if token != Token::Blank {
                return token;
            }
        }
    }

    fn raw_token(&mut self) -> Token {
        let Some(byte) = self.byte(self.at) else { return Token::End };
        self.start = self.at;
        let is_prometheus = self.dialect == Dialect::Prometheus;
        if is_prometheus && matches!(byte, b' ' | b'\t') {
            return self.blanks();
        }
        match (self.state, byte) {
            (State::Line, b'#') => self.hash(),
            (State::Line, b'\n') if is_prometheus => self.one(Token::Linebreak, State::Line),
            (State::Line, _) if is_name_start(byte) => self.metric_name(State::Value),
            (State::Line | State::Value, b'{') => self.one(Token::BraceOpen, State::Labels),
            (State::Metadata, b'"') => self.string(Token::MetricName, State::Text),
            (State::Metadata, _) if is_name_start(byte) => self.metric_name(State::Text),
            (State::Text, _) => self.metadata_text(),
            (State::Value, _) => self.number(Token::Value, State::Timestamp),
            (State::Labels | State::Exemplar, b'"') => self.string(Token::Quoted, self.state),
            (State::Labels | State::Exemplar, b',') => self.one(Token::Comma, self.state),
            (State::Labels | State::Exemplar, _) if is_label_start(byte) => {
                self.run(is_label);
                Token::LabelName
            }
            (State::Labels, b'}') => self.one(Token::BraceClose, State::Value),
            (State::Labels, b'=') => self.one(Token::Equal, State::LabelValue),
            (State::LabelValue, b'"') => self.string(Token::LabelValue, State::Labels),
            (State::Timestamp | State::ExemplarTimestamp, b'\n') => {
                self.one(Token::Linebreak, State::Line)
            }
            (State::Timestamp, b'0'..=b'9') if is_prometheus => {
                self.run(|byte| byte.is_ascii_digit());
                Token::Timestamp
            }
            (State::Timestamp, b' ') if self.slice(self.at, self.at + 4) == b" # {" => {
                self.at += 4;
                self.state = State::Exemplar;
                Token::Comment
            }
            (State::Timestamp, b' ') => self.number(Token::Timestamp, State::Timestamp),
            (State::Exemplar, b'}') => self.one(Token::BraceClose, State::ExemplarValue),
            (State::Exemplar, b'=') => self.one(Token::Equal, State::ExemplarValue),
            (State::ExemplarValue, b'"') => self.string(Token::LabelValue, State::Exemplar),
            (State::ExemplarValue, b' ') => self.number(Token::Value, State::ExemplarTimestamp),
            (State::ExemplarTimestamp, b' ') => self.number(Token::Timestamp, self.state),
            _ => Token::Invalid,
        }
    }

    fn one(&mut self, token: Token, state: State) -> Token {
        self.at += 1;
        self.state = state;
        token
    }

    fn run(&mut self, is_part: impl Fn(u8) -> bool) {
        let rest = self.page.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !is_part(*byte)).unwrap_or(rest.len());
    }

    fn metric_name(&mut self, state: State) -> Token {
        self.run(is_name);
        self.state = state;
        Token::MetricName
    }

    fn blanks(&mut self) -> Token {
        let before = self.at;
        self.run(|byte| matches!(byte, b' ' | b'\t'));
        if self.state != State::Text || self.byte(self.at) == Some(b'\n') {
            return Token::Blank;
        }
        // The blank before the text belongs to it.
        self.at = before;
        self.metadata_text()
    }

    /// A string in quotes. In label values NUL is an ordinary byte; in a label value of Prometheus
    /// text and in names a line break is, too.
    fn string(&mut self, token: Token, state: State) -> Token {
        let is_value = self.state == State::LabelValue;
        let is_exemplar = matches!(self.state, State::Exemplar | State::ExemplarValue);
        let is_one_line = is_exemplar || (is_value && self.dialect == Dialect::OpenMetrics);
        let is_plain =
            |byte| (byte != b'\n' || !is_one_line) && (byte != 0 || is_value) && byte != b'"';
        let mut at = self.at + 1;
        loop {
            match self.byte(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    at += 1;
                    let escaped = self.byte(at);
                    if escaped.is_none_or(|byte| byte == b'\n' || (byte == 0 && !is_value)) {
                        self.at = at;
                        return Token::Invalid;
                    }
                }
                Some(byte) if is_plain(byte) => {}
                _ => {
                    self.at = at;
                    return Token::Invalid;
                }
            }
            at += 1;
        }
        self.at = at + 1;
        self.state = state;
        token
    }

    /// A value or timestamp, with the space before it in OpenMetrics.
    fn number(&mut self, token: Token, state: State) -> Token {
        let is_prometheus = self.dialect == Dialect::Prometheus;
        if !is_prometheus {
            if self.byte(self.at) != Some(b' ') {
                return Token::Invalid;
            }
            self.at += 1;
        }
        let first = self.at;
        self.run(|byte| match byte {
            0 | b' ' | b'\n' => false,
            b'{' | b'\t' => !is_prometheus,
            _ => true,
        });
        if self.at == first {
            return Token::Invalid;
        }
        self.state = state;
        token
    }

    /// The text of a line of metadata; in OpenMetrics with the space before and the break after it.
    fn metadata_text(&mut self) -> Token {
        let is_prometheus = self.dialect == Dialect::Prometheus;
        if !is_prometheus && self.byte(self.at) != Some(b' ') {
            return Token::Invalid;
        }
        let rest = self.page.get(self.at..).unwrap_or_default();
        let end = memchr::memchr(b'\n', rest);
        self.at += end.unwrap_or(rest.len());
        if !is_prometheus {
            if end.is_none() {
                return Token::Invalid;
            }
            self.at += 1;
        }
        self.state = State::Line;
        Token::Text
    }

    /// A line that starts with `#`.
    fn hash(&mut self) -> Token {
        let is_prometheus = self.dialect == Dialect::Prometheus;
        self.at += 1;
        if !is_prometheus {
            if self.byte(self.at) != Some(b' ') {
                return Token::Invalid;
            }
            self.at += 1;
            return self.open_metrics_word();
        }
        let before = self.at;
        self.run(|byte| matches!(byte, b' ' | b'\t'));
        if self.at > before {
            for (word, token) in [(b"HELP", Token::Help), (b"TYPE", Token::Type)] {
                let end = self.at + word.len();
                if self.slice(self.at, end) == word && matches!(self.byte(end), Some(b' ' | b'\t'))
                {
                    self.at = end;
                    self.run(|byte| matches!(byte, b' ' | b'\t'));
                    self.state = State::Metadata;
                    return token;
                }
            }
        }
        let rest = self.page.get(self.at..).unwrap_or_default();
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        Token::Comment
    }

    /// The keyword after `# `; the cursor stops at the first byte that fits none.
    fn open_metrics_word(&mut self) -> Token {
        let words: [(&[u8], Token); 3] =
            [(b"HELP ", Token::Help), (b"TYPE ", Token::Type), (b"UNIT ", Token::Unit)];
        let rest = self.page.get(self.at..).unwrap_or_default();
        for (word, token) in words {
            if rest.starts_with(word) {
                self.at += word.len();
                self.state = State::Metadata;
                return token;
            }
        }
        if let Some(rest) = rest.strip_prefix(b"EOF") {
            self.at += 3 + usize::from(rest.first() == Some(&b'\n'));
            return Token::EndWord;
        }
        let common = |word: &[u8]| word.iter().zip(rest).take_while(|(a, b)| a == b).count();
        let longest = words.iter().map(|(word, _)| common(word)).max().unwrap_or_default();
        self.at += longest.max(common(b"EOF"));
        Token::Invalid
    }
}
