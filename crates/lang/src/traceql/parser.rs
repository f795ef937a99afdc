//! Parses TraceQL tokens to a tree: recursive descent with bounded depth.

use super::field::strength;
use super::lexer::{self, Kind, Token};
use super::tree::{
    Aggregate, BinaryOp, FieldExpr, MetricsExpr, Pipeline, Query, Relation, RelationKind, Root,
    ScalarExpr, ScalarFilter, Scope, SpansetExpr, SpansetOp, Stage, Static,
};
use super::{DEPTH_MAX, ErrorKind, OPERATORS_MAX, ParseError, metrics};

const KEYWORDS: [&str; 28] = [
    "avg", "bottomk", "by", "client", "coalesce", "consumer", "count", "duration", "error",
    "false", "internal", "kind", "max", "min", "name", "nil", "ok", "parent", "producer", "rate",
    "select", "server", "status", "sum", "topk", "true", "unset", "with",
];

pub(super) fn parse(text: &str) -> Result<Query, ParseError> {
    let mut parser = Parser::new(text)?;
    let root = match parser.pipe()? {
        Pipe::Stages(pipeline) => Root::Spansets(pipeline),
        Pipe::Filter(filter) => Root::ScalarFilter(filter),
        Pipe::Metrics(metrics) => Root::Metrics(metrics),
        Pipe::Number(_) | Pipe::PipelineNumber(_) => return parser.unexpected(""),
    };
    let hints = parser.hints()?;
    if *parser.kind() != Kind::End {
        return parser.unexpected(if hints.is_empty() { "with" } else { "" });
    }
    Ok(Query { root, hints })
}

pub(super) fn parse_attribute(text: &str) -> Result<FieldExpr, ParseError> {
    let mut parser = Parser::new(text)?;
    let Some(field) = parser.attribute() else { return parser.unexpected("") };
    if *parser.kind() != Kind::End {
        return parser.unexpected("");
    }
    Ok(field)
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    position: usize,
    depth: usize,
    operators: usize,
}

const END: Token = Token { kind: Kind::End, line: 1, column: 1 };

/// The content of parentheses or of the root.
enum Pipe {
    /// Stages, which return span sets.
    Stages(Pipeline),
    /// A constant or a function of the current span set.
    Number(Number),
    /// The numeric result of a whole pipeline.
    PipelineNumber(ScalarExpr),
    /// A comparison of the numeric results of pipelines.
    Filter(ScalarFilter),
    /// Series.
    Metrics(MetricsExpr),
}

struct Number {
    expr: ScalarExpr,
    /// Whether arithmetic included a duration, which series do not allow.
    is_duration_math: bool,
}

/// An operand or the result of operators.
enum Node {
    Spanset(SpansetExpr),
    /// Complete: no operator may follow.
    Stage(Stage),
    Number(Number),
    PipelineNumber(ScalarExpr),
    /// Complete: no operator may follow.
    Filter(ScalarFilter),
    Metrics(MetricsExpr),
}

