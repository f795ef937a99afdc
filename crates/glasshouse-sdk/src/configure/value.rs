//! Parses values from files and variables. `None` means invalid.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::Exporter;
use crate::export::{Protocol, Secret};
use crate::log::LogFormat;

/// Verbose libraries used by the SDK; suppressed unless a directive names them.
const NOISY: [&str; 9] = [
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "opentelemetry_sdk",
    "reqwest",
    "rustls",
    "tonic",
    "tower",
];

/// Port of Jaeger's collector for Thrift over HTTP.
const JAEGER_PORT: u16 = 14268;

/// Jaeger ports that do not accept Thrift over HTTP: agent (UDP) and gRPC.
const JAEGER_OTHER_PORTS: [u16; 4] = [5775, 6831, 6832, 14250];

/// An OTLP endpoint: over HTTP, a base gets the path of the signal; an exact one is unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// For all signals.
    Base(String),
    /// For one signal.
    Exact(String),
}

/// Jaeger's endpoint, and the port that it replaces if that does not accept Thrift over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JaegerEndpoint {
    pub(crate) url: String,
    pub(crate) replaced_port: Option<u16>,
}

/// `true` and `false`, and the booleans of YAML 1.1.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(&["true", "yes", "on", "1"]) {
        Some(true)
    } else if is(&["false", "no", "off", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// A number from 0 to 1.
pub(crate) fn ratio(text: &str) -> Option<f64> {
    text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
}

/// An integer within bounds.
pub(crate) fn count(text: &str, least: usize, most: usize) -> Option<usize> {
    text.parse().ok().filter(|count| (least..=most).contains(count))
}

/// Milliseconds within bounds.
pub(crate) fn milliseconds(text: &str, least: u64, most: u64) -> Option<Duration> {
    let number: u64 = text.parse().ok()?;
    (least..=most).contains(&number).then(|| Duration::from_millis(number))
}

/// Comma-separated names.
pub(crate) fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// `key=value,key=value`, both percent-encoded, as in `OTEL_RESOURCE_ATTRIBUTES`.
pub(crate) fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    text.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let key = percent_decoded(key.trim()).filter(|key| !key.is_empty())?;
            Some((key, percent_decoded(value.trim())?))
        })
        .collect()
}

/// Decodes percent-encoding; the result must be valid UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Valid HTTP headers; names are converted to lower case, as gRPC requires.
pub(crate) fn headers(pairs: Vec<(String, String)>) -> Option<Vec<(String, Secret)>> {
    pairs
        .into_iter()
        .map(|(name, value)| {
            let name = http::HeaderName::from_bytes(name.as_bytes()).ok()?;
            http::HeaderValue::from_str(&value).ok()?;
            Some((name.as_str().to_owned(), Secret(value)))
        })
        .collect()
}

/// A URL with `http` (the default scheme) or `https`, without credentials.
pub(crate) fn url(text: &str) -> Option<String> {
    whole_url(text).map(|url| url.trim_end_matches('/').to_owned())
}

/// An endpoint for one signal, unchanged.
pub(crate) fn exact(text: &str) -> Option<Endpoint> {
    whole_url(text).map(Endpoint::Exact)
}

fn whole_url(text: &str) -> Option<String> {
    const LENGTH_MAX: usize = 2048;
    if text.len() > LENGTH_MAX {
        return None;
    }
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let uri: http::Uri = whole.parse().ok()?;
    let authority = uri.authority()?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let fits = is_http && !authority.host().is_empty() && !authority.as_str().contains('@');
    // `host:99999` has an authority but no port.
    let has_bad_port = authority.port().is_none()
        && authority.as_str().rsplit(']').next().is_some_and(|tail| tail.contains(':'));
    (fits && !has_bad_port).then_some(whole)
}

/// An endpoint for all signals; a trailing path of one signal is removed.
pub(crate) fn base(text: &str) -> Option<Endpoint> {
    let url = url(text)?;
    let base = ["/v1/traces", "/v1/metrics", "/v1/logs"]
        .iter()
        .find_map(|path| url.strip_suffix(path))
        .unwrap_or(&url);
    Some(Endpoint::Base(base.to_owned()))
}

