//! The template languages against our own cases, whose answers are Go's, and against hostile text.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use template::{
    ANY_LIST, ANY_MAP, Functions, Kind, Limits, MissingKey, Mode, Named, Parameters, Run,
    STRING_LIST, STRING_MAP, Safe, Set, Time, Value,
};

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::list(&ANY_LIST, items.into_iter().collect()).unwrap()
}

fn map(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let entries = entries.into_iter().map(|(key, value)| (key.to_owned(), value));
    Value::map(&ANY_MAP, entries.collect()).unwrap()
}

fn data() -> Value {
    let labels = [("job", "api"), ("instance", "host:9100")];
    let labels: BTreeMap<_, _> = labels.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    map([
        ("Name", "World".into()),
        ("Empty", "".into()),
        ("Int", Value::Int(42)),
        ("Zero", Value::Int(0)),
        ("Neg", Value::Int(-7)),
        ("Float", Value::Float(1.5)),
        ("Big", Value::Float(1_234_567.0)),
        ("True", Value::Bool(true)),
        ("False", Value::Bool(false)),
        ("List", list(["a", "b", "c"].map(Value::from))),
        ("Ints", list([1, 2, 3].map(Value::Int))),
        ("Strings", Value::strings(&STRING_LIST, ["x", "y"].map(str::to_owned))),
        ("None", list([])),
        ("Map", map([("b", Value::Int(2)), ("a", Value::Int(1))])),
        ("Labels", Value::string_map(&STRING_MAP, &labels)),
        ("Nil", Value::Nil),
        ("Html", "<b>\"x\" & 'y'</b>".into()),
        ("Url", "http://x/?a=b c&d".into()),
        ("Script", "javascript:alert(1)".into()),
        ("Nested", map([("Deep", map([("Er", "yes".into())]))])),
        ("Unicode", "Größe 日本".into()),
        ("Time", Value::Time(Time::from_nanos(1_704_096_930_123_456_789))),
        ("Duration", Value::Named(Named::Duration, 90_000_000_000)),
    ])
}

fn functions() -> Functions<'static> {
    const STRING: Parameters = Parameters::fixed(&[Kind::String]);
    let text = |arguments: &[Value]| arguments[0].as_text().unwrap().to_owned();
    let integer = |value: &Value| value.as_integer().unwrap();
    Functions::new(&[])
        .with("upper", STRING, move |_, values| Ok(text(values).to_uppercase().into()))
        .with("add", Parameters::fixed(&[Kind::Int, Kind::Int]), move |_, values| {
            Ok(Value::Int(integer(&values[0]) + integer(&values[1])))
        })
        .with("half", Parameters::fixed(&[Kind::Float]), |_, values| match values[0] {
            Value::Float(number) => Ok(Value::Float(number / 2.0)),
            _ => panic!("not a float"),
        })
        .with("boom", Parameters::NONE, |_, _| Err("boom".to_owned()))
        .with("count", Parameters::fixed(&[Kind::Of(&["[]string"])]), |_, values| {
            Ok(Value::Int(values[0].items().len() as i64))
        })
        .with("safe", STRING, move |_, values| Ok(Value::Safe(Safe::Html, text(values).into())))
        .with("safeUrl", STRING, move |_, values| Ok(Value::Safe(Safe::Url, text(values).into())))
        .with("both", Parameters::at_least(&[Kind::String], Kind::Int), move |_, values| {
            let rest: Vec<String> = values[1..].iter().map(|v| integer(v).to_string()).collect();
            Ok(format!("{}[{}]", text(values), rest.join(" ")).into())
        })
}

/// The output of a template.
fn output(mode: Mode, text: &str, run: Run<'_>) -> Result<String, String> {
    let mut set = Set::new(mode, MissingKey::Zero);
    let functions = functions();
    set.parse("t", text, &functions, &run.limits).map_err(|error| error.to_string())?;
    set.execute("t", &data(), &functions, run).map_err(|error| error.to_string())
}

/// A case is a template with its output on one line, or `! …`, an error.
fn answer(mode: Mode, text: &str) -> String {
    match output(mode, text, Run::default()) {
        Ok(output) => output.replace('\n', "\\n"),
        Err(error) => format!("! {error}"),
    }
}

fn cases(folder: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder)
}

#[test]
fn texts_expand_as_in_go() {
    let count = conformance::check_cases(&cases("text"), |text| answer(Mode::Text, text));
    assert!(count >= 250, "{count} cases");
}

#[test]
fn documents_expand_as_in_go() {
    let count = conformance::check_cases(&cases("html"), |text| answer(Mode::Html, text));
    assert!(count >= 30, "{count} cases");
}

fn failure(text: &str) -> String {
    output(Mode::Text, text, Run::default()).unwrap_err()
}