#[derive(Clone, Copy)]
enum Operator {
    Binary(BinaryOp),
    Structural(Relation, RelationKind),
}

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

    pub(super) fn advance(&mut self) {
        self.position += 1;
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.kind(), Kind::Symbol(s) if *s == symbol)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self.kind(), Kind::Word(w) if w == word)
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

    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), ParseError> {
        if self.eat(symbol) { Ok(()) } else { self.unexpected(symbol) }
    }

    /// `syntax error: unexpected X`, with the expected tokens if there are few.
    pub(super) fn unexpected<T>(&self, expecting: &str) -> Result<T, ParseError> {
        let name = match self.kind() {
            Kind::Word(word) if KEYWORDS.contains(&word.as_str()) => word.clone(),
            Kind::Word(_) => "IDENTIFIER".to_owned(),
            Kind::Attribute(attribute) => match (attribute.of_parent, attribute.scope) {
                (true, _) => "parent.",
                (_, Scope::Any) => ".",
                (_, Scope::Resource) => "resource.",
                (_, Scope::Span) => "span.",
                (_, Scope::Event) => "event.",
                (_, Scope::Link) => "link.",
                (_, Scope::Instrumentation) => "instrumentation.",
            }
            .to_owned(),
            Kind::Scoped(intrinsic) => intrinsic.name().to_owned(),
            Kind::Text(_) => "STRING".to_owned(),
            Kind::Int(_) => "INTEGER".to_owned(),
            Kind::Float(_) => "FLOAT".to_owned(),
            Kind::Duration(_) => "DURATION".to_owned(),
            Kind::Symbol(symbol) => (*symbol).to_owned(),
            Kind::End => "$end".to_owned(),
        };
        let expecting =
            if expecting.is_empty() { String::new() } else { format!(", expecting {expecting}") };
        Err(self.error(format!("syntax error: unexpected {name}{expecting}")))
    }

    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        let token = self.token();
        ParseError {
            kind: ErrorKind::Syntax,
            message: message.into(),
            line: token.line,
            column: token.column,
        }
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

    /// Stages joined by `|`.
    fn pipe(&mut self) -> Result<Pipe, ParseError> {
        let mut stages = match self.operators(0)? {
            Node::Spanset(spanset) => vec![Stage::Spanset(spanset)],
            Node::Stage(stage) => vec![stage],
            Node::Number(number) => return Ok(Pipe::Number(number)),
            Node::PipelineNumber(number) => return Ok(Pipe::PipelineNumber(number)),
            Node::Filter(filter) => return Ok(Pipe::Filter(filter)),
            Node::Metrics(metrics) => return self.second_stages(metrics).map(Pipe::Metrics),
        };
        while self.eat("|") {
            if self.eat_word("coalesce") {
                self.expect("(")?;
                self.expect(")")?;
                stages.push(Stage::Coalesce);
                continue;
            }
            if let Some(aggregate) = self.metrics_aggregate()? {
                let metrics = MetricsExpr::Pipeline {
                    spans: Pipeline { stages },
                    aggregate,
                    second: Vec::new(),
                };
                return self.second_stages(metrics).map(Pipe::Metrics);
            }
            match self.operators(0)? {
                Node::Spanset(spanset) => stages.push(Stage::Spanset(spanset)),
                Node::Stage(stage) => stages.push(stage),
                // A bare function ends the pipeline and is its number; it is only valid in
                // parentheses, which the caller checks.
                Node::Number(Number { expr: expr @ ScalarExpr::Aggregate(..), .. }) => {
                    return Ok(Pipe::PipelineNumber(ScalarExpr::Pipeline(
                        Pipeline { stages },
                        Box::new(expr),
                    )));
                }
                _ => return self.unexpected(""),
            }
        }
        Ok(Pipe::Stages(Pipeline { stages }))
    }

    fn operator(&self) -> Option<(Operator, u8)> {
        use Relation::{Ancestor, Child, Descendant, Parent, Sibling};
        use RelationKind::{Negated, Plain, Union};
        let Kind::Symbol(symbol) = self.kind() else { return None };
        let (relation, kind) = match *symbol {
            ">>" => (Descendant, Plain),
            "<<" => (Ancestor, Plain),
            "~" => (Sibling, Plain),
            "!>" => (Child, Negated),
            "!<" => (Parent, Negated),
            "!>>" => (Descendant, Negated),
            "!<<" => (Ancestor, Negated),
            "&>" => (Child, Union),
            "&<" => (Parent, Union),
            "&>>" => (Descendant, Union),
            "&<<" => (Ancestor, Union),
            "&~" => (Sibling, Union),
            other => {
                return BinaryOp::from_name(other).map(|op| (Operator::Binary(op), strength(op)));
            }
        };
        Some((Operator::Structural(relation, kind), strength(BinaryOp::Greater)))
    }

    /// Operands joined by operators: spansets, numbers or series, each with its own operators.
    fn operators(&mut self, strength_min: u8) -> Result<Node, ParseError> {
        self.deeper(|parser| {
            let mut left = parser.operand()?;
            while let Some((operator, strength)) = parser.operator() {
                if strength < strength_min || matches!(left, Node::Stage(_) | Node::Filter(_)) {
                    break;
                }
                let next = match (&left, operator) {
                    (Node::Spanset(_), operator) => match spanset_op(operator) {
                        Some(op) => parser.spanset_operation(&mut left, op, strength)?,
                        None => break,
                    },
                    (_, Operator::Binary(op)) if op.is_arithmetic() => {
                        parser.arithmetic(left, op, strength)?
                    }
                    (_, Operator::Binary(op)) if op.is_comparison() => {
                        parser.comparison(left, op, strength)?
                    }
                    _ => break,
                };
                left = next;
            }
            Ok(left)
        })
    }

    fn spanset_operation(
        &mut self,
        left: &mut Node,
        op: SpansetOp,
        strength: u8,
    ) -> Result<Node, ParseError> {
        self.count_operator()?;
        self.advance();
        if !self.is_symbol("{") && !self.is_symbol("(") {
            return self.unexpected("{ or (");
        }
        let placeholder = Node::Spanset(SpansetExpr::Pipeline(Pipeline { stages: Vec::new() }));
        match (std::mem::replace(left, placeholder), self.operators(strength + 1)?) {
            (Node::Spanset(left), Node::Spanset(right)) => {
                Ok(Node::Spanset(SpansetExpr::Operation {
                    op,
                    left: Box::new(left),
                    right: Box::new(right),
                }))
            }
            _ => self.unexpected(""),
        }
    }

    fn arithmetic(&mut self, left: Node, op: BinaryOp, strength: u8) -> Result<Node, ParseError> {
        let start = self.position;
        self.count_operator()?;
        self.advance();
        let right = self.operators(strength + u8::from(op != BinaryOp::Pow))?;
        match (left, right) {
            (Node::Number(left), Node::Number(right)) => metrics::fold(op, left.expr, right.expr)
                .map(|(expr, is_duration)| {
                    let is_duration_math =
                        is_duration || left.is_duration_math || right.is_duration_math;
                    Node::Number(Number { expr, is_duration_math })
                })
                .map_err(|message| self.error(message)),
            (Node::PipelineNumber(left), Node::PipelineNumber(right)) => {
                Ok(Node::PipelineNumber(ScalarExpr::Binary(op, Box::new(left), Box::new(right))))
            }
            (left, right)
                if matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div) =>
            {
                match (series(left, false), series(right, false)) {
                    (Some(left), Some(right)) => Ok(Node::Metrics(MetricsExpr::Math {
                        op,
                        left: Box::new(left),
                        right: Box::new(right),
                        second: Vec::new(),
                    })),
                    _ => self.unexpected_at(start),
                }
            }
            _ => self.unexpected_at(start),
        }
    }

    fn comparison(&mut self, left: Node, op: BinaryOp, strength: u8) -> Result<Node, ParseError> {
        let start = self.position;
        self.count_operator()?;
        self.advance();
        let is_pipeline = matches!(left, Node::PipelineNumber(_));
        let first = self.position + usize::from(self.is_symbol("-"));
        let right = self.operators(strength + 1)?;
        // The number of a pipeline is only compared with a single constant, without arithmetic.
        if is_pipeline && matches!(right, Node::Number(_)) && self.position > first + 1 {
            return self.unexpected_at(first + 1);
        }
        match (left, right) {
            (Node::Number(left), Node::Number(right)) if has_aggregate(&left.expr) => {
                Ok(Node::Stage(Stage::Scalar(ScalarFilter {
                    op,
                    left: left.expr,
                    right: right.expr,
                })))
            }
            (Node::PipelineNumber(left), Node::PipelineNumber(right)) => {
                Ok(Node::Filter(ScalarFilter { op, left, right }))
            }
            (
                Node::PipelineNumber(left),
                Node::Number(Number { expr: right @ ScalarExpr::Static(_), .. }),
            ) => Ok(Node::Filter(ScalarFilter { op, left, right })),
            (Node::Metrics(left), right @ Node::Number(_)) => match series(right, true) {
                Some(MetricsExpr::Constant(value)) => {
                    Ok(Node::Metrics(metrics::filtered(left, op, value)))
                }
                _ => self.unexpected_at(start),
            },
            _ => self.unexpected_at(start),
        }
    }

    /// The next constant number, to compare series with.
    pub(super) fn series_constant(&mut self) -> Result<f64, ParseError> {
        let start = self.position;
        let node = self.operators(strength(BinaryOp::Greater) + 1)?;
        match series(node, true) {
            Some(MetricsExpr::Constant(value)) => Ok(value),
            _ => self.unexpected_at(start),
        }
    }

    fn unexpected_at<T>(&mut self, position: usize) -> Result<T, ParseError> {
        self.position = position;
        self.unexpected("")
    }

    fn operand(&mut self) -> Result<Node, ParseError> {
        if self.eat("{") {
            let filter = if self.is_symbol("}") {
                FieldExpr::Static(Static::Bool(true))
            } else {
                self.field(0)?
            };
            if !self.eat("}") {
                return self.unexpected("");
            }
            return Ok(Node::Spanset(SpansetExpr::Filter(filter)));
        }
        if self.eat("(") {
            return self.parenthesis();
        }
        if self.is_word("by") || self.is_word("select") {
            return self.by_or_select().map(Node::Stage);
        }
        if let Some(expr) = self.aggregate()? {
            return Ok(Node::Number(Number { expr, is_duration_math: false }));
        }
        let negative = self.eat("-");
        let value = match (self.constant(), negative) {
            (Some(Static::Int(value)), true) => Static::Int(value.saturating_neg()),
            (Some(Static::Float(value)), true) => Static::Float(-value),
            (Some(Static::Duration(ns)), true) => Static::Duration(ns.saturating_neg()),
            (Some(value @ (Static::Int(_) | Static::Float(_) | Static::Duration(_))), false) => {
                value
            }
            _ => return self.unexpected(""),
        };
        self.advance();
        Ok(Node::Number(Number { expr: ScalarExpr::Static(value), is_duration_math: false }))
    }

    fn parenthesis(&mut self) -> Result<Node, ParseError> {
        let pipe = self.pipe()?;
        if !self.eat(")") {
            return self.unexpected(if matches!(pipe, Pipe::Stages(_)) { ") or |" } else { "" });
        }
        match pipe {
            Pipe::Stages(mut pipeline) => match pipeline.stages.pop() {
                Some(Stage::Spanset(spanset)) if pipeline.stages.is_empty() => {
                    Ok(Node::Spanset(spanset))
                }
                last => {
                    pipeline.stages.extend(last);
                    Ok(Node::Spanset(SpansetExpr::Pipeline(pipeline)))
                }
            },
            Pipe::Number(number) => Ok(Node::Number(number)),
            Pipe::PipelineNumber(number) => Ok(Node::PipelineNumber(number)),
            Pipe::Metrics(metrics) => Ok(Node::Metrics(metrics)),
            Pipe::Filter(_) => self.unexpected(""),
        }
    }

    fn by_or_select(&mut self) -> Result<Stage, ParseError> {
        let is_by = self.is_word("by");
        self.advance();
        self.expect("(")?;
        if is_by {
            let field = self.field(0)?;
            self.expect(")")?;
            return Ok(Stage::By(field));
        }
        self.attributes().map(Stage::Select)
    }

    /// Attributes and intrinsics up to the closing parenthesis; at least one.
    pub(super) fn attributes(&mut self) -> Result<Vec<FieldExpr>, ParseError> {
        let mut list = Vec::new();
        loop {
            let Some(field) = self.attribute() else { return self.unexpected("") };
            list.push(field);
            if self.eat(")") {
                return Ok(list);
            }
            self.expect(",")?;
        }
    }

    fn aggregate(&mut self) -> Result<Option<ScalarExpr>, ParseError> {
        let Kind::Word(word) = self.kind() else { return Ok(None) };
        let aggregate = match word.as_str() {
            "count" => Aggregate::Count,
            "avg" => Aggregate::Avg,
            "max" => Aggregate::Max,
            "min" => Aggregate::Min,
            "sum" => Aggregate::Sum,
            _ => return Ok(None),
        };
        self.advance();
        self.expect("(")?;
        let field =
            if aggregate == Aggregate::Count { None } else { Some(Box::new(self.field(0)?)) };
        self.expect(")")?;
        Ok(Some(ScalarExpr::Aggregate(aggregate, field)))
    }
}