/// Zipkin's endpoint; the usual path is the default.
pub(crate) fn zipkin(text: &str) -> Option<String> {
    url(text).map(|url| with_path(url, "/api/v2/spans"))
}

/// Jaeger's endpoint. An agent or gRPC address is replaced by that of Thrift over HTTP.
pub(crate) fn jaeger(text: &str) -> Option<JaegerEndpoint> {
    let url = url(text.strip_prefix("udp://").unwrap_or(text))?;
    let uri: http::Uri = url.parse().ok()?;
    let replaced_port = uri.port_u16().filter(|port| JAEGER_OTHER_PORTS.contains(port));
    let url = if replaced_port.is_some() {
        format!("http://{}:{JAEGER_PORT}/api/traces", uri.host()?)
    } else {
        with_path(url, "/api/traces")
    };
    Some(JaegerEndpoint { url, replaced_port })
}

fn with_path(url: String, path: &str) -> String {
    let has_path = url.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?']));
    if has_path { url } else { url + path }
}

/// The explicit port of a URL.
pub(crate) fn port_of(url: &str) -> Option<u16> {
    url.parse::<http::Uri>().ok()?.port_u16()
}

/// `grpc` or `http/protobuf`.
pub(crate) fn protocol(text: &str) -> Option<Protocol> {
    match text {
        "grpc" => Some(Protocol::Grpc),
        "http/protobuf" | "http" => Some(Protocol::HttpProtobuf),
        _ => None,
    }
}

/// `otlp`, `zipkin`, `jaeger` or `none`.
pub(crate) fn exporter(text: &str) -> Option<Exporter> {
    match text.to_ascii_lowercase().as_str() {
        "otlp" => Some(Exporter::Otlp),
        "zipkin" => Some(Exporter::Zipkin),
        "jaeger" => Some(Exporter::Jaeger),
        "none" => Some(Exporter::None),
        _ => None,
    }
}

/// `json`, `text` or `off`.
pub(crate) fn log_format(text: &str) -> Option<LogFormat> {
    match text.to_ascii_lowercase().as_str() {
        "json" => Some(LogFormat::Json),
        "text" => Some(LogFormat::Text),
        "off" | "none" => Some(LogFormat::Off),
        _ => None,
    }
}

/// A host: an IP address, `localhost`, or, for all interfaces, `*` or empty.
pub(crate) fn host(text: &str) -> Option<IpAddr> {
    match text {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        "" | "*" => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        _ => text.trim_start_matches('[').trim_end_matches(']').parse().ok(),
    }
}

/// `host:port`, or the URL of a metrics endpoint.
pub(crate) fn bind_address(text: &str) -> Option<SocketAddr> {
    let text = text.strip_prefix("http://").unwrap_or(text);
    let text = text.strip_suffix("/metrics").unwrap_or(text).trim_end_matches('/');
    let (name, port) = text.rsplit_once(':')?;
    Some(SocketAddr::new(host(name)?, port.parse().ok()?))
}

/// One level (`info`), or directives such as `info,my_crate=debug`.
///
/// With `is_rust_log`, a bare word may be a target, as in `RUST_LOG`.
pub(crate) fn level(text: &str, is_rust_log: bool) -> Option<Targets> {
    let mut directives = Vec::new();
    for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        let spelled = match directive.split_once('=') {
            Some((target, level)) => format!("{}={}", target.trim(), level_name(level.trim())?),
            None => match level_name(directive) {
                Some(level) => level.to_owned(),
                None if is_rust_log => directive.to_owned(),
                None => return None,
            },
        };
        directives.push(spelled);
    }
    let targets: Targets = directives.join(",").parse().ok().filter(|_| !directives.is_empty())?;
    Some(limit_noisy_targets(targets))
}

/// A level, including spellings of other languages.
fn level_name(text: &str) -> Option<&'static str> {
    const LEVELS: [(&str, &str); 11] = [
        ("off", "off"),
        ("none", "off"),
        ("error", "error"),
        ("fatal", "error"),
        ("critical", "error"),
        ("warn", "warn"),
        ("warning", "warn"),
        ("info", "info"),
        ("debug", "debug"),
        ("trace", "trace"),
        ("verbose", "trace"),
    ];
    LEVELS.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)).map(|(_, level)| *level)
}

