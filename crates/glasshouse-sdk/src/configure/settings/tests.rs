//! Settings resolved from code, environment and file.

use super::super::configure;
use super::*;

/// Resolves with these variables and this file.
fn decide(
    code: impl FnOnce(Configuration) -> Configuration,
    variables: &[(&str, &str)],
    file: &str,
) -> (Settings, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.yaml");
    std::fs::write(&path, file).unwrap();
    let environment = |name: &str| {
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    let (settings, problems) = code(configure().config_file(path)).resolve(&environment);
    (settings, problems.iter().map(ToString::to_string).collect())
}

fn of_variables(variables: &[(&str, &str)]) -> Settings {
    let (settings, problems) = decide(|code| code, variables, "");
    assert_eq!(problems, Vec::<String>::new());
    settings
}

fn url(settings: &Settings) -> String {
    match &settings.spans {
        None => "none".to_owned(),
        Some(SpanTarget::Otlp(target)) => match target.protocol {
            Protocol::Grpc => format!("grpc {}", target.url),
            Protocol::HttpProtobuf => target.url.clone(),
        },
        Some(SpanTarget::Zipkin { url }) => format!("zipkin {url}"),
        Some(SpanTarget::JaegerThrift { url }) => format!("jaeger {url}"),
    }
}

fn attribute(settings: &Settings, key: &str) -> String {
    let mut values = settings.resource_attributes.iter().filter(|(other, _)| other == key);
    let value = values.next().map_or_else(|| "none".to_owned(), |(_, value)| value.clone());
    assert!(values.next().is_none(), "{key} twice");
    value
}

/// One key in all three sources.
struct Row {
    key: &'static str,
    code: fn(Configuration) -> Configuration,
    variable: Option<(&'static str, &'static str)>,
    file: &'static str,
    get: fn(&Settings) -> String,
    /// Expected by default, and from the file, the environment and the code.
    expected: [&'static str; 4],
}

const ROWS: [Row; 22] = [
    Row {
        key: "certificate",
        code: |code| code.otlp_certificate("/code.pem"),
        variable: Some(("OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "/env.pem")),
        file: "otlp: {certificate: /file.pem}",
        get: |it| {
            let certificate =
                it.metrics.as_ref().and_then(|(target, _)| target.certificate.clone());
            certificate.map_or_else(|| "none".to_owned(), |path| path.display().to_string())
        },
        expected: ["none", "/file.pem", "/env.pem", "/code.pem"],
    },
    Row {
        key: "protocol",
        code: |code| code.otlp_protocol(Protocol::HttpProtobuf).otlp_endpoint("http://code:4317"),
        variable: Some(("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")),
        file: "otlp: {protocol: http/protobuf, endpoint: 'http://file:4317'}",
        get: url,
        expected: [
            "http://localhost:4318/v1/traces",
            "http://file:4317/v1/traces",
            "grpc http://file:4317",
            "http://code:4317/v1/traces",
        ],
    },
    Row {
        key: "service name",
        code: |code| code.service_name("code"),
        variable: Some(("OTEL_SERVICE_NAME", "env")),
        file: "service: {name: file}",
        get: |it| it.service_name.split(':').next().unwrap_or_default().to_owned(),
        expected: ["unknown_service", "file", "env", "code"],
    },
    Row {
        key: "service version",
        code: |code| code.service_version("3"),
        variable: Some(("OTEL_RESOURCE_ATTRIBUTES", "service.version=2")),
        file: "service_version: 1.10",
        get: |it| attribute(it, "service.version"),
        expected: ["none", "1.10", "2", "3"],
    },
    Row {
        key: "environment",
        code: |code| code.environment("code"),
        variable: Some(("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=env")),
        file: "environment: file",
        get: |it| attribute(it, "deployment.environment.name"),
        expected: ["none", "file", "env", "code"],
    },
    Row {
        key: "namespace",
        code: |code| code.service_namespace("code"),
        variable: Some(("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=env")),
        file: "service: {namespace: file}",
        get: |it| attribute(it, "service.namespace"),
        expected: ["none", "file", "env", "code"],
    },
    Row {
        key: "attribute",
        code: |code| code.resource_attribute("team", "code"),
        variable: Some(("OTEL_RESOURCE_ATTRIBUTES", "team=e%20nv")),
        file: "service: {attributes: {team: file}}",
        get: |it| attribute(it, "team"),
        expected: ["none", "file", "e nv", "code"],
    },
    Row {
        key: "naming profile",
        code: |code| code.naming_profiles(["refly", "otel"]),
        variable: Some(("GLASSHOUSE_NAMING_PROFILE", "alex, otel")),
        file: "naming_profile: [botticelli]",
        get: |it| it.naming_profiles.join("+"),
        expected: ["otel", "botticelli", "alex+otel", "refly+otel"],
    },
    Row {
        key: "endpoint",
        code: |code| code.otlp_endpoint("http://code:4318"),
        variable: Some(("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://env/x")),
        file: "tracing: {otlp_endpoint: file}",
        get: url,
        expected: [
            "http://localhost:4318/v1/traces",
            "http://file/v1/traces",
            "http://env/x",
            "http://code:4318/v1/traces",
        ],
    },
    Row {
        key: "exporter",
        code: |code| code.tracing_exporter(Exporter::None),
        variable: Some(("OTEL_TRACES_EXPORTER", "jaeger")),
        file: "tracing: {exporter: zipkin}",
        get: url,
        expected: [
            "http://localhost:4318/v1/traces",
            "zipkin http://localhost:9411/api/v2/spans",
            "jaeger http://localhost:14268/api/traces",
            "none",
        ],
    },
    Row {
        key: "sample rate",
        code: |code| code.sample_rate(0.0),
        variable: Some(("OTEL_TRACES_SAMPLER", "always_on")),
        file: "tracing: {sample_rate: 0.2}",
        get: |it| format!("{:?}", it.sampling.sampler()),
        expected: [
            "ParentBased(AlwaysOn)",
            "ParentBased(TraceIdRatioBased(0.2))",
            "AlwaysOn",
            "ParentBased(AlwaysOff)",
        ],
    },
    Row {
        key: "tracing",
        code: |code| code.tracing_enabled(true),
        variable: None,
        file: "tracing: {enabled: false}",
        get: |it| format!("{} {}", it.tracing_enabled, it.spans.is_some()),
        expected: ["true true", "false false", "false false", "true true"],
    },
    Row {
        key: "metrics",
        code: |code| code.metrics_enabled(true),
        variable: None,
        file: "metrics: {enabled: false, prometheus_port: 1}",
        get: |it| {
            format!("{} {} {}", it.metrics_enabled, it.metrics.is_some(), it.listener.is_some())
        },
        expected: ["true true false", "false false false", "false false false", "true true true"],
    },
    Row {
        key: "push of metrics",
        code: |code| code.metrics_push_enabled(true),
        variable: Some(("OTEL_METRICS_EXPORTER", "none")),
        file: "metrics: {push_enabled: true}",
        get: |it| it.metrics.is_some().to_string(),
        expected: ["true", "true", "false", "true"],
    },
    Row {
        key: "listener",
        code: |code| code.metrics_address(([127, 0, 0, 1], 3).into()),
        variable: Some(("PROMETHEUS_ENDPOINT", "0.0.0.0:2")),
        file: "metrics: {prometheus_port: 1}",
        get: |it| it.listener.map_or_else(|| "none".to_owned(), |address| address.to_string()),
        expected: ["none", "127.0.0.1:1", "0.0.0.0:2", "127.0.0.1:3"],
    },
    Row {
        key: "interval",
        code: |code| code.metric_interval(Duration::from_secs(3)),
        variable: Some(("OTEL_METRIC_EXPORT_INTERVAL", "2000")),
        file: "metrics: {interval_ms: 1000}",
        get: |it| it.metrics.as_ref().map(|(_, interval)| interval.as_secs()).unwrap().to_string(),
        expected: ["15", "1", "2", "3"],
    },
    Row {
        key: "series",
        code: |code| code.series_limit(3),
        variable: None,
        file: "metrics: {series_limit: 1}",
        get: |it| it.series_limit.to_string(),
        expected: ["2000", "1", "1", "3"],
    },
    Row {
        key: "budgets by session",
        code: |code| code.budgets_by_session(false),
        variable: None,
        file: "metrics: {budgets_by_session: true}",
        get: |it| it.budgets_by_session.to_string(),
        expected: ["false", "true", "true", "false"],
    },
    Row {
        key: "log level",
        code: |code| code.log_level("error"),
        variable: Some(("RUST_LOG", "off")),
        file: "logging: {level: warn}",
        get: |it| it.log_level.default_level().unwrap_or(LevelFilter::OFF).to_string(),
        expected: ["info", "warn", "off", "error"],
    },
    Row {
        key: "export of logs",
        code: |code| code.logs_export_enabled(true),
        variable: Some(("OTEL_LOGS_EXPORTER", "none")),
        file: "logging: {export_enabled: true, otlp_endpoint: 'http://logs/x'}",
        get: |it| it.logs.as_ref().map_or_else(|| "none".to_owned(), |target| target.url.clone()),
        expected: ["http://localhost:4318/v1/logs", "http://logs/x", "none", "http://logs/x"],
    },
    Row {
        key: "content",
        code: |code| code.capture_content(false).content_bytes_max(3),
        variable: Some(("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY")),
        file: "content: {capture: true, bytes_max: 1}",
        get: |it| format!("{} {}", it.capture_content, it.content_bytes_max),
        expected: ["false 8192", "true 1", "true 1", "false 3"],
    },
    Row {
        key: "timeout",
        code: |code| code,
        variable: Some(("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2")),
        file: "otlp: {timeout_ms: 1}",
        get: |it| match &it.spans {
            Some(SpanTarget::Otlp(target)) => target.timeout.as_millis().to_string(),
            other => format!("{other:?}"),
        },
        expected: ["10000", "1", "2", "2"],
    },
];

#[test]
fn code_counts_before_environment_before_file_before_default() {
    for Row { key, code, variable, file, get, expected } in ROWS {
        let variables: Vec<_> = variable.into_iter().collect();
        let decided = [
            decide(|code| code, &[], ""),
            decide(|code| code, &[], file),
            decide(|code| code, &variables, file),
            decide(code, &variables, file),
        ];
        for ((settings, problems), expected) in decided.iter().zip(expected) {
            assert_eq!(problems, &Vec::<String>::new(), "{key}");
            assert_eq!(get(settings), expected, "{key}");
        }
    }
}

#[test]
fn a_wrong_value_leaves_its_key_to_the_next_source() {
    let file = "{tracing: {sample_rate: 0.5, exporter: zipkin}, metrics: {series_limit: 7}}";
    let variables = [("OTEL_TRACES_SAMPLER", "sometimes"), ("OTEL_TRACES_EXPORTER", "carrier")];
    let code = |code: Configuration| code.sample_rate(f64::NAN).series_limit(0);
    let (settings, problems) = decide(code, &variables, file);
    assert_eq!(settings.sampling.ratio, 0.5);
    assert_eq!(settings.series_limit, 7);
    assert!(url(&settings).starts_with("zipkin"));
    let places = [
        "configure().sample_rate()",
        "configure().series_limit()",
        "OTEL_TRACES_EXPORTER",
        "OTEL_TRACES_SAMPLER",
    ];
    assert_eq!(problems.len(), places.len(), "{problems:?}");
    for (problem, place) in problems.iter().zip(places) {
        assert!(problem.starts_with(place) && problem.contains("allowed: "), "{problem}");
    }
}

#[test]
fn methods_name_what_they_do_not_take() {
    let code = |code: Configuration| {
        code.otlp_endpoint("http://me:hunter2@host")
            .otlp_header("a b", "hunter2")
            .otlp_header("a", "hunter2\n")
            .zipkin_endpoint("ftp://x")
            .jaeger_endpoint("")
            .metric_interval(Duration::ZERO)
            .content_bytes_max(usize::MAX)
            .log_level("chatty")
    };
    let (settings, problems) = decide(code, &[], "");
    assert_eq!(problems.len(), 8, "{problems:?}");
    assert!(problems.iter().all(|problem| problem.starts_with("configure().")), "{problems:?}");
    assert!(!format!("{problems:?}{settings:?}").contains("hunter2"));
    assert_eq!(url(&settings), "http://localhost:4318/v1/traces");
}

#[test]
fn the_general_endpoint_gets_a_path_and_the_one_of_a_signal_does_not() {
    let settings = of_variables(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4318/otlp/"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://metrics:4318/"),
    ]);
    assert_eq!(url(&settings), "http://all:4318/otlp/v1/traces");
    assert_eq!(settings.metrics.unwrap().0.url, "http://metrics:4318/");
    assert_eq!(settings.logs.unwrap().url, "http://all:4318/otlp/v1/logs");
}

#[test]
fn the_port_says_the_protocol_unless_it_is_said() {
    let cases = [
        (&[("OTLP_ENDPOINT", "http://otel-collector:4317")][..], "grpc http://otel-collector:4317"),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317/x")], "grpc http://localhost:4317"),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318")], "http://a:4318/v1/traces"),
        (
            &[("OTLP_ENDPOINT", "http://a:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")],
            "http://a:4317/v1/traces",
        ),
        (
            &[("OTLP_ENDPOINT", "https://a/b"), ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc")],
            "grpc https://a",
        ),
    ];
    for (variables, expected) in cases {
        assert_eq!(url(&of_variables(variables)), expected);
    }
}

#[test]
fn the_environments_of_the_seeds_do_what_they_say() {
    let s1 = of_variables(&[
        ("OTLP_ENDPOINT", "http://otel-collector:4317"),
        ("JAEGER_ENDPOINT", "jaeger:6831"),
    ]);
    assert_eq!(url(&s1), "grpc http://otel-collector:4317");
    let s3 = of_variables(&[
        ("OTEL_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317"),
        ("PROMETHEUS_ENDPOINT", "0.0.0.0:9464"),
    ]);
    assert_eq!(url(&s3), "grpc http://localhost:4317");
    assert_eq!(s3.listener, "0.0.0.0:9464".parse().ok());
    let refly = of_variables(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:34318")]);
    assert_eq!(refly.metrics.unwrap().0.url, "http://localhost:34318/v1/metrics");
}

#[test]
fn the_agent_of_jaeger_is_replaced_with_one_warning() {
    let (settings, problems) = decide(|code| code, &[("JAEGER_ENDPOINT", "jaeger:6831")], "");
    assert_eq!(url(&settings), "jaeger http://jaeger:14268/api/traces");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains(" or JAEGER_ENDPOINT: port 6831"), "{problems:?}");
    assert!(problems[0].contains("http://jaeger:14268/api/traces"));
}

#[test]
fn without_otlp_only_spans_leave_by_themselves() {
    let (settings, _) = decide(|code| code, &[], "tracing: {exporter: jaeger}");
    assert!(settings.metrics.is_none() && settings.logs.is_none());
    let (settings, _) =
        decide(|code| code.otlp_endpoint("http://a"), &[], "tracing: {exporter: jaeger}");
    assert!(settings.metrics.is_some() && settings.logs.is_some());
    let (settings, _) =
        decide(|code| code.metrics_push_enabled(true), &[], "tracing: {exporter: none}");
    assert_eq!(settings.metrics.unwrap().0.url, "http://localhost:4318/v1/metrics");
}

#[test]
fn headers_are_joined_by_name() {
    let code = |code: Configuration| code.otlp_header("X-Code", "1").otlp_header("shared", "code");
    let variables = [
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-env=2,shared=env"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-env=3"),
    ];
    let file = "otlp: {headers: {x-file: 4, shared: file}}";
    let (settings, problems) = decide(code, &variables, file);
    assert_eq!(problems, Vec::<String>::new());
    let Some(SpanTarget::Otlp(target)) = &settings.spans else { panic!("{settings:?}") };
    let mut headers: Vec<_> =
        target.headers.iter().map(|(name, value)| format!("{name}={}", value.0)).collect();
    headers.sort_unstable();
    assert_eq!(headers, ["shared=code", "x-code=1", "x-env=3", "x-file=4"]);
    assert!(!format!("{settings:?}").contains("\"code\""));
}

#[test]
fn the_exposition_starts_only_when_it_is_asked_for() {
    let listener = |variables: &[(&str, &str)], file: &str| {
        decide(|code| code, variables, file).0.listener.map(|address| address.to_string())
    };
    assert_eq!(listener(&[], "metrics: {enabled: true}"), None);
    assert_eq!(listener(&[], "metrics: {prometheus_port: 0}"), None);
    assert_eq!(
        listener(&[], "metrics: {prometheus_port: 9090, prometheus_host: '*'}").as_deref(),
        Some("0.0.0.0:9090")
    );
    assert_eq!(listener(&[("OTEL_EXPORTER_PROMETHEUS_HOST", "0.0.0.0")], ""), None);
    assert_eq!(
        listener(&[("OTEL_METRICS_EXPORTER", "prometheus")], "").as_deref(),
        Some("127.0.0.1:9464")
    );
    let both = [
        ("OTEL_METRICS_EXPORTER", "prometheus,otlp"),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "1"),
        ("OTEL_EXPORTER_PROMETHEUS_HOST", "0.0.0.0"),
    ];
    assert_eq!(listener(&both, "").as_deref(), Some("0.0.0.0:1"));
    assert_eq!(
        listener(&[("OTEL_METRICS_EXPORTER", "none")], "metrics: {prometheus_port: 1}"),
        None
    );
}

#[test]
fn a_disabled_sdk_still_writes_lines() {
    let settings = of_variables(&[("OTEL_SDK_DISABLED", "TRUE"), ("PROMETHEUS_ENDPOINT", ":1")]);
    assert!(settings.spans.is_none() && settings.metrics.is_none() && settings.logs.is_none());
    assert!(settings.listener.is_none() && !settings.tracing_enabled && !settings.metrics_enabled);
    assert_ne!(settings.log_format, LogFormat::Off);
}

#[test]
fn the_file_is_found_by_code_then_by_either_variable() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("service: {{name: {name}}}")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (ours, alex, code) = (file("ours"), file("alex"), file("code"));
    let name = |configuration: Configuration, has_ours: bool| {
        let environment = |name: &str| match name {
            "GLASSHOUSE_OBSERVABILITY_CONFIG" if has_ours => Some(ours.clone()),
            "ALEX_OBSERVABILITY_CONFIG" => Some(alex.clone()),
            _ => None,
        };
        configuration.resolve(&environment).0.service_name
    };
    assert_eq!(name(configure(), false), "alex");
    assert_eq!(name(configure(), true), "ours");
    assert_eq!(name(configure().config_file(code.clone()), true), "code");
}

#[test]
fn a_certificate_in_a_file_is_relative_to_it() {
    let file = "otlp: {certificate: roots.pem}";
    let certificate = decide(|code| code, &[], file).0.logs.unwrap().certificate.unwrap();
    assert!(certificate.is_absolute() && certificate.ends_with("roots.pem"), "{certificate:?}");
}

#[test]
fn a_profile_of_ones_own_is_used_alone_unless_others_are_named() {
    let names = |file: &str| decide(|code| code, &[], file).0.naming_profiles.join("+");
    assert_eq!(names("naming_profile_file: mine.yaml"), "");
    assert_eq!(names("{naming_profile_file: mine.yaml, naming_profile: otel}"), "otel");
    assert_eq!(names("service: {name: x}"), "otel");
}

#[test]
fn nothing_that_may_be_a_secret_is_in_a_debug_text() {
    let code = configure()
        .otlp_endpoint("http://a.test/x?key=hunter2")
        .otlp_header("authorization", "hunter2")
        .zipkin_endpoint("http://a.test/x?key=hunter2");
    assert!(!format!("{code:?}").contains("hunter2"));
    let (settings, _) = code.resolve(&|_| None);
    assert!(!format!("{settings:?}").contains("hunter2"));
}