fn spanset_op(operator: Operator) -> Option<SpansetOp> {
    match operator {
        Operator::Structural(relation, kind) => Some(SpansetOp::Structural(relation, kind)),
        Operator::Binary(BinaryOp::And) => Some(SpansetOp::And),
        Operator::Binary(BinaryOp::Or) => Some(SpansetOp::Or),
        Operator::Binary(BinaryOp::Greater) => {
            Some(SpansetOp::Structural(Relation::Child, RelationKind::Plain))
        }
        Operator::Binary(BinaryOp::Less) => {
            Some(SpansetOp::Structural(Relation::Parent, RelationKind::Plain))
        }
        Operator::Binary(BinaryOp::NotRegex) => {
            Some(SpansetOp::Structural(Relation::Sibling, RelationKind::Negated))
        }
        Operator::Binary(_) => None,
    }
}

/// Converts a node to series; numbers become constants of their arithmetic.
fn series(node: Node, takes_duration: bool) -> Option<MetricsExpr> {
    match node {
        Node::Metrics(metrics) => Some(metrics),
        Node::Number(Number { expr: ScalarExpr::Static(value), is_duration_math: false }) => {
            match value {
                Static::Int(value) => Some(MetricsExpr::Constant(value as f64)),
                Static::Float(value) => Some(MetricsExpr::Constant(value)),
                Static::Duration(ns) if takes_duration => {
                    Some(MetricsExpr::Constant(ns as f64 / 1e9))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn has_aggregate(expr: &ScalarExpr) -> bool {
    match expr {
        ScalarExpr::Static(_) => false,
        ScalarExpr::Aggregate(..) | ScalarExpr::Pipeline(..) => true,
        ScalarExpr::Binary(_, left, right) => has_aggregate(left) || has_aggregate(right),
    }
}
