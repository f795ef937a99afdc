//! The configuration file: all keys, all errors, hostile files.

use std::fmt::Write as _;
use std::fs;

use super::*;

const EXAMPLE: &str = include_str!("../../../observability.example.yaml");

fn read_text(text: &str) -> (Choices, Vec<String>) {
    let mut problems = Vec::new();
    let choices = parse(text, "x.yaml", &mut problems);
    (choices, problems.iter().map(ToString::to_string).collect())
}

fn find<'a>(node: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').try_fold(node, |node, name| match &node.content {
        Content::Map(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, node)| node),
        _ => None,
    })
}

#[test]
fn the_example_has_every_key_and_every_key_of_it_is_consumed() {
    let (_, problems) = read_text(EXAMPLE);
    assert_eq!(problems, Vec::<String>::new());
    let tree = tree::parse(EXAMPLE).unwrap();
    let block = find(&tree, BLOCK).unwrap();
    for key in KEYS.iter().filter(|key| !key.is_alias) {
        let mut node = find(block, key.path)
            .unwrap_or_else(|| panic!("the example lacks {}", key.path))
            .clone();
        // Keys that are empty in the example get a non-empty value.
        let text = || Node { place: (0, 0), content: Content::Scalar("text".to_owned()) };
        match &mut node.content {
            Content::Scalar(empty) if empty.is_empty() => "text".clone_into(empty),
            Content::List(items) if items.is_empty() => items.push(text()),
            Content::Map(entries) if entries.is_empty() => {
                entries.push(("name".to_owned(), text()));
            }
            _ => {}
        }
        let mut choices = Choices::default();
        let mut walk = Walk { name: "x", prefix: "", choices: &mut choices, problems: vec![] };
        walk.key(key, &node);
        assert!(walk.problems.is_empty(), "{:?}", walk.problems);
        assert_ne!(format!("{choices:?}"), format!("{:?}", Choices::default()), "{}", key.path);
    }
    for key in KEYS.iter().filter(|key| key.is_alias) {
        let (section, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        let indent = if section.is_empty() { "\n  # " } else { "\n    # " };
        assert!(EXAMPLE.contains(&format!("{indent}{name}:")), "{}", key.path);
    }
}

#[test]
fn the_page_for_users_has_every_key_and_every_variable() {
    let page = include_str!("../../../../../docs/sdk.md");
    for key in KEYS {
        assert!(page.contains(&format!("`{}`", key.path)), "docs/sdk.md lacks {}", key.path);
    }
    let others = super::super::environment::FILE_VARIABLES
        .into_iter()
        .chain(super::super::environment::SAMPLER_VARIABLES);
    let variables = super::super::environment::variables().map(|variable| variable.name);
    for name in variables.chain(others) {
        assert!(page.contains(&format!("`{name}`")), "docs/sdk.md lacks {name}");
    }
}

#[test]
fn the_files_of_the_seeds_are_read_without_a_word() {
    let s0 = "
observability:
  logging:
    level: info      # debug, info, warn, error
    format: json     # json, text

  metrics:
    enabled: true
    prometheus_port: 9090  # ALEX metrics endpoint

  tracing:
    enabled: true
    exporter: jaeger       # jaeger, otlp, zipkin
    jaeger_endpoint: http://localhost:14268/api/traces
    sample_rate: 1.0       # 0.0 to 1.0
";
    let s2 = "
logging: {level: debug, format: text}
metrics: {enabled: true, prometheus_port: 9464}
tracing: {enabled: true, exporter: otlp, otlp_endpoint: 'localhost:4318', zipkin_endpoint: '',
          sample_rate: 0.2, service_name: alex-server, service_version: 1.10, environment: staging}
";
    let (choices, problems) = read_text(s0);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(choices.metrics_port, Some(super::super::choices::Port::On(9090)));
    assert_eq!(choices.tracing_exporter, Some(super::super::Exporter::Jaeger));
    let (choices, problems) = read_text(s2);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(choices.service_name.as_deref(), Some("alex-server"));
    assert_eq!(choices.service_version.as_deref(), Some("1.10"));
    assert_eq!(choices.zipkin_endpoint, None);
}

#[test]
fn a_mistake_is_named_with_place_key_and_allowed_values() {
    let cases: [(&str, &[&str]); 19] = [
        (
            "tracing: {exporter: zipkn}",
            &["x.yaml:2:", "observability.tracing.exporter", "zipkn", "otlp, zipkin, jaeger, none"],
        ),
        (
            "tracing: {sample_rate: 1.5}",
            &["observability.tracing.sample_rate", "1.5", "from 0.0 to 1.0"],
        ),
        ("tracing: {sample_rate: .nan}", &["observability.tracing.sample_rate", "from 0.0 to 1.0"]),
        (
            "tracing: {otlp_endpoint: 'ftp://x'}",
            &["observability.tracing.otlp_endpoint", "ftp://x", "http or https"],
        ),
        ("tracing: {enabled: maybe}", &["observability.tracing.enabled", "maybe", "true, false"]),
        ("tracing: {enabled: [true]}", &["observability.tracing.enabled", "a list", "true, false"]),
        ("tracing: on", &["observability.tracing", "section", "exporter", "sample_rate"]),
        ("logging: {level: chatty}", &["observability.logging.level", "chatty", "debug"]),
        ("logging: {format: xml}", &["observability.logging.format", "xml", "json, text"]),
        (
            "metrics: {prometheus_port: 70000}",
            &["observability.metrics.prometheus_port", "70000", "65535"],
        ),
        (
            "metrics: {prometheus_host: example.org}",
            &["observability.metrics.prometheus_host", "IP address"],
        ),
        ("metrics: {series_limit: 0}", &["observability.metrics.series_limit", "1000000"]),
        (
            "otlp: {protocol: http/json}",
            &["observability.otlp.protocol", "http/json", "grpc, http/protobuf"],
        ),
        ("otlp: {headers: x}", &["observability.otlp.headers", "header names"]),
        (
            "metrics: {prometheus_prot: 1}",
            &[
                "observability.metrics.prometheus_prot",
                "no known key",
                "observability.metrics.prometheus_port",
            ],
        ),
        (
            "metrcis: {enabled: true}",
            &["observability.metrcis", "did you mean `observability.metrics`"],
        ),
        (
            "logging: {sample_rate: 1}",
            &[
                "observability.logging.sample_rate",
                "did you mean `observability.tracing.sample_rate`",
            ],
        ),
        (
            "content: {xyzzyxyzzy: 1}",
            &["observability.content.xyzzyxyzzy", "known here: bytes_max, capture"],
        ),
        (
            "service: {attributes: {a: [b]}}",
            &["observability.service.attributes", "names with values"],
        ),
    ];
    for (text, parts) in cases {
        let (_, problems) = read_text(&format!("observability:\n  {text}\n"));
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        for part in parts {
            assert!(problems[0].contains(part), "{text}: {problems:?} lacks {part:?}");
        }
    }
}

#[test]
fn one_mistake_leaves_the_other_keys_alone() {
    let (choices, problems) = read_text("{tracing: {exporter: nope, sample_rate: 0.5}, nope: 1}");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert_eq!(choices.sampling.map(|sampling| sampling.ratio), Some(0.5));
}

#[test]
fn a_section_counts_before_its_other_spelling_whichever_comes_first() {
    for text in ["{service: {name: a}, service_name: b}", "{service_name: b, service: {name: a}}"] {
        assert_eq!(read_text(text).0.service_name.as_deref(), Some("a"), "{text}");
    }
}

#[test]
fn secrets_are_never_told() {
    let texts = [
        "otlp: {headers: {authorization: \"hunter2\\n\"}}",
        "otlp: {headers: {\"a b\": hunter2}}",
        "otlp: {headers: hunter2}",
        "otlp: {headers: {authorization: hunter2}}",
        "otlp: {endpoint: 'http://me:hunter2@host'}",
    ];
    for text in texts {
        let (choices, problems) = read_text(text);
        assert!(!format!("{choices:?} {problems:?}").contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn other_sections_of_a_service_are_no_concern_of_ours() {
    let text = "server: {port: 8080}\nobservability: {logging: {level: warn}}\n";
    assert_eq!(read_text(text).1, Vec::<String>::new());
    let (_, problems) = read_text("server: {port: 8080}\n");
    assert!(problems[0].contains("no block `observability:`"), "{problems:?}");
}

#[test]
fn a_file_that_cannot_be_used_is_one_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("big.yaml"), "#".repeat(BYTES_MAX as usize + 1)).unwrap();
    fs::write(path("text.yaml"), "just text").unwrap();
    fs::write(path("broken.yaml"), "a: [b").unwrap();
    fs::write(path("bytes.yaml"), [0xff, 0xfe, 0]).unwrap();
    fs::write(path("twice.yaml"), "{logging: {level: info}, logging: {level: warn}}").unwrap();
    let cases = [
        ("missing.yaml", "cannot be read"),
        (".", "not a regular file"),
        ("big.yaml", "larger than 1048576 bytes"),
        ("text.yaml", "not a mapping"),
        ("broken.yaml", "not YAML"),
        ("bytes.yaml", "not UTF-8"),
        ("twice.yaml", "not YAML"),
    ];
    for (name, part) in cases {
        let mut problems = Vec::new();
        let choices = read(&path(name), &mut problems);
        assert_eq!(problems.len(), 1, "{name}: {problems:?}");
        let text = problems[0].to_string();
        assert!(text.contains(part) && text.contains("ignored"), "{name}: {text}");
        assert!(text.contains(folder.path().to_str().unwrap()), "{name}: {text}");
        assert_eq!(format!("{choices:?}"), format!("{:?}", Choices::default()));
    }
}

#[test]
fn a_file_full_of_mistakes_is_told_in_bounds() {
    let mut text = "observability:\n".to_owned();
    for i in 0..20_000 {
        writeln!(text, "  key\u{e9}{i}: {}", "x".repeat(20)).unwrap();
    }
    let (_, problems) = read_text(&text);
    assert_eq!(problems.len(), PROBLEMS_MAX + 1);
    assert!(problems[PROBLEMS_MAX].contains("19960 more"), "{}", problems[PROBLEMS_MAX]);
}

#[test]
fn paths_in_a_file_are_relative_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    fs::write(&path, "{price_file: prices.json, naming_profile_file: [a.yaml, /b.yaml]}").unwrap();
    let choices = read(&path, &mut Vec::new());
    assert_eq!(choices.price_files.unwrap(), [folder.path().join("prices.json")]);
    let files = choices.naming_profile_files.unwrap();
    assert_eq!(files, [folder.path().join("a.yaml"), PathBuf::from("/b.yaml")]);
}
