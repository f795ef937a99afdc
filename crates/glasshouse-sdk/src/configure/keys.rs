//! The keys of the file, below `observability:`. Every key has an effect.

use std::path::PathBuf;

use super::choices::{Choices, Port};
use super::file::paths;
use super::value;
use super::{Sampling, bounds};

/// One key.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    /// Sections and name, separated by dots.
    pub(crate) path: &'static str,
    /// Description of the allowed values.
    pub(crate) allowed: &'static str,
    /// Stores the value; `None` if it is invalid.
    pub(crate) take: Take,
    /// Whether its values must not be shown.
    pub(crate) is_secret: bool,
    /// Whether it is an alias of another key, with lower precedence.
    pub(crate) is_alias: bool,
}

type TakePairs = fn(&mut Choices, Vec<(String, String)>) -> Option<()>;

/// The type of a key's value.
#[derive(Clone, Copy)]
pub(crate) enum Take {
    /// A string, number or boolean.
    Text(fn(&mut Choices, &str) -> Option<()>),
    /// A list, or comma-separated names.
    List(fn(&mut Choices, Vec<String>) -> Option<()>),
    /// Names with values.
    Map(TakePairs),
}

const fn text(
    path: &'static str,
    allowed: &'static str,
    take: fn(&mut Choices, &str) -> Option<()>,
) -> Key {
    Key { path, allowed, take: Take::Text(take), is_secret: false, is_alias: false }
}

const fn alias(path: &'static str, take: fn(&mut Choices, &str) -> Option<()>) -> Key {
    Key { path, allowed: TEXT, take: Take::Text(take), is_secret: false, is_alias: true }
}

const fn list(
    path: &'static str,
    allowed: &'static str,
    take: fn(&mut Choices, Vec<String>) -> Option<()>,
) -> Key {
    Key { path, allowed, take: Take::List(take), is_secret: false, is_alias: false }
}

const fn map(path: &'static str, allowed: &'static str, is_secret: bool, take: TakePairs) -> Key {
    Key { path, allowed, take: Take::Map(take), is_secret, is_alias: false }
}

pub(crate) const TEXT: &str = "text";
pub(crate) const PATH: &str = "the path of a file";
pub(crate) const BOOLEAN: &str = "true, false";
pub(crate) const URL: &str =
    "a URL such as http://localhost:4318, with http or https and without user name and password";
pub(crate) const LEVEL: &str =
    "off, error, warn, info, debug, trace, or directives such as info,my_crate=debug";
pub(crate) const FORMAT: &str = "json, text, off";
pub(crate) const EXPORTER: &str = "otlp, zipkin, jaeger, none";
pub(crate) const PROTOCOL: &str = "grpc, http/protobuf";
pub(crate) const RATIO: &str = "a number from 0.0 to 1.0";
pub(crate) const HEADERS: &str = "header names with their values";
pub(crate) const PORT: &str = "a port from 1 to 65535, or off (0)";
pub(crate) const HOST: &str = "an IP address, localhost, or * for every interface";

