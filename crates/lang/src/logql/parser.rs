//! Parses LogQL tokens to a tree: recursive descent with bounded depth.

use super::lexer::{self, Kind, Token};
use super::tree::{
    Binary, BinaryOp, Expr, Group, Grouping, LogExpr, Many, MatchOp, Matcher, Matching, MetricExpr,
    RangeAggregation, RangeOp, RangeSelector, Stage, Unwrap, VectorAggregation, VectorOp,
};
use super::{DEPTH_MAX, OPERATORS_MAX, ParseError, check, duration};

const KEYWORDS: [&str; 28] = [
    "and",
    "bool",
    "by",
    "decolorize",
    "drop",
    "group_left",
    "group_right",
    "ignoring",
    "ip",
    "json",
    "keep",
    "label_format",
    "line_format",
    "logfmt",
    "of",
    "offset",
    "on",
    "or",
    "pattern",
    "regexp",
    "unless",
    "unpack",
    "unwrap",
    "variants",
    "without",
    "label_replace",
    "vector",
    "distinct",
];

pub(super) fn parse(text: &str) -> Result<Expr, ParseError> {
    let mut parser = Parser::new(text)?;
    let expr = parser.expr(0)?;
    parser.end()?;
    Ok(expr)
}

pub(super) fn parse_selector(text: &str) -> Result<Vec<Matcher>, ParseError> {
    let mut parser = Parser::new(text)?;
    let selector = parser.selector()?;
    parser.end()?;
    Ok(selector)
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    position: usize,
    depth: usize,
    operators: usize,
}

const END: Token = Token { kind: Kind::End, line: 1, column: 1 };

impl Parser {
    fn new(text: &str) -> Result<Self, ParseError> {
        Ok(Self { tokens: lexer::tokens(text)?, position: 0, depth: 0, operators: 0 })
    }

    fn token(&self) -> &Token {
        self.tokens.get(self.position).or(self.tokens.last()).unwrap_or(&END)
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.token().kind
    }

    pub(super) fn kind_after(&self) -> &Kind {
        self.tokens.get(self.position + 1).map_or(&Kind::End, |token| &token.kind)
    }

    pub(super) fn advance(&mut self) {
        self.position += 1;
    }