/// Suppresses verbose libraries: `debug` would mostly show this crate's own requests.
fn limit_noisy_targets(targets: Targets) -> Targets {
    if targets.default_level().is_none_or(|level| level <= LevelFilter::INFO) {
        return targets;
    }
    let named: Vec<String> = targets.iter().map(|(target, _)| target.to_owned()).collect();
    NOISY.iter().fold(targets, |targets, noisy| {
        let is_named = named.iter().any(|name| name.split("::").next() == Some(noisy));
        if is_named { targets } else { targets.with_target(*noisy, LevelFilter::WARN) }
    })
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn addresses_are_made_whole_or_refused() {
        let good = [
            ("http://localhost:4318", "http://localhost:4318"),
            ("localhost:4318", "http://localhost:4318"),
            ("https://a.example/otlp/", "https://a.example/otlp"),
            ("http://[::1]:4318", "http://[::1]:4318"),
        ];
        for (text, whole) in good {
            assert_eq!(url(text).as_deref(), Some(whole), "{text}");
        }
        let long = format!("http://{}", "a".repeat(5000));
        let bad = ["", "ftp://a", "http://", "http://a b", "http://u:p@a", "a:99999", &long];
        for text in bad {
            assert_eq!(url(text), None, "{text}");
        }
    }

    #[test]
    fn jaegers_agent_becomes_thrift_over_http() {
        let jaeger = |text| jaeger(text).map(|it| (it.url, it.replaced_port));
        let http = || "http://jaeger:14268/api/traces".to_owned();
        assert_eq!(jaeger("jaeger:6831"), Some((http(), Some(6831))));
        assert_eq!(jaeger("udp://jaeger:6832"), Some((http(), Some(6832))));
        assert_eq!(jaeger("jaeger:14268"), Some((http(), None)));
        assert_eq!(jaeger("http://jaeger:14268/api/traces"), Some((http(), None)));
        assert_eq!(zipkin("z:9411").as_deref(), Some("http://z:9411/api/v2/spans"));
    }

    #[test]
    fn bind_addresses_take_the_spellings_of_the_wild() {
        for (text, address) in [
            ("0.0.0.0:9464", "0.0.0.0:9464"),
            (":9464", "0.0.0.0:9464"),
            ("localhost:9464", "127.0.0.1:9464"),
            ("[::1]:9464", "[::1]:9464"),
            ("http://0.0.0.0:9464/metrics", "0.0.0.0:9464"),
        ] {
            assert_eq!(bind_address(text), address.parse().ok(), "{text}");
        }
        for text in ["", "9464", "0.0.0.0", "host.example:9464", "0.0.0.0:70000"] {
            assert_eq!(bind_address(text), None, "{text}");
        }
    }

    #[test]
    fn lists_of_pairs_are_decoded() {
        let pairs = |text| pairs(text);
        let owned = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(pairs("a=1, b=x%20y%3D,"), Some(vec![owned("a", "1"), owned("b", "x y=")]));
        for text in ["a", "=1", "a=%4", "a=%zz", "a=%ff"] {
            assert_eq!(pairs(text), None, "{text}");
        }
        assert!(headers(vec![owned("a b", "x")]).is_none());
        assert!(headers(vec![owned("a", "x\ny")]).is_none());
    }

    #[test]
    fn a_level_is_a_level_and_no_target() {
        let would =
            |text, target: &str, at: Level| level(text, false).unwrap().would_enable(target, &at);
        assert!(would("WARNING", "a", Level::WARN) && !would("warn", "a", Level::INFO));
        assert!(
            would("info,a=debug", "a::b", Level::DEBUG)
                && !would("info,a=debug", "b", Level::DEBUG)
        );
        assert!(!would("debug", "hyper::proto", Level::DEBUG));
        assert!(would("debug,hyper=trace", "hyper::proto", Level::TRACE));
        assert!(level("chatty", false).is_none() && level("a=chatty", true).is_none());
        assert!(level("chatty", true).is_some() && level(",", true).is_none());
    }
}