/// All keys, in the order of the example file.
pub(crate) const KEYS: &[Key] = &[
    text("service.name", TEXT, |c, v| put(&mut c.service_name, v.to_owned())),
    text("service.version", TEXT, |c, v| put(&mut c.service_version, v.to_owned())),
    text("service.namespace", TEXT, |c, v| put(&mut c.service_namespace, v.to_owned())),
    text("service.environment", TEXT, |c, v| put(&mut c.environment, v.to_owned())),
    map("service.attributes", "names with values", false, |c, v| {
        c.resource_attributes.extend(v);
        Some(())
    }),
    alias("service_name", |c, v| put_alias(&mut c.service_name, v)),
    alias("service_version", |c, v| put_alias(&mut c.service_version, v)),
    alias("environment", |c, v| put_alias(&mut c.environment, v)),
    alias("tracing.service_name", |c, v| put_alias(&mut c.service_name, v)),
    alias("tracing.service_version", |c, v| put_alias(&mut c.service_version, v)),
    alias("tracing.environment", |c, v| put_alias(&mut c.environment, v)),
    text("logging.level", LEVEL, |c, v| put(&mut c.log_level, value::level(v, false)?)),
    text("logging.format", FORMAT, |c, v| put(&mut c.log_format, value::log_format(v)?)),
    text("logging.export_enabled", BOOLEAN, |c, v| {
        put(&mut c.logs_export_enabled, value::boolean(v)?)
    }),
    text("logging.otlp_endpoint", URL, |c, v| put(&mut c.otlp_logs.endpoint, value::exact(v)?)),
    text("metrics.enabled", BOOLEAN, |c, v| put(&mut c.metrics_enabled, value::boolean(v)?)),
    text("metrics.prometheus_port", PORT, |c, v| put(&mut c.metrics_port, port(v)?)),
    text("metrics.prometheus_host", HOST, |c, v| put(&mut c.metrics_host, value::host(v)?)),
    text("metrics.push_enabled", BOOLEAN, |c, v| {
        put(&mut c.metrics_push_enabled, value::boolean(v)?)
    }),
    text("metrics.otlp_endpoint", URL, |c, v| put(&mut c.otlp_metrics.endpoint, value::exact(v)?)),
    text("metrics.interval_ms", bounds::INTERVAL, |c, v| {
        put(&mut c.metric_interval, bounds::interval(v)?)
    }),
    text("metrics.series_limit", bounds::SERIES, |c, v| {
        put(&mut c.series_limit, bounds::series(v)?)
    }),
    text("metrics.budgets_by_session", BOOLEAN, |c, v| {
        put(&mut c.budgets_by_session, value::boolean(v)?)
    }),
    text("tracing.enabled", BOOLEAN, |c, v| put(&mut c.tracing_enabled, value::boolean(v)?)),
    text("tracing.exporter", EXPORTER, |c, v| put(&mut c.tracing_exporter, value::exporter(v)?)),
    // The emulated systems push all signals to this address, so metrics and logs use it, too.
    text("tracing.otlp_endpoint", URL, |c, v| {
        let endpoint = value::base(v)?;
        c.otlp.endpoint.get_or_insert(endpoint.clone());
        put(&mut c.otlp_traces.endpoint, endpoint)
    }),
    text("tracing.zipkin_endpoint", URL, |c, v| put(&mut c.zipkin_endpoint, value::zipkin(v)?)),
    text("tracing.jaeger_endpoint", URL, |c, v| put(&mut c.jaeger_endpoint, value::jaeger(v)?)),
    text("tracing.sample_rate", RATIO, |c, v| {
        put(&mut c.sampling, Sampling { ratio: value::ratio(v)?, is_parent_based: true })
    }),
    text("otlp.endpoint", URL, |c, v| put(&mut c.otlp.endpoint, value::base(v)?)),
    text("otlp.protocol", PROTOCOL, |c, v| put(&mut c.otlp.protocol, value::protocol(v)?)),
    map("otlp.headers", HEADERS, true, |c, v| {
        c.otlp.headers = value::headers(v)?;
        Some(())
    }),
    text("otlp.certificate", PATH, |c, v| put(&mut c.otlp.certificate, PathBuf::from(v))),
    text("otlp.timeout_ms", bounds::TIMEOUT, |c, v| put(&mut c.otlp.timeout, bounds::timeout(v)?)),
    list("naming_profile", "one or several names of naming profiles", |c, v| {
        (!v.is_empty()).then(|| c.naming_profiles = Some(v))
    }),
    list("naming_profile_file", "one or several paths", |c, v| {
        (!v.is_empty()).then(|| c.naming_profile_files = Some(paths(v)))
    }),
    list("price_file", "one or several paths", |c, v| {
        (!v.is_empty()).then(|| c.price_files = Some(paths(v)))
    }),
    text("content.capture", BOOLEAN, |c, v| put(&mut c.capture_content, value::boolean(v)?)),
    text("content.bytes_max", bounds::CONTENT, |c, v| {
        put(&mut c.content_bytes_max, bounds::content(v)?)
    }),
];

#[expect(clippy::unnecessary_wraps, reason = "the last expression of every entry of the table")]
fn put<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    *slot = Some(value);
    Some(())
}

#[expect(clippy::unnecessary_wraps, reason = "the last expression of every entry of the table")]
fn put_alias(slot: &mut Option<String>, value: &str) -> Option<()> {
    slot.get_or_insert_with(|| value.to_owned());
    Some(())
}

fn port(text: &str) -> Option<Port> {
    if text.eq_ignore_ascii_case("off") {
        return Some(Port::Off);
    }
    match text.parse().ok()? {
        0 => Some(Port::Off),
        number => Some(Port::On(number)),
    }
}