    pub(super) fn step_back(&mut self) {
        self.position = self.position.saturating_sub(1);
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.kind(), Kind::Symbol(s) if *s == symbol)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.kind(), Kind::Word(w) if w == word)
    }

    /// Whether the next tokens are the word and an opening parenthesis.
    pub(super) fn is_call(&self, word: &str) -> bool {
        self.is_word(word) && matches!(self.kind_after(), Kind::Symbol("("))
    }

    pub(super) fn eat(&mut self, symbol: &str) -> bool {
        let is_there = self.is_symbol(symbol);
        if is_there {
            self.advance();
        }
        is_there
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let is_there = self.is_word(word);
        if is_there {
            self.advance();
        }
        is_there
    }

    /// `syntax error: unexpected X`, with the expected tokens if there are few.
    pub(super) fn unexpected<T>(&self, expecting: &str) -> Result<T, ParseError> {
        let name = match self.kind() {
            Kind::Word(word) if KEYWORDS.contains(&word.as_str()) => word.clone(),
            Kind::Word(word)
                if matches!(self.kind_after(), Kind::Symbol("(")) && is_function(word) =>
            {
                word.to_uppercase()
            }
            Kind::Word(_) => "IDENTIFIER".to_owned(),
            Kind::Text(_) => "STRING".to_owned(),
            Kind::Number(text) => match (text.parse::<f64>(), duration::parse_duration(text)) {
                (Err(_), Ok(_)) => "DURATION".to_owned(),
                _ => "NUMBER".to_owned(),
            },
            Kind::Range(_) => "RANGE".to_owned(),
            Kind::Flag(_) => "PARSER_FLAG".to_owned(),
            Kind::Symbol(symbol) => (*symbol).to_owned(),
            Kind::End => "$end".to_owned(),
        };
        let expecting =
            if expecting.is_empty() { String::new() } else { format!(", expecting {expecting}") };
        Err(self.error(format!("syntax error: unexpected {name}{expecting}")))
    }

    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        let token = self.token();
        ParseError { message: message.into(), line: token.line, column: token.column }
    }

    fn end(&self) -> Result<(), ParseError> {
        if *self.kind() == Kind::End { Ok(()) } else { self.unexpected("") }
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), ParseError> {
        if self.eat(symbol) { Ok(()) } else { self.unexpected(symbol) }
    }

    pub(super) fn identifier(&mut self) -> Result<String, ParseError> {
        let Kind::Word(word) = self.kind() else { return self.unexpected("IDENTIFIER") };
        let word = word.clone();
        self.advance();
        Ok(word)
    }

    pub(super) fn string(&mut self) -> Result<String, ParseError> {
        let Kind::Text(text) = self.kind() else { return self.unexpected("STRING") };
        let text = text.clone();
        self.advance();
        Ok(text)
    }

    /// Runs `parse` one level deeper.
    pub(super) fn deeper<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        if self.depth >= DEPTH_MAX {
            return Err(self.error(format!("query is nested deeper than {DEPTH_MAX}")));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Counts an operator, so that chains cannot make trees of unbounded depth.
    pub(super) fn count_operator(&mut self) -> Result<(), ParseError> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            return Err(self.error(format!("query has more than {OPERATORS_MAX} operators")));
        }
        Ok(())
    }

    fn expr(&mut self, strength_min: u8) -> Result<Expr, ParseError> {
        self.deeper(|parser| {
            let mut left = parser.operand()?;
            while let Some((op, strength)) = parser.binary_op() {
                if strength < strength_min {
                    break;
                }
                parser.count_operator()?;
                parser.advance();
                let (returns_bool, matching) = parser.modifiers()?;
                // `^` is right-associative, all others are left-associative.
                let right =
                    parser.expr(if op == BinaryOp::Pow { strength } else { strength + 1 })?;
                left = Expr::Metric(check::binary(op, left, right, returns_bool, matching)?);
            }
            Ok(left)
        })
    }

    fn binary_op(&self) -> Option<(BinaryOp, u8)> {
        let name = match self.kind() {
            Kind::Symbol(symbol) => symbol,
            Kind::Word(word) if matches!(word.as_str(), "and" | "or" | "unless") => word.as_str(),
            _ => return None,
        };
        let op = BinaryOp::from_name(name)?;
        let strength = match op {
            BinaryOp::Or => 1,
            BinaryOp::And | BinaryOp::Unless => 2,
            BinaryOp::Add | BinaryOp::Sub => 4,
            BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod => 5,
            BinaryOp::Pow => 6,
            _ => 3,
        };
        Some((op, strength))
    }

    fn modifiers(&mut self) -> Result<(bool, Option<Matching>), ParseError> {
        let returns_bool = self.eat_word("bool");
        let on = self.is_call("on");
        if !on && !self.is_call("ignoring") {
            return Ok((returns_bool, None));
        }
        self.advance();
        let labels = self.label_list()?;
        let is_left = self.is_word("group_left");
        let many = if is_left || self.is_word("group_right") {
            self.advance();
            // An operand in parentheses may follow a bare `group_left`: a list holds only names.
            let include = if self.is_symbol("(") && self.is_label_list() {
                self.label_list()?
            } else {
                Vec::new()
            };
            Some(if is_left { Many::Left(include) } else { Many::Right(include) })
        } else {
            None
        };
        Ok((returns_bool, Some(Matching { on, labels, many })))
    }

    fn is_label_list(&self) -> bool {
        let mut tokens = self.tokens.iter().skip(self.position + 1);
        match tokens.next().map(|token| &token.kind) {
            Some(Kind::Symbol(")")) => true,
            Some(Kind::Word(_)) => {
                matches!(tokens.next().map(|token| &token.kind), Some(Kind::Symbol(")" | ",")))
            }
            _ => false,
        }
    }

    fn label_list(&mut self) -> Result<Vec<String>, ParseError> {
        self.expect("(")?;
        let mut labels = Vec::new();
        if self.eat(")") {
            return Ok(labels);
        }
        loop {
            if matches!(self.kind(), Kind::Word(word) if matches!(self.kind_after(), Kind::Symbol("(")) && is_function(word))
                || !matches!(self.kind(), Kind::Word(_))
            {
                return self.unexpected(if labels.is_empty() {
                    "IDENTIFIER or )"
                } else {
                    "IDENTIFIER"
                });
            }
            labels.push(self.identifier()?);
            if self.eat(")") {
                return Ok(labels);
            }
            if !self.eat(",") {
                return self.unexpected(") or ,");
            }
        }
    }

    fn operand(&mut self) -> Result<Expr, ParseError> {
        match self.kind() {
            Kind::Symbol("{") => self.log().map(Expr::Log),
            Kind::Symbol("(") => {
                self.advance();
                let inner = self.expr(0)?;
                self.expect(")")?;
                match inner {
                    // A pipeline may continue after a parenthesis.
                    Expr::Log(mut log) => {
                        self.stages(&mut log.stages, None)?;
                        Ok(Expr::Log(log))
                    }
                    metric @ Expr::Metric(_) => Ok(metric),
                }
            }
            Kind::Number(_) | Kind::Symbol("+" | "-") => {
                self.signed_number().map(|value| Expr::Metric(MetricExpr::Literal(value)))
            }
            Kind::Word(word) if is_function(word) => {
                let word = word.clone();
                self.function(&word).map(Expr::Metric)
            }
            _ => self.unexpected(""),
        }
    }

    /// A number with an optional sign.
    fn signed_number(&mut self) -> Result<f64, ParseError> {
        let negative = self.is_symbol("-");
        if negative || self.is_symbol("+") {
            self.advance();
        }
        let Kind::Number(text) = self.kind() else { return self.unexpected("NUMBER") };
        let value = parse_number(text).map_err(ParseError::whole)?;
        self.advance();
        Ok(if negative { -value } else { value })
    }

    fn function(&mut self, name: &str) -> Result<MetricExpr, ParseError> {
        if let Some(op) = VectorOp::from_name(name) {
            self.advance();
            return self.vector_aggregation(op);
        }
        if !matches!(self.kind_after(), Kind::Symbol("(")) {
            return self.unexpected("");
        }
        if name == "variants" {
            return Err(self.error("variants are not supported"));
        }
        self.advance();
        self.expect("(")?;
        match (name, RangeOp::from_name(name)) {
            (_, Some(op)) => self.range_aggregation(op),
            ("vector", _) => {
                let value = self.signed_number_or("NUMBER")?;
                self.expect(")")?;
                Ok(MetricExpr::VectorOf(value))
            }
            _ => self.label_replace(),
        }
    }

    fn signed_number_or(&mut self, expecting: &str) -> Result<f64, ParseError> {
        if matches!(self.kind(), Kind::Number(_) | Kind::Symbol("-" | "+")) {
            self.signed_number()
        } else {
            self.unexpected(expecting)
        }
    }

    fn label_replace(&mut self) -> Result<MetricExpr, ParseError> {
        let operand = self.metric()?;
        let mut texts = [const { String::new() }; 4];
        for text in &mut texts {
            self.expect(",")?;
            *text = self.string()?;
        }
        self.expect(")")?;
        let [destination, replacement, source, regex] = texts;
        check::pattern(&regex).map_err(|reason| {
            ParseError::whole(format!("invalid regex in label_replace: {reason}"))
        })?;
        Ok(MetricExpr::LabelReplace {
            operand: Box::new(operand),
            destination,
            replacement,
            source,
            regex,
        })
    }

    /// An expression that returns numbers.
    fn metric(&mut self) -> Result<MetricExpr, ParseError> {
        match self.expr(0)? {
            Expr::Metric(metric) => Ok(metric),
            // Only an operator could turn log lines into a metric.
            Expr::Log(_) => self.unexpected(""),
        }
    }

    fn grouping(&mut self) -> Result<Option<Grouping>, ParseError> {
        let kind = match self.kind() {
            Kind::Word(word) if word == "by" => Group::By,
            Kind::Word(word) if word == "without" => Group::Without,
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(Grouping { kind, labels: self.label_list()? }))
    }

    fn vector_aggregation(&mut self, op: VectorOp) -> Result<MetricExpr, ParseError> {
        let mut grouping = self.grouping()?;
        self.expect("(")?;
        let mut parameter = None;
        if let (Kind::Number(text), Kind::Symbol(",")) = (self.kind(), self.kind_after()) {
            parameter = Some(text.clone());
            self.advance();
            self.advance();
        }
        let operand = self.metric()?;
        self.expect(")")?;
        if grouping.is_none() {
            grouping = self.grouping()?;
        }
        let parameter = check::vector(op, parameter.as_deref(), grouping.as_ref())?;
        Ok(MetricExpr::Vector(Box::new(VectorAggregation { op, parameter, operand, grouping })))
    }

    fn range_aggregation(&mut self, op: RangeOp) -> Result<MetricExpr, ParseError> {
        let mut parameter = None;
        match (self.kind(), self.kind_after()) {
            (Kind::Number(text), Kind::Symbol(",")) => {
                parameter = Some(text.clone());
                self.advance();
                self.advance();
            }
            (Kind::Symbol("{" | "("), _) => {}
            _ => return self.unexpected("NUMBER or { or ("),
        }
        let mut partial = self.partial_range()?;
        self.expect(")")?;
        let Some(range_ns) = partial.range_ns.take() else {
            self.step_back();
            return self.unexpected("");
        };
        let grouping = self.grouping()?;
        let selector = RangeSelector {
            log: LogExpr { selector: partial.selector, stages: partial.stages },
            unwrap: partial.unwrap,
            range_ns,
            offset_ns: partial.offset_ns,
        };
        let parameter = check::range(op, parameter.as_deref(), &selector, grouping.as_ref())?;
        Ok(MetricExpr::Range(Box::new(RangeAggregation { op, parameter, selector, grouping })))
    }

    /// A selector with pipeline, unwrap, `[range]` and offset, in any order and parentheses that
    /// Loki accepts.
    fn partial_range(&mut self) -> Result<PartialRange, ParseError> {
        self.deeper(|parser| {
            let mut partial = if parser.eat("(") {
                let inner = parser.partial_range()?;
                parser.expect(")")?;
                inner
            } else {
                PartialRange { selector: parser.selector()?, ..PartialRange::default() }
            };
            loop {
                if let Kind::Range(text) = parser.kind()
                    && partial.range_ns.is_none()
                {
                    let range =
                        duration::parse_duration(text).map_err(|message| parser.error(message))?;
                    if range <= 0 {
                        return Err(parser.error("duration must be greater than 0"));
                    }
                    partial.range_ns = Some(range);
                    parser.advance();
                    if parser.eat_word("offset") {
                        partial.offset_ns = parser.offset()?;
                    }
                }
                let before = parser.position;
                parser.stages(&mut partial.stages, Some(&mut partial.unwrap))?;
                if before == parser.position && !matches!(parser.kind(), Kind::Range(_))
                    || partial.range_ns.is_some() && matches!(parser.kind(), Kind::Range(_))
                {
                    return Ok(partial);
                }
            }
        })
    }

    fn offset(&mut self) -> Result<i64, ParseError> {
        let negative = self.eat("-");
        let Kind::Number(text) = self.kind() else { return self.unexpected("DURATION") };
        let offset = duration::parse_duration(text).map_err(|message| self.error(message))?;
        self.advance();
        Ok(if negative { -offset } else { offset })
    }

    fn log(&mut self) -> Result<LogExpr, ParseError> {
        let mut log = LogExpr { selector: self.selector()?, stages: Vec::new() };
        self.stages(&mut log.stages, None)?;
        Ok(log)
    }

    fn selector(&mut self) -> Result<Vec<Matcher>, ParseError> {
        self.expect("{")?;
        let mut matchers = Vec::new();
        while !self.eat("}") {
            matchers.push(self.matcher()?);
            if !self.is_symbol("}") && !self.eat(",") {
                return self.unexpected("} or ,");
            }
        }
        Ok(matchers)
    }

    pub(super) fn match_op(&self) -> Option<MatchOp> {
        match self.kind() {
            Kind::Symbol("=") => Some(MatchOp::Equal),
            Kind::Symbol("!=") => Some(MatchOp::NotEqual),
            Kind::Symbol("=~") => Some(MatchOp::Regex),
            Kind::Symbol("!~") => Some(MatchOp::NotRegex),
            _ => None,
        }
    }

    fn matcher(&mut self) -> Result<Matcher, ParseError> {
        let name = self.identifier()?;
        let Some(op) = self.match_op() else { return self.unexpected("= or != or =~ or !~") };
        self.advance();
        Ok(Matcher { name, op, value: self.string()? })
    }
}

