//! Label filters: conditions on labels, joined by `and`, `or`, commas or whitespace.

use super::lexer::Kind;
use super::parser::{Parser, parse_number};
use super::tree::{Comparison, LabelFilter, LabelValue, Matcher};
use super::{ParseError, duration};

const OR: u8 = 1;
const AND: u8 = 2;

impl Parser {
    pub(super) fn label_filter(&mut self) -> Result<LabelFilter, ParseError> {
        self.joined_filters(0)
    }

    /// `and` binds tighter than `or`; after a comma (or whitespace) a separate filter follows, as
    /// in Loki: `a, b or c` is `a and (b or c)`.
    fn joined_filters(&mut self, strength_min: u8) -> Result<LabelFilter, ParseError> {
        self.deeper(|parser| {
            let mut left = parser.single_filter()?;
            loop {
                let strength = match parser.kind() {
                    Kind::Word(word) if word == "or" => OR,
                    Kind::Word(word) if word == "and" => AND,
                    Kind::Symbol(",") => 0,
                    Kind::Symbol("(") | Kind::Word(_)
                        if !parser.is_word("unless") && !parser.is_word("offset") =>
                    {
                        parser.count_operator()?;
                        let right = parser.joined_filters(0)?;
                        return Ok(LabelFilter::And(Box::new(left), Box::new(right)));
                    }
                    _ => return Ok(left),
                };
                if strength != 0 && strength < strength_min {
                    return Ok(left);
                }
                parser.count_operator()?;
                parser.advance();
                let right = Box::new(parser.joined_filters(if strength == 0 {
                    0
                } else {
                    strength + 1
                })?);
                left = if strength == OR {
                    LabelFilter::Or(Box::new(left), right)
                } else {
                    LabelFilter::And(Box::new(left), right)
                };
            }
        })
    }

    fn single_filter(&mut self) -> Result<LabelFilter, ParseError> {
        if self.eat("(") {
            let inner = self.joined_filters(0)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let name = match self.kind() {
            Kind::Word(_) => self.identifier()?,
            _ => return self.unexpected(""),
        };
        let comparison = match self.kind() {
            Kind::Symbol("=" | "==") => Comparison::Equal,
            Kind::Symbol("!=") => Comparison::NotEqual,
            Kind::Symbol(">") => Comparison::Greater,
            Kind::Symbol(">=") => Comparison::GreaterOrEqual,
            Kind::Symbol("<") => Comparison::Less,
            Kind::Symbol("<=") => Comparison::LessOrEqual,
            Kind::Symbol("=~" | "!~") => {
                let op = self.match_op();
                self.advance();
                let value = self.string()?;
                return Ok(LabelFilter::Text(Matcher {
                    name,
                    op: op.unwrap_or(super::MatchOp::Regex),
                    value,
                }));
            }
            _ => return self.unexpected(""),
        };
        let text_op = self.match_op();
        self.advance();
        match (self.kind(), text_op) {
            (Kind::Text(_), Some(op)) => {
                Ok(LabelFilter::Text(Matcher { name, op, value: self.string()? }))
            }
            (Kind::Word(_), Some(op)) if self.is_call("ip") => Ok(LabelFilter::Ip {
                name,
                negated: op == super::MatchOp::NotEqual,
                pattern: self.ip()?,
            }),
            (Kind::Number(_) | Kind::Symbol("-" | "+"), _) => {
                Ok(LabelFilter::Value { name, op: comparison, value: self.label_value()? })
            }
            _ => self.unexpected(""),
        }
    }

    fn label_value(&mut self) -> Result<LabelValue, ParseError> {
        let negative = self.eat("-");
        if !negative {
            self.eat("+");
        }
        let Kind::Number(text) = self.kind() else { return self.unexpected("") };
        let text = text.clone();
        let value = match (
            parse_number(&text),
            duration::parse_duration(&text),
            duration::parse_bytes(&text),
        ) {
            (Ok(number), _, _) => LabelValue::Number(if negative { -number } else { number }),
            (_, Ok(ns), _) => LabelValue::DurationNs(if negative { -ns } else { ns }),
            (_, _, Ok(bytes)) if !negative => LabelValue::Bytes(bytes),
            (Err(message), _, _) => return Err(ParseError::whole(message)),
        };
        self.advance();
        Ok(value)
    }
}
