//! The templates of `line_format` and `label_format`: the subset of Go's text/template that log
//! queries use. Fields, pipelines, literals, parentheses, `if`/`else`, and the functions below;
//! loops, variables and definitions are rejected by name.

mod function;
mod parse;

use std::borrow::Cow;

use self::function::Function;
use super::labels::LineLabels;
use crate::QueryError;

/// Longest text that a template may produce, in bytes; the rest is truncated.
const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// Total size of the arguments of one function, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 4 << 20;

/// A template.
#[derive(Debug)]
pub(super) struct Template {
    nodes: Vec<Node>,
}

#[derive(Debug)]
enum Node {
    Text(String),
    Output(Call),
    If { condition: Call, then: Vec<Node>, otherwise: Vec<Node> },
}

/// A term of a template.
#[derive(Debug)]
enum Call {
    Field(String),
    Line,
    Timestamp,
    Value(Value),
    Apply(Function, Vec<Call>),
}

/// The value of a term.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
}

impl Value {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        }
    }

    /// Bytes of a text.
    fn length(&self) -> usize {
        if let Self::Text(text) = self { text.len() } else { 0 }
    }

    fn is_true(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Bool(value) => *value,
        }
    }

    /// The number; texts are parsed.
    fn number(&self) -> f64 {
        match self {
            Self::Text(text) => text.trim().parse().unwrap_or_default(),
            Self::Int(number) => *number as f64,
            Self::Float(number) => *number,
            Self::Bool(value) => f64::from(u8::from(*value)),
        }
    }

    fn int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            Self::Text(text) => text.trim().parse().unwrap_or_else(|_| self.number() as i64),
            other => other.number() as i64,
        }
    }
}

/// The input of a template.
struct EvalContext<'s, 'a> {
    line: &'s str,
    timestamp: i64,
    labels: &'s LineLabels<'a>,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// Invalid if it is not a template, unsupported for features that are not implemented.
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        parse::nodes(text).map(|nodes| Self { nodes })
    }

    /// The labels that it reads.
    pub(super) fn names(&self, names: &mut Vec<String>) {
        fn of_call(call: &Call, names: &mut Vec<String>) {
            match call {
                Call::Field(name) => names.push(name.clone()),
                Call::Apply(_, arguments) => {
                    for argument in arguments {
                        of_call(argument, names);
                    }
                }
                Call::Line | Call::Timestamp | Call::Value(_) => {}
            }
        }
        fn of_nodes(nodes: &[Node], names: &mut Vec<String>) {
            for node in nodes {
                match node {
                    Node::Text(_) => {}
                    Node::Output(call) => of_call(call, names),
                    Node::If { condition, then, otherwise } => {
                        of_call(condition, names);
                        of_nodes(then, names);
                        of_nodes(otherwise, names);
                    }
                }
            }
        }
        of_nodes(&self.nodes, names);
    }

    /// The text for one line.
    ///
    /// # Errors
    /// The reason why a function rejected its arguments.
    pub(super) fn run(
        &self,
        line: &str,
        timestamp: i64,
        labels: &LineLabels<'_>,
    ) -> Result<String, String> {
        let mut text = String::new();
        run_nodes(&self.nodes, &EvalContext { line, timestamp, labels }, &mut text)?;
        labels.made(text.len())?;
        Ok(text)
    }
}

fn run_nodes(
    nodes: &[Node],
    context: &EvalContext<'_, '_>,
    text: &mut String,
) -> Result<(), String> {
    for node in nodes {
        match node {
            Node::Text(literal) => push_bounded(text, literal),
            Node::Output(call) => {
                let value = run_call(call, context)?;
                push_bounded(text, &value.into_text());
            }
            Node::If { condition, then, otherwise } => {
                let branch = if run_call(condition, context)?.is_true() { then } else { otherwise };
                run_nodes(branch, context, text)?;
            }
        }
    }
    Ok(())
}

fn push_bounded(text: &mut String, more: &str) {
    let room = OUTPUT_BYTES_MAX.saturating_sub(text.len());
    text.push_str(more.get(..more.floor_char_boundary(room.min(more.len()))).unwrap_or_default());
}

fn run_call(call: &Call, context: &EvalContext<'_, '_>) -> Result<Value, String> {
    Ok(match call {
        Call::Field(name) => Value::Text(context.labels.get(name).unwrap_or_default().to_owned()),
        Call::Line => Value::Text(context.line.to_owned()),
        Call::Timestamp => Value::Int(context.timestamp),
        Call::Value(value) => value.clone(),
        Call::Apply(function, arguments) => {
            let mut room = ARGUMENTS_BYTES_MAX;
            let arguments = arguments
                .iter()
                .map(|argument| {
                    let value = run_call(argument, context)?;
                    room = room
                        .checked_sub(value.length())
                        .ok_or("the arguments of a function are too long")?;
                    Ok(value)
                })
                .collect::<Result<Vec<_>, String>>()?;
            let value = function.apply(&arguments)?;
            context.labels.made(value.length())?;
            value
        }
    })
}

