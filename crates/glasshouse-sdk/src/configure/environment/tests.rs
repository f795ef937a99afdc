//! Tests of the environment: every variable does something, every mistake is named.

use super::*;

fn read_pairs(pairs: &[(&str, &str)]) -> (Choices, Vec<String>) {
    let get = |name: &str| {
        pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    let mut problems = Vec::new();
    let choices = read(&get, &mut problems);
    (choices, problems.iter().map(ToString::to_string).collect())
}

#[test]
fn every_variable_is_consumed() {
    let values = [
        "true",
        "otlp",
        "grpc",
        "info",
        "a=b",
        "9464",
        "http://localhost:4317",
        "0.0.0.0:9464",
        "localhost",
        "5000",
    ];
    for variable in variables() {
        if variable.name == "OTEL_SEMCONV_STABILITY_OPT_IN" {
            continue;
        }
        let is_consumed = values.iter().any(|value| {
            let (choices, problems) = read_pairs(&[(variable.name, value)]);
            problems.is_empty() && format!("{choices:?}") != format!("{:?}", Choices::default())
        });
        assert!(is_consumed, "{}", variable.name);
    }
}

#[test]
fn a_value_that_does_not_fit_is_named_with_what_does() {
    let cases: [(&str, &str, &str); 18] = [
        ("OTEL_SDK_DISABLED", "perhaps", "true, false"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a", "key=value"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://x", "http or https"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://", "http or https"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "grpc, http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon", "milliseconds"),
        ("OTEL_TRACES_EXPORTER", "console", "otlp, zipkin, jaeger, none"),
        ("OTEL_EXPORTER", "stdout", "otlp, zipkin, jaeger, none"),
        ("OTEL_METRICS_EXPORTER", "otlp,statsd", "prometheus"),
        ("OTEL_LOGS_EXPORTER", "file", "otlp, console, none"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote", "parentbased_traceidratio"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0", "milliseconds from 100"),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "x", "65535"),
        ("PROMETHEUS_ENDPOINT", "9464", "host:port"),
        ("JAEGER_ENDPOINT", "http://", "http or https"),
        ("ALEX_LOG_LEVEL", "loud", "debug"),
        ("RUST_LOG", "a=loud", "debug"),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "some", "span_only"),
    ];
    for (name, value, allowed) in cases {
        let (_, problems) = read_pairs(&[(name, value)]);
        assert_eq!(problems.len(), 1, "{name}: {problems:?}");
        for part in [name, value, allowed] {
            assert!(problems[0].contains(part), "{problems:?} lacks {part}");
        }
    }
}

#[test]
fn headers_are_never_told() {
    for value in ["authorization=hunter2%0a", "hunter2", "a b=hunter2", "authorization=hunter2"] {
        let (choices, problems) = read_pairs(&[("OTEL_EXPORTER_OTLP_HEADERS", value)]);
        assert!(!format!("{choices:?} {problems:?}").contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn empty_is_unset() {
    for variable in variables() {
        let (choices, problems) = read_pairs(&[(variable.name, " ")]);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(format!("{choices:?}"), format!("{:?}", Choices::default()));
    }
}

#[test]
fn samplers_are_those_of_opentelemetry() {
    let cases = [
        (&["always_on"][..], 1.0, false),
        (&["always_off"], 0.0, false),
        (&["traceidratio", "0.25"], 0.25, false),
        (&["parentbased_always_on", "0.25"], 1.0, true),
        (&["parentbased_always_off"], 0.0, true),
        (&["parentbased_traceidratio", "0.25"], 0.25, true),
        (&["parentbased_traceidratio"], 1.0, true),
        (&["parentbased_traceidratio", "2"], 1.0, true),
    ];
    for (values, ratio, is_parent_based) in cases {
        let pairs: Vec<_> = SAMPLER_VARIABLES.into_iter().zip(values.iter().copied()).collect();
        let (choices, problems) = read_pairs(&pairs);
        assert_eq!(choices.sampling, Some(Sampling { ratio, is_parent_based }), "{values:?}");
        assert_eq!(problems.len(), usize::from(values.contains(&"2")), "{problems:?}");
    }
    assert_eq!(read_pairs(&[("OTEL_TRACES_SAMPLER_ARG", "0.5")]).0.sampling, None);
}

#[test]
fn of_two_variables_for_one_thing_the_standard_one_counts() {
    let level = |pairs: &[(&str, &str)]| {
        read_pairs(pairs).0.log_level.and_then(|targets| targets.default_level()).unwrap()
    };
    let (alex, otel, rust) =
        (("ALEX_LOG_LEVEL", "error"), ("OTEL_LOG_LEVEL", "warn"), ("RUST_LOG", "debug"));
    assert_eq!(level(&[alex]).to_string(), "error");
    assert_eq!(level(&[alex, otel]).to_string(), "warn");
    assert_eq!(level(&[alex, otel, rust]).to_string(), "debug");
    assert_eq!(level(&[alex, otel, ("RUST_LOG", "a=b=c")]).to_string(), "warn");

    let (choices, _) = read_pairs(&[("OTEL_EXPORTER", "zipkin"), ("OTEL_TRACES_EXPORTER", "none")]);
    assert_eq!(choices.tracing_exporter, Some(super::super::Exporter::None));
    let endpoints = [("OTLP_ENDPOINT", "http://a"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://b")];
    assert_eq!(read_pairs(&endpoints).0.otlp.endpoint, Some(Endpoint::Base("http://b".into())));

    let ours = [("PROMETHEUS_ENDPOINT", "0.0.0.0:1"), ("OTEL_EXPORTER_PROMETHEUS_PORT", "2")];
    let (choices, _) = read_pairs(&ours);
    assert_eq!(choices.metrics_port, Some(Port::On(2)));
}

#[test]
fn only_true_disables_as_opentelemetry_has_it() {
    for (text, disabled, problem) in [
        ("true", Some(true), 0),
        ("TRUE", Some(true), 0),
        ("false", Some(false), 0),
        ("1", None, 1),
    ] {
        let (choices, problems) = read_pairs(&[("OTEL_SDK_DISABLED", text)]);
        assert_eq!((choices.disabled, problems.len()), (disabled, problem), "{text}");
    }
}

#[test]
fn metrics_that_are_exported_nowhere_are_not_served_either() {
    let port = |exporters: &str| {
        let pairs = [("OTEL_METRICS_EXPORTER", exporters), ("OTEL_EXPORTER_PROMETHEUS_PORT", "1")];
        read_pairs(&pairs).0.metrics_port
    };
    assert_eq!(port("none"), Some(Port::Off));
    assert_eq!(port("otlp"), Some(Port::On(1)));
    assert_eq!(port("prometheus"), Some(Port::On(1)));
}

#[test]
fn keys_of_attributes_are_decoded_too() {
    let (choices, _) = read_pairs(&[("OTEL_RESOURCE_ATTRIBUTES", "a%2Cb=c%3Dd")]);
    assert_eq!(choices.resource_attributes, [("a,b".to_owned(), "c=d".to_owned())]);
}

#[test]
fn what_is_not_supported_is_told_when_it_would_change_something() {
    for (name, value, told) in [
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", true),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none", false),
        ("OTEL_PROPAGATORS", "b3", true),
        ("OTEL_PROPAGATORS", "tracecontext, baggage", false),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem", true),
    ] {
        let (_, problems) = read_pairs(&[(name, value)]);
        assert_eq!(problems.len(), usize::from(told), "{name}={value}");
        assert!(!problems.iter().any(|problem| problem.contains("key.pem")));
    }
}
