//! Pipeline stages: filters, parsers, formats and `unwrap`.

use super::ParseError;
use super::lexer::Kind;
use super::parser::Parser;
use super::tree::{
    Conversion, Extraction, LabelFormat, LineFilter, LineMatch, LineOp, Matcher, NameOrMatcher,
    Stage, Unwrap,
};

impl Parser {
    /// All following pipeline stages; `unwrap` only where it is allowed.
    pub(super) fn stages(
        &mut self,
        stages: &mut Vec<Stage>,
        mut unwrap: Option<&mut Option<Unwrap>>,
    ) -> Result<(), ParseError> {
        loop {
            if let Some(op) = self.line_op() {
                self.advance();
                stages.push(Stage::Line(self.line_filter(op)?));
                continue;
            }
            if !self.eat("|") {
                return Ok(());
            }
            if let Some(slot) = unwrap.as_deref_mut() {
                if let Some(unwrap) = slot {
                    unwrap.filters.push(self.label_filter()?);
                    continue;
                }
                if self.eat_word("unwrap") {
                    *slot = Some(self.unwrap()?);
                    continue;
                }
            }
            stages.push(self.stage()?);
        }
    }

    fn line_op(&self) -> Option<LineOp> {
        match self.kind() {
            Kind::Symbol("|=") => Some(LineOp::Contains),
            Kind::Symbol("!=") => Some(LineOp::NotContains),
            Kind::Symbol("|~") => Some(LineOp::Regex),
            Kind::Symbol("!~") => Some(LineOp::NotRegex),
            Kind::Symbol("|>") => Some(LineOp::Pattern),
            Kind::Symbol("!>") => Some(LineOp::NotPattern),
            _ => None,
        }
    }

    fn line_filter(&mut self, op: LineOp) -> Result<LineFilter, ParseError> {
        let mut alternatives = Vec::new();
        loop {
            if self.is_call("ip") {
                alternatives.push(LineMatch::Ip(self.ip()?));
            } else if matches!(self.kind(), Kind::Text(_)) {
                alternatives.push(LineMatch::Text(self.string()?));
            } else {
                return self.unexpected("STRING or ip");
            }
            if !self.eat_word("or") {
                return Ok(LineFilter { op, alternatives });
            }
        }
    }

    /// `ip("…")`.
    pub(super) fn ip(&mut self) -> Result<String, ParseError> {
        self.advance();
        self.expect("(")?;
        let pattern = self.string()?;
        self.expect(")")?;
        Ok(pattern)
    }

    fn stage(&mut self) -> Result<Stage, ParseError> {
        let Kind::Word(word) = self.kind() else { return self.label_filter().map(Stage::Label) };
        let word = word.clone();
        let is_comparison = matches!(
            self.kind_after(),
            Kind::Symbol("=" | "==" | "!=" | "=~" | "!~" | ">" | ">=" | "<" | "<=")
        );
        if is_comparison {
            return self.label_filter().map(Stage::Label);
        }
        self.advance();
        match word.as_str() {
            "json" => Ok(Stage::Json(self.extractions()?)),
            "logfmt" => self.logfmt(),
            "regexp" => self.string().map(Stage::Regexp),
            "pattern" => self.string().map(Stage::Pattern),
            "unpack" => Ok(Stage::Unpack),
            "decolorize" => Ok(Stage::Decolorize),
            "line_format" => self.string().map(Stage::LineFormat),
            "label_format" => self.label_formats().map(Stage::LabelFormat),
            "drop" => self.names_or_matchers().map(Stage::Drop),
            "keep" => self.names_or_matchers().map(Stage::Keep),
            _ => {
                self.step_back();
                self.label_filter().map(Stage::Label)
            }
        }
    }

    fn logfmt(&mut self) -> Result<Stage, ParseError> {
        let (mut strict, mut keep_empty) = (false, false);
        while let Kind::Flag(flag) = self.kind() {
            match flag.as_str() {
                "strict" => strict = true,
                "keep-empty" => keep_empty = true,
                _ => return self.unexpected(""),
            }
            self.advance();
        }
        Ok(Stage::Logfmt { strict, keep_empty, expressions: self.extractions()? })
    }

    /// `a, b="path"`, or nothing.
    fn extractions(&mut self) -> Result<Vec<Extraction>, ParseError> {
        let mut list = Vec::new();
        if !matches!(self.kind(), Kind::Word(_)) {
            return Ok(list);
        }
        loop {
            let label = self.identifier()?;
            let expression = if self.eat("=") { self.string()? } else { label.clone() };
            list.push(Extraction { label, expression });
            if !self.eat(",") {
                return Ok(list);
            }
        }
    }

    fn label_formats(&mut self) -> Result<Vec<LabelFormat>, ParseError> {
        let mut list: Vec<LabelFormat> = Vec::new();
        loop {
            let to = self.identifier()?;
            self.expect("=")?;
            let format = match self.kind() {
                Kind::Text(_) => LabelFormat::Template { to, template: self.string()? },
                Kind::Word(_) => LabelFormat::Rename { to, from: self.identifier()? },
                _ => return self.unexpected("IDENTIFIER or STRING"),
            };
            list.push(format);
            if !self.eat(",") {
                return Ok(list);
            }
        }
    }

    fn names_or_matchers(&mut self) -> Result<Vec<NameOrMatcher>, ParseError> {
        let mut list = Vec::new();
        loop {
            let name = self.identifier()?;
            match self.match_op() {
                Some(op) if matches!(self.kind_after(), Kind::Text(_)) => {
                    self.advance();
                    list.push(NameOrMatcher::Matcher(Matcher { name, op, value: self.string()? }));
                }
                _ => list.push(NameOrMatcher::Name(name)),
            }
            if !self.eat(",") {
                return Ok(list);
            }
        }
    }

    fn unwrap(&mut self) -> Result<Unwrap, ParseError> {
        let word = self.identifier()?;
        let conversion = match word.as_str() {
            "bytes" if self.is_symbol("(") => Conversion::Bytes,
            "duration" | "duration_seconds" if self.is_symbol("(") => Conversion::Duration,
            _ => {
                return Ok(Unwrap {
                    conversion: Conversion::None,
                    label: word,
                    filters: Vec::new(),
                });
            }
        };
        self.expect("(")?;
        let label = self.identifier()?;
        self.expect(")")?;
        Ok(Unwrap { conversion, label, filters: Vec::new() })
    }
}