#[test]
fn nesting_is_bounded() {
    let deep = |open: &str, inner: &str, close: &str, count: usize| {
        format!("{}{inner}{}", open.repeat(count), close.repeat(count))
    };
    for (text, message) in [
        (format!("{{{{ {} }}}}", deep("(", "1", ")", 10_000)), "max expression depth exceeded"),
        (deep("{{if 1}}", "x", "{{end}}", 10_000), "max expression depth exceeded"),
        (deep("{{if 0}}{{else}}", "x", "{{end}}", 10_000), "max expression depth exceeded"),
        (deep("{{if 0}}{{else if 0}}", "x", "{{end}}", 10_000), "max expression depth exceeded"),
        (
            format!("{}{{{{end}}}}", deep("{{if 0}}", "{{else if 0}}", "", 1).repeat(10_000)),
            "depth",
        ),
        ("{{define \"u\"}}{{template \"u\"}}{{end}}{{template \"u\"}}".to_owned(), "depth"),
        ("{{range 100}}{{template \"t\"}}{{end}}".to_owned(), "depth"),
        ("{{$x := list}}{{range 100}}{{$x = list $x}}{{end}}".to_owned(), "nested"),
    ] {
        let error = failure_with_lists(&text);
        assert!(error.contains(message), "{error}");
    }
}

/// The error of a template that may build lists.
fn failure_with_lists(text: &str) -> String {
    let functions = functions().with("list", Parameters::at_least(&[], Kind::Any), |_, values| {
        Ok(Value::list(&ANY_LIST, values.to_vec())?)
    });
    let mut set = Set::new(Mode::Text, MissingKey::Zero);
    let run = Run::default();
    set.parse("t", text, &functions, &run.limits)
        .and_then(|()| set.execute("t", &data(), &functions, run))
        .unwrap_err()
        .to_string()
}

#[test]
fn work_and_output_are_bounded() {
    for (text, message) in [
        ("{{range 100000000}}{{end}}", "exceeded the limit of 1000000 steps"),
        ("{{range 10000}}{{range 10000}}{{end}}{{end}}", "exceeded the limit"),
        (
            "{{printf \"%999999d\" 1 | printf \"%s%[1]s\" | len}}{{range 20}}{{printf \"%999999d\" 1}}{{end}}",
            "exceeds the limit in bytes",
        ),
        ("{{$x := \"x\"}}{{range 100}}{{$x = print $x $x}}{{end}}", "exceeds the limit in bytes"),
        (
            "{{$x := list 1 1}}{{range 30}}{{$x = list $x $x}}{{end}}{{$x}}",
            "exceeds the limit in bytes",
        ),
        (
            "{{$x := list 1 1}}{{range 30}}{{$x = list $x $x}}{{end}}{{len (print $x)}}",
            "exceeds the limit in bytes",
        ),
    ] {
        let error = failure_with_lists(text);
        assert!(error.contains(message), "{text}: {error}");
    }
    let huge = "x".repeat(2 << 20);
    assert_eq!(failure(&huge), "template: t:1: more than 1048576 bytes");
}

#[test]
fn an_expansion_can_be_cancelled() {
    let run = Run { is_cancelled: &|| true, ..Run::default() };
    let error = output(Mode::Text, "{{.Name}}", run).unwrap_err();
    assert!(error.ends_with("the expansion is cancelled"), "{error}");
}

#[test]
fn limits_can_be_lowered() {
    let limits = Limits { output_bytes: 5, ..Limits::default() };
    let run = Run { limits, ..Run::default() };
    assert_eq!(output(Mode::Text, "12345", run).as_deref(), Ok("12345"));
    assert!(output(Mode::Text, "123456", run).is_err());
}

/// Pieces of which hostile templates consist.
const PIECES: [&str; 48] = [
    "{{",
    "}}",
    "{{-",
    " -}}",
    "{{end}}",
    "{{else}}",
    "if ",
    "range ",
    "with ",
    "template ",
    "define ",
    "block ",
    "\"a\"",
    "`b`",
    "'c'",
    "$",
    "$x",
    ":=",
    "=",
    ",",
    "|",
    "(",
    ")",
    ".",
    ".Name",
    ".List",
    ".Time",
    ".Map",
    ".Html",
    " ",
    "\n",
    "/*",
    "*/",
    "1",
    "-2.5e3",
    "0x",
    "nil",
    "true",
    "printf ",
    "\"%[1]*.3v%\"",
    "index ",
    "slice ",
    "<a href=\"",
    "<script>",
    "</script>",
    "style='",
    "<!--",
    "é\u{301}",
];

proptest! {
    #[test]
    fn no_template_panics(picked in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = picked.into_iter().map(|index| PIECES[index]).collect();
        let limits = Limits { steps: 10_000, output_bytes: 100_000, ..Limits::default() };
        let run = Run { limits, ..Run::default() };
        for mode in [Mode::Text, Mode::Html] {
            let _no_panic = output(mode, &text, run);
            let _no_panic = output(mode, &format!("{{{{{text}}}}}"), run);
        }
    }

    #[test]
    fn no_format_or_layout_panics(format in "[%0-9.*\\[\\] #+a-zA-Z:_,-]{0,20}") {
        for call in ["printf %q 1 -2 1.5 \"a\" .List .Time", ".Time.Format %q"] {
            let call = call.replace("%q", &format!("{format:?}"));
            let _no_panic = output(Mode::Text, &format!("{{{{{call}}}}}"), Run::default());
        }
    }
}