/// Truncates a text to the limit of templates.
fn bounded(text: Cow<'_, str>) -> String {
    let mut text = text.into_owned();
    text.truncate(text.floor_char_boundary(OUTPUT_BYTES_MAX.min(text.len())));
    text
}

#[cfg(test)]
mod tests {
    use super::super::labels::Source;
    use super::*;

    fn run(template: &str) -> Result<String, String> {
        let mut labels = LineLabels::default();
        labels.add_stream("app", "Foo");
        labels.add("n".into(), "12".into(), Source::Parsed);
        labels.add("msg".into(), " hello ".into(), Source::Parsed);
        Template::parse(template).map_err(|error| error.to_string())?.run(
            "the line",
            1_000_000_000,
            &labels,
        )
    }

    #[test]
    fn templates_of_log_queries_run() {
        for (template, text) in [
            ("L={{.app}}", "L=Foo"),
            ("{{ .app | upper | printf \"%s-%d\" \"x\" }}", "x-FOO"),
            ("{{.missing}}|{{ default \"d\" .missing }}", "|d"),
            ("{{ __line__ }} {{ __timestamp__ | unixEpoch }}", "the line 1"),
            ("{{- .msg | trim -}}  ", "hello"),
            ("{{ if eq .app \"Foo\" }}yes{{ else }}no{{ end }}", "yes"),
            ("{{ if .missing }}a{{ else if contains \"o\" .app }}b{{ else }}c{{ end }}", "b"),
            ("{{ replace \"o\" \"0\" .app }} {{ Replace .app \"o\" \"0\" 1 }}", "F00 F0o"),
            ("{{ substr 0 2 .app }}{{ trunc 1 .app }}", "FoF"),
            ("{{ add .n 1 }} {{ div .n 5 }} {{ mulf .n 1.5 }}", "13 2 18"),
            ("{{ printf \"\\x1b[31m%s\" .app }}", "\u{1b}[31mFoo"),
            ("{{ regexReplaceAll \"(F)(.*)\" .app \"$2$1\" }}", "ooF"),
            ("{{ (lower .app) }} {{ len .app }} {{ gt (int .n) 5 }}", "foo 3 true"),
            ("{{/* nothing */}}x", "x"),
        ] {
            assert_eq!(run(template).as_deref(), Ok(text), "{template}");
        }
    }

    #[test]
    fn faults_are_named() {
        for (template, part) in [
            ("{{ nosuchfunc }}", "function \"nosuchfunc\" not defined"),
            ("{{", "unclosed action"),
            ("{{ .a", "unclosed action"),
            ("{{ if .a }}x", "unexpected EOF"),
            ("{{ end }}", "unexpected {{end}}"),
            ("{{ range .x }}{{ end }}", "not supported yet"),
            ("{{ \"x }}", "unterminated"),
            ("{{ upper }}", "wrong number of args"),
        ] {
            let error = run(template).unwrap_err();
            assert!(error.contains(part), "{template}: {error}");
        }
    }

    #[test]
    fn hostile_templates_stay_bounded() {
        assert!(run(&format!("{{{{ {}.a }}}}", "(".repeat(10_000))).is_err());
        assert!(run(&"{{if .a}}".repeat(10_000)).is_err());
        assert!(run("{{ repeat 1000000000 \"xxxxxxxxxx\" }}").unwrap().len() <= OUTPUT_BYTES_MAX);
        assert!(run("{{ indent 1000000000 .app }}").unwrap().len() <= OUTPUT_BYTES_MAX);
        assert!(run("{{ printf \"%1000000000s\" .app }}").unwrap().len() <= OUTPUT_BYTES_MAX);
        let long = "{{ repeat 1000000 \"x\" }}";
        let longer =
            format!("{{{{ regexReplaceAll \"\" ({0}) ({0}) }}}}", &long[3..long.len() - 3]);
        assert!(run(&longer).unwrap_err().contains("too long"));
        assert!(
            run(&format!(
                "{{{{ print{} }}}}",
                format!(" ({})", &long[3..long.len() - 3]).repeat(9)
            ))
            .unwrap_err()
            .contains("too long")
        );
        assert!(run(&long.repeat(40)).unwrap_err().contains("too much text of one line"));
    }
}
