//! From tokens to trees: actions, control structures and definitions.

use std::sync::Arc;

use super::lexer::{Kind, Lexer, Token};
use super::tree::{Action, Branch, Node, OperandKind, Pipe, Template, Tree};
use crate::call::Functions;
use crate::go::quote::{quote, unquote};
use crate::limits::DEPTH_MAX;

pub(super) type Parsed<T> = Result<T, String>;

/// Parses a text; returns the templates that it defines by name, the text itself last.
///
/// # Errors
/// Go's message with the name and line.
pub(crate) fn parse(
    name: &str,
    text: &str,
    functions: &Functions<'_>,
) -> Result<Vec<(String, Tree)>, String> {
    let mut parser = Parser {
        name,
        lexer: Lexer::new(text),
        pushed_back: Vec::new(),
        line: 1,
        action_line: None,
        functions,
        variables: vec!["$".to_owned()],
        range_depth: 0,
        depth: 0,
        source: name.into(),
        text: text.into(),
        trees: Vec::new(),
    };
    let failed =
        |parser: &Parser<'_>, message| format!("template: {name}:{}: {message}", parser.line);
    match parser.whole().and_then(|root| parser.add(name.to_owned(), root)) {
        Ok(()) => Ok(parser.trees),
        Err(message) => Err(failed(&parser, message)),
    }
}

pub(super) struct Parser<'p> {
    name: &'p str,
    lexer: Lexer<'p>,
    /// Tokens to read again, the next one last.
    pushed_back: Vec<Token>,
    /// Line of the last token of the lexer.
    line: usize,
    action_line: Option<usize>,
    pub(super) functions: &'p Functions<'p>,
    pub(super) variables: Vec<String>,
    range_depth: usize,
    pub(super) depth: usize,
    source: Arc<str>,
    text: Arc<str>,
    trees: Vec<(String, Tree)>,
}

/// What ends a list of nodes.
enum Ending {
    End,
    Else,
}

impl Ending {
    fn shown(&self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

/// A node, or what ends the list that contains it.
enum Item {
    Node(Node),
    Ending(Ending),
}

impl Parser<'_> {
    pub(super) fn next(&mut self) -> Token {
        self.pushed_back.pop().unwrap_or_else(|| {
            let token = self.lexer.next();
            self.line = token.line;
            token
        })
    }

    pub(super) fn push_back(&mut self, token: Token) {
        self.pushed_back.push(token);
    }

    pub(super) fn peek(&mut self) -> Token {
        let token = self.next();
        self.push_back(token.clone());
        token
    }

    pub(super) fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    pub(super) fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.push_back(token.clone());
        token
    }

    pub(super) fn unexpected<T>(&self, token: &Token, context: &str) -> Parsed<T> {
        if token.kind != Kind::Error {
            return Err(format!("unexpected {} in {context}", token.shown()));
        }
        let started = self.action_line.filter(|line| *line != token.line);
        let place = started.map_or_else(String::new, |line| {
            let action = if token.text.ends_with(" action") { "" } else { " in action" };
            format!("{action} started at {}:{line}", self.name)
        });
        Err(format!("{}{place}", token.text))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Token> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { self.unexpected(&token, context) }
    }

    pub(super) fn enter(&mut self) -> Parsed<()> {
        if self.depth >= DEPTH_MAX {
            return Err("max expression depth exceeded".to_owned());
        }
        self.depth += 1;
        Ok(())
    }

    fn add(&mut self, name: String, root: Vec<Node>) -> Parsed<()> {
        let tree = Tree { source: Arc::clone(&self.source), text: Arc::clone(&self.text), root };
        let existing = self.trees.iter().position(|(existing, _)| *existing == name);
        match existing.and_then(|index| self.trees.get_mut(index)) {
            None => self.trees.push((name, tree)),
            Some((_, existing)) if existing.is_empty() => *existing = tree,
            Some(_) if tree.is_empty() => {}
            Some(_) => {
                let name = quote(&name);
                return Err(format!("template: multiple definition of template {name}"));
            }
        }
        Ok(())
    }

