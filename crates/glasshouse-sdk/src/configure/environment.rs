//! Environment variables: OpenTelemetry's, those of the systems with a naming profile, and two of
//! our own. An empty variable counts as unset, as in OpenTelemetry.

use std::path::PathBuf;

use super::choices::{Choices, Port};
use super::keys::{BOOLEAN, EXPORTER, HOST, LEVEL, PATH, PROTOCOL, RATIO, TEXT, URL};
use super::problem::Problem;
use super::value::{self, Endpoint};
use super::{DEFAULT_PROMETHEUS_PORT, Sampling, bounds};

/// Reads a variable.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A supported variable.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    allowed: &'static str,
    is_secret: bool,
    take: fn(&mut Choices, &str) -> Option<()>,
}

const fn variable(
    name: &'static str,
    allowed: &'static str,
    take: fn(&mut Choices, &str) -> Option<()>,
) -> Variable {
    Variable { name, allowed, is_secret: false, take }
}

const PAIRS: &str = "key=value,key=value with values percent-encoded";
const CAPTURE: &str = "true, false, no_content, span_only, event_only, span_and_event";
const BIND: &str = "host:port with an IP address, such as 0.0.0.0:9464";
const SAMPLER: &str = "always_on, always_off, traceidratio, parentbased_always_on, \
                       parentbased_always_off, parentbased_traceidratio";

/// Variables with the path of the file; the first one set wins.
pub(crate) const FILE_VARIABLES: [&str; 2] =
    ["GLASSHOUSE_OBSERVABILITY_CONFIG", "ALEX_OBSERVABILITY_CONFIG"];

/// Variables of the sampler, which are read together.
pub(crate) const SAMPLER_VARIABLES: [&str; 2] = ["OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"];

macro_rules! otlp {
    ($part:literal, $field:ident, $endpoint:expr) => {
        [
            variable(concat!("OTEL_EXPORTER_OTLP_", $part, "ENDPOINT"), URL, |c, v| {
                let endpoint: fn(&str) -> Option<Endpoint> = $endpoint;
                c.$field.endpoint = Some(endpoint(v)?);
                Some(())
            }),
            variable(concat!("OTEL_EXPORTER_OTLP_", $part, "PROTOCOL"), PROTOCOL, |c, v| {
                c.$field.protocol = Some(value::protocol(v)?);
                Some(())
            }),
            Variable {
                name: concat!("OTEL_EXPORTER_OTLP_", $part, "HEADERS"),
                allowed: PAIRS,
                is_secret: true,
                take: |c, v| {
                    c.$field.headers = value::headers(value::pairs(v)?)?;
                    Some(())
                },
            },
            variable(concat!("OTEL_EXPORTER_OTLP_", $part, "TIMEOUT"), bounds::TIMEOUT, |c, v| {
                c.$field.timeout = Some(bounds::timeout(v)?);
                Some(())
            }),
            variable(concat!("OTEL_EXPORTER_OTLP_", $part, "CERTIFICATE"), PATH, |c, v| {
                c.$field.certificate = Some(PathBuf::from(v));
                Some(())
            }),
        ]
    };
}

/// OTLP variables for all signals and for each.
static OTLP: [[Variable; 5]; 4] = [
    otlp!("", otlp, value::base),
    otlp!("TRACES_", otlp_traces, value::exact),
    otlp!("METRICS_", otlp_metrics, value::exact),
    otlp!("LOGS_", otlp_logs, value::exact),
];

/// Other variables. The later of two for the same setting wins.
static OTHERS: [Variable; 21] = [
    // OpenTelemetry allows no other values for booleans.
    variable("OTEL_SDK_DISABLED", BOOLEAN, |c, v| {
        c.disabled = Some(v.to_ascii_lowercase().parse().ok()?);
        Some(())
    }),
    variable("OTEL_SERVICE_NAME", TEXT, |c, v| {
        c.service_name = Some(v.to_owned());
        Some(())
    }),
    variable("OTEL_RESOURCE_ATTRIBUTES", PAIRS, |c, v| {
        c.resource_attributes.extend(value::pairs(v)?);
        Some(())
    }),
    variable("GLASSHOUSE_NAMING_PROFILE", "names of naming profiles, divided by commas", |c, v| {
        let names = value::names(v);
        (!names.is_empty()).then(|| c.naming_profiles = Some(names))
    }),
    // This crate always sends what it opts into.
    variable("OTEL_SEMCONV_STABILITY_OPT_IN", TEXT, |_, _| Some(())),
    variable("OTLP_ENDPOINT", URL, |c, v| {
        let endpoint = value::base(v)?;
        c.otlp.endpoint.get_or_insert(endpoint);
        Some(())
    }),
    variable("OTEL_EXPORTER", EXPORTER, |c, v| {
        c.tracing_exporter = Some(value::exporter(v)?);
        Some(())
    }),
    variable("OTEL_TRACES_EXPORTER", EXPORTER, |c, v| {
        c.tracing_exporter = Some(value::exporter(v)?);
        Some(())
    }),
    variable("JAEGER_ENDPOINT", URL, jaeger),
    variable("OTEL_EXPORTER_JAEGER_ENDPOINT", URL, jaeger),
    variable("OTEL_EXPORTER_ZIPKIN_ENDPOINT", URL, |c, v| {
        c.zipkin_endpoint = Some(value::zipkin(v)?);
        Some(())
    }),
    variable("PROMETHEUS_ENDPOINT", BIND, |c, v| {
        let address = value::bind_address(v)?;
        c.metrics_host = Some(address.ip());
        c.metrics_port = Some(Port::On(address.port()));
        Some(())
    }),
    variable("OTEL_EXPORTER_PROMETHEUS_HOST", HOST, |c, v| {
        c.metrics_host = Some(value::host(v)?);
        Some(())
    }),
    variable("OTEL_EXPORTER_PROMETHEUS_PORT", "a port from 0 to 65535", |c, v| {
        c.metrics_port = Some(Port::On(v.parse().ok()?));
        Some(())
    }),
    // After the ports, because it may disable them.
    variable("OTEL_METRICS_EXPORTER", "a list of otlp, prometheus, none", metrics_exporters),
    variable("OTEL_METRIC_EXPORT_INTERVAL", bounds::INTERVAL, |c, v| {
        c.metric_interval = Some(bounds::interval(v)?);
        Some(())
    }),
    variable("OTEL_LOGS_EXPORTER", "otlp, console, none", |c, v| {
        c.logs_export_enabled = Some(logs_exporter(v)?);
        Some(())
    }),
    variable("ALEX_LOG_LEVEL", LEVEL, log_level),
    variable("OTEL_LOG_LEVEL", LEVEL, log_level),
    variable("RUST_LOG", LEVEL, |c, v| {
        c.log_level = Some(value::level(v, true)?);
        Some(())
    }),
    variable("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", CAPTURE, |c, v| {
        c.capture_content = Some(captures_content(v)?);
        Some(())
    }),
];

