//! Hosts with ports: `net.SplitHostPort` and the functions on it.

use std::net::IpAddr;

/// The host without its port.
pub(super) fn strip_port(text: &str) -> &str {
    split(text).map_or(text, |(host, _)| host)
}

/// The host up to its first dot, with its port. IP addresses stay.
pub(super) fn strip_domain(text: &str) -> String {
    let (host, port) = split(text).unwrap_or((text, ""));
    if host.parse::<IpAddr>().is_ok() {
        return text.to_owned();
    }
    let name = host.split('.').next().unwrap_or_default();
    match port {
        "" => name.to_owned(),
        port if name.contains(':') => format!("[{name}]:{port}"),
        port => format!("{name}:{port}"),
    }
}

/// Host and port of `host:port` or `[host]:port`; `None` if Go refuses the text.
fn split(text: &str) -> Option<(&str, &str)> {
    let (before, port) = text.rsplit_once(':')?;
    let host = match before.strip_prefix('[') {
        Some(inner) => {
            let host = inner.strip_suffix(']')?;
            if host.contains(']') {
                return None;
            }
            host
        }
        None if before.contains(':') => return None,
        None => before,
    };
    let has_brackets = |text: &str| text.contains(['[', ']']);
    if has_brackets(host) || has_brackets(port) { None } else { Some((host, port)) }
}