#[derive(Default)]
struct PartialRange {
    selector: Vec<Matcher>,
    stages: Vec<Stage>,
    unwrap: Option<Unwrap>,
    range_ns: Option<i64>,
    offset_ns: i64,
}

fn is_function(word: &str) -> bool {
    RangeOp::from_name(word).is_some()
        || VectorOp::from_name(word).is_some()
        || matches!(word, "vector" | "label_replace" | "variants")
}

/// Parses a number as Go does, including hexadecimal floats.
pub(super) fn parse_number(text: &str) -> Result<f64, String> {
    let failed = |why: &str| {
        format!("unable to parse literal as a float: strconv.ParseFloat: parsing {text:?}: {why}")
    };
    let invalid = || failed("invalid syntax");
    let in_range = |value: f64| {
        if value.is_finite() { Ok(value) } else { Err(failed("value out of range")) }
    };
    let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) else {
        return text.parse().map_err(|_| invalid()).and_then(in_range);
    };
    let (mantissa, exponent) = hex.split_once(['p', 'P']).ok_or_else(invalid)?;
    let exponent: i32 = exponent.parse().map_err(|_| invalid())?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    let mut value = 0.0_f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16).ok_or_else(invalid)?);
    }
    let shift = i32::try_from(fraction.len()).map_err(|_| invalid())?.saturating_mul(4);
    in_range(value * 2.0_f64.powi(exponent.saturating_sub(shift)))
}

/// Joins operands after checking that both are metrics.
pub(super) fn join(
    op: BinaryOp,
    left: MetricExpr,
    right: MetricExpr,
    returns_bool: bool,
    matching: Option<Matching>,
) -> MetricExpr {
    MetricExpr::Binary(Box::new(Binary { op, left, right, returns_bool, matching }))
}