/// Unsupported OpenTelemetry variables, with the values that request the default behaviour. Any
/// other value causes a warning.
const UNSUPPORTED: [(&str, &[&str]); 9] = [
    ("OTEL_EXPORTER_OTLP_COMPRESSION", &["none"]),
    ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", &["none"]),
    ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", &["none"]),
    ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", &["none"]),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &[]),
    ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &[]),
    ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", &["cumulative"]),
    ("OTEL_PROPAGATORS", &["tracecontext,baggage", "baggage,tracecontext"]),
    ("OTEL_CONFIG_FILE", &[]),
];

/// All variables in the tables.
pub(crate) fn variables() -> impl Iterator<Item = &'static Variable> {
    // OpenTelemetry's general endpoint precedes the one of a naming profile's system, a fallback.
    OTLP.iter().flatten().chain(&OTHERS)
}

/// Reads all variables. Invalid values are reported and ignored.
pub(crate) fn read(environment: Environment<'_>, problems: &mut Vec<Problem>) -> Choices {
    let mut choices = Choices::default();
    let get = |name: &str| {
        environment(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    for variable in variables() {
        let Some(value) = get(variable.name) else { continue };
        if (variable.take)(&mut choices, &value).is_none() {
            problems.push(if variable.is_secret {
                Problem::kind(variable.name, "the value", variable.allowed)
            } else {
                Problem::value(variable.name, &value, variable.allowed)
            });
        }
    }
    for (name, done_anyway) in UNSUPPORTED {
        let is_asked = |value: &String| {
            let value = value.to_ascii_lowercase().replace(' ', "");
            !done_anyway.contains(&value.as_str())
        };
        if get(name).is_some_and(|value| is_asked(&value)) {
            problems.push(Problem::new(name, "is not supported here and is ignored"));
        }
    }
    let [sampler, argument] = SAMPLER_VARIABLES;
    if let Some(name) = get(sampler) {
        let ratio = get(argument).map(|text| (value::ratio(&text), text));
        if let Some((None, text)) = &ratio {
            problems.push(Problem::value(argument, text, RATIO));
        }
        let ratio = ratio.and_then(|(ratio, _)| ratio).unwrap_or(1.0);
        choices.sampling = sampling(&name, ratio);
        if choices.sampling.is_none() {
            problems.push(Problem::value(sampler, &name, SAMPLER));
        }
    }
    choices
}

/// The path of the file from the environment.
pub(crate) fn file(environment: Environment<'_>) -> Option<PathBuf> {
    FILE_VARIABLES
        .iter()
        .find_map(|name| environment(name).filter(|path| !path.trim().is_empty()))
        .map(PathBuf::from)
}

fn sampling(name: &str, argument: f64) -> Option<Sampling> {
    let (name, is_parent_based) = match name.strip_prefix("parentbased_") {
        Some(rest) => (rest, true),
        None => (name, false),
    };
    let ratio = match name {
        "always_on" => 1.0,
        "always_off" => 0.0,
        "traceidratio" => argument,
        _ => return None,
    };
    Some(Sampling { ratio, is_parent_based })
}

fn jaeger(choices: &mut Choices, text: &str) -> Option<()> {
    choices.jaeger_endpoint = Some(value::jaeger(text)?);
    Some(())
}

fn log_level(choices: &mut Choices, text: &str) -> Option<()> {
    choices.log_level = Some(value::level(text, false)?);
    Some(())
}

fn metrics_exporters(choices: &mut Choices, text: &str) -> Option<()> {
    let names = value::names(text);
    if names.iter().any(|name| !matches!(name.as_str(), "otlp" | "prometheus" | "none")) {
        return None;
    }
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    choices.metrics_push_enabled = Some(has("otlp"));
    if has("prometheus") {
        choices.metrics_port.get_or_insert(Port::On(DEFAULT_PROMETHEUS_PORT));
    } else if has("none") && !has("otlp") {
        choices.metrics_port = Some(Port::Off);
    }
    Some(())
}

fn logs_exporter(text: &str) -> Option<bool> {
    let names = value::names(text);
    let is_known = |name: &String| matches!(name.as_str(), "otlp" | "console" | "none");
    names.iter().all(is_known).then(|| names.iter().any(|name| name == "otlp"))
}

fn captures_content(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "span_only" | "event_only" | "span_and_event" => Some(true),
        "no_content" => Some(false),
        text => value::boolean(text),
    }
}

#[cfg(test)]
mod tests;