    /// The text with its definitions.
    fn whole(&mut self) -> Parsed<Vec<Node>> {
        let mut nodes = Vec::new();
        loop {
            let token = self.peek();
            if token.kind == Kind::End {
                return Ok(nodes);
            }
            if token.kind == Kind::LeftDelimiter {
                let delimiter = self.next();
                let keyword = self.next_non_space();
                if keyword.kind == Kind::Keyword && keyword.text == "define" {
                    self.definition()?;
                    continue;
                }
                self.push_back(keyword);
                self.push_back(delimiter);
            }
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                Item::Ending(ending) => return Err(format!("unexpected {}", ending.shown())),
            }
        }
    }

    fn definition(&mut self) -> Parsed<()> {
        const CONTEXT: &str = "define clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect(Kind::RightDelimiter, CONTEXT)?;
        let root = self.body(CONTEXT)?;
        self.add(name, root)
    }

    /// The body of a definition: it knows no variables but `$`.
    fn body(&mut self, context: &str) -> Parsed<Vec<Node>> {
        self.enter()?;
        let outside = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let range_depth = std::mem::take(&mut self.range_depth);
        let (nodes, ending) = self.list()?;
        self.variables = outside;
        self.range_depth = range_depth;
        self.depth -= 1;
        match ending {
            Ending::End => Ok(nodes),
            Ending::Else => Err(format!("unexpected {} in {context}", ending.shown())),
        }
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Parsed<String> {
        if token.kind != Kind::String {
            return self.unexpected(token, context);
        }
        unquote(&token.text).ok_or_else(|| "invalid syntax".to_owned())
    }

    /// Nodes up to `end` or `else`.
    fn list(&mut self) -> Parsed<(Vec<Node>, Ending)> {
        let mut nodes = Vec::new();
        while self.peek_non_space().kind != Kind::End {
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                Item::Ending(ending) => return Ok((nodes, ending)),
            }
        }
        Err("unexpected EOF".to_owned())
    }

    fn text_or_action(&mut self) -> Parsed<Item> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.text))),
            Kind::LeftDelimiter => {
                self.action_line = Some(token.line);
                let item = self.action()?;
                self.action_line = None;
                Ok(item)
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Item> {
        let token = self.next_non_space();
        let keyword = if token.kind == Kind::Keyword { token.text.as_str() } else { "" };
        let node = match keyword {
            "if" => Node::If(self.control("if")?),
            "with" => Node::With(self.control("with")?),
            "range" => Node::Range(self.control("range")?),
            "template" => self.template()?,
            "block" => self.block()?,
            "break" => self.jump("{{break}}", Node::Break)?,
            "continue" => self.jump("{{continue}}", Node::Continue)?,
            "end" => {
                self.expect(Kind::RightDelimiter, "end")?;
                return Ok(Item::Ending(Ending::End));
            }
            "else" => {
                let next = self.peek_non_space();
                if !is_keyword(&next, "if") && !is_keyword(&next, "with") {
                    self.expect(Kind::RightDelimiter, "else")?;
                }
                return Ok(Item::Ending(Ending::Else));
            }
            _ => {
                self.push_back(token);
                Node::Action(Action { pipe: self.pipe("command", Kind::RightDelimiter)? })
            }
        };
        Ok(Item::Node(node))
    }

    fn jump(&mut self, keyword: &str, node: Node) -> Parsed<Node> {
        self.expect(Kind::RightDelimiter, keyword)?;
        if self.range_depth == 0 {
            return Err(format!("{keyword} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn control(&mut self, context: &str) -> Parsed<Branch> {
        self.enter()?;
        let mark = self.variables.len();
        let pipe = self.pipe(context, Kind::RightDelimiter)?;
        let is_range = usize::from(context == "range");
        self.range_depth += is_range;
        let (list, ending) = self.list()?;
        self.range_depth -= is_range;
        let otherwise = match ending {
            Ending::End => Vec::new(),
            Ending::Else => self.otherwise(context)?,
        };
        self.variables.truncate(mark);
        self.depth -= 1;
        Ok(Branch { pipe, list, otherwise })
    }

    /// What follows `else`. An `if` or `with` right after it needs no `end` of its own.
    fn otherwise(&mut self, context: &str) -> Parsed<Vec<Node>> {
        let next = self.peek_non_space();
        if context != "range" && is_keyword(&next, context) {
            self.next_non_space();
            let branch = self.control(context)?;
            return Ok(vec![if context == "if" { Node::If(branch) } else { Node::With(branch) }]);
        }
        let (nodes, ending) = self.list()?;
        match ending {
            Ending::End => Ok(nodes),
            Ending::Else => Err(format!("expected end; found {}", ending.shown())),
        }
    }

    fn template(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let next = self.next_non_space();
        let pipe = if next.kind == Kind::RightDelimiter {
            None
        } else {
            self.push_back(next);
            Some(self.pipe(CONTEXT, Kind::RightDelimiter)?)
        };
        Ok(Node::Template(Template { at: token.at, name, pipe }))
    }

    fn block(&mut self) -> Parsed<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipe(CONTEXT, Kind::RightDelimiter)?;
        let root = self.body(CONTEXT)?;
        self.add(name.clone(), root)?;
        Ok(Node::Template(Template { at: token.at, name, pipe: Some(pipe) }))
    }

    pub(super) fn pipe(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let at = self.peek_non_space().at;
        let mut pipe =
            Pipe { at, variables: Vec::new(), is_assignment: false, commands: Vec::new() };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => {
                    check(&pipe, context)?;
                    return Ok(pipe);
                }
                Kind::Bool
                | Kind::CharLiteral
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::String
                | Kind::Variable
                | Kind::LeftParenthesis => {
                    self.push_back(token);
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(&token, context),
            }
        }
    }

    /// `$x :=`, `$x =` or `$x, $y :=` at the start of a pipeline.
    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Parsed<()> {
        while self.peek_non_space().kind == Kind::Variable {
            let variable = self.next_non_space();
            let after = self.next();
            let next = match after.kind {
                Kind::Space => self.peek_non_space(),
                _ => after.clone(),
            };
            let is_comma = next.kind == Kind::Char && next.text == ",";
            if !is_comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.push_back(after);
                self.push_back(variable);
                return Ok(());
            }
            if after.kind == Kind::Space {
                self.next_non_space();
            }
            self.variables.push(variable.text.clone());
            pipe.variables.push(variable.text);
            if !is_comma {
                pipe.is_assignment = next.kind == Kind::Assign;
                return Ok(());
            }
            if context != "range" || pipe.variables.len() > 1 {
                return Err(format!("too many declarations in {context}"));
            }
            let next = self.peek_non_space().kind;
            if !matches!(next, Kind::Variable | Kind::RightDelimiter | Kind::RightParenthesis) {
                return Err("range can only initialize variables".to_owned());
            }
        }
        Ok(())
    }
}

fn is_keyword(token: &Token, keyword: &str) -> bool {
    token.kind == Kind::Keyword && token.text == keyword
}

/// Refuses pipelines that are empty, or pass a value to something that takes none.
fn check(pipe: &Pipe, context: &str) -> Parsed<()> {
    if pipe.commands.is_empty() {
        return Err(format!("missing value for {context}"));
    }
    for (index, command) in pipe.commands.iter().enumerate().skip(1) {
        let is_constant = command.operands.first().is_some_and(|operand| {
            matches!(
                operand.kind,
                OperandKind::Bool(_)
                    | OperandKind::Dot
                    | OperandKind::Nil
                    | OperandKind::Number(_)
                    | OperandKind::String { .. }
            )
        });
        if is_constant {
            let stage = index + 1;
            return Err(format!("non executable command in pipeline stage {stage}"));
        }
    }
    Ok(())
}
