//! Protects the APIs against other web sites: checks `Host`, `Origin` and `Sec-Fetch-Site`.
//!
//! A page on any site can make a browser send requests to loopback, and DNS rebinding makes them
//! look same-origin. So `Host` must be a name of this server, and a request marked by the browser
//! as cross-site is refused unless it is a navigation.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::header::{HOST, HeaderName, HeaderValue, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, StatusCode};

use crate::allowed_origins::AllowedOrigins;

/// Names that always refer to this machine.
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The names of this server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HostCheck {
    names: Arc<[String]>,
    /// Other origins that may send telemetry.
    origins: AllowedOrigins,
}

impl HostCheck {
    /// A check that accepts loopback and the given names, without ports.
    #[must_use]
    pub fn new(names: &[String]) -> Self {
        let names = LOOPBACK_NAMES
            .iter()
            .map(ToString::to_string)
            .chain(names.iter().map(|n| n.to_ascii_lowercase()));
        Self { names: names.collect(), origins: AllowedOrigins::new(&[]) }
    }

    /// The same check, but accepting requests from these origins.
    #[must_use]
    pub fn allowing(&self, origins: &AllowedOrigins) -> Self {
        Self { origins: origins.clone(), ..self.clone() }
    }

    /// Adds the check to every route, and the security headers to every response.
    pub fn protect(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), check))
    }

    /// Whether a host, with or without a port, is a name of this server.
    fn knows(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().to_ascii_lowercase();
        !host.contains('@') && self.names.contains(&name)
    }

    fn refuse(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        let mut named = headers.get_all(HOST).iter();
        let (header, another) = (named.next(), named.next());
        if another.is_some() {
            let text = "bad request: more than one Host\n";
            return Some((StatusCode::BAD_REQUEST, text).into_response());
        }
        // HTTP/2 has the host in `:authority`, proxy clients send both; handlers may use either.
        let header = header.map(|host| host.to_str().unwrap_or_default());
        let address = request.uri().authority().map(Authority::as_str);
        let hosts = match (header, address) {
            (None, None) => [Some(""), None],
            hosts => hosts.into(),
        };
        if let Some(host) = hosts.into_iter().flatten().find(|host| !self.knows(host)) {
            let text = format!(
                "misdirected request: {:?} is not a name of this server; use localhost, or add the name to `hosts` in the configuration\n",
                host.chars().take(100).collect::<String>()
            );
            return Some((StatusCode::MISDIRECTED_REQUEST, text).into_response());
        }
        let is_foreign = if headers.contains_key(ORIGIN) {
            headers.get_all(ORIGIN).iter().any(|origin| {
                let origin = origin.to_str().unwrap_or_default();
                !self.knows(origin.split_once("://").map_or("", |(_, host)| host))
                    && !self.origins.allow(origin)
            })
        } else {
            headers.get_all("sec-fetch-site").iter().any(|site| site == "cross-site")
        };
        if is_foreign && !opens_page(request) {
            let text = "forbidden: requests from pages of other sites are refused\n";
            return Some((StatusCode::FORBIDDEN, text).into_response());
        }
        None
    }
}

/// Navigation from another site is harmless: that site cannot read the response.
fn opens_page(request: &Request) -> bool {
    let is =
        |name: &str, value: &str| request.headers().get(name).is_some_and(|header| header == value);
    request.method().is_safe()
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
        && !request.uri().path().contains("/api/")
}

async fn check(State(host_check): State<HostCheck>, request: Request, next: Next) -> Response {
    let mut response = match host_check.refuse(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    secure(response.headers_mut());
    response
}

/// Headers common to all responses; the page adds its content security policy.
fn secure(headers: &mut HeaderMap) {
    const HEADERS: [(&str, &str); 4] = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::any;
    use tower::ServiceExt;

    use super::*;

    /// Header names and values.
    type Headers<'a> = &'a [(&'a str, &'a str)];

    async fn status(headers: Headers<'_>, path: &str) -> u16 {
        let host_check = HostCheck::new(&["Watch.example".to_owned()]);
        let router = host_check.protect(Router::new().fallback(any(|| async { "ok" })));
        let mut request = http::Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        response.status().as_u16()
    }

    #[tokio::test]
    async fn only_our_own_names_are_answered() {
        let cases = [
            ("localhost", 200),
            ("LOCALHOST:3000", 200),
            ("127.0.0.1:3000", 200),
            ("[::1]:3000", 200),
            ("watch.example:80", 200),
            ("evil.example", 421),
            ("localhost.evil.example", 421),
            ("localhost@evil.example", 421),
            ("evil.example@localhost", 421),
            ("", 421),
        ];
        for (host, expected) in cases {
            assert_eq!(status(&[("host", host)], "/").await, expected, "{host}");
        }
        assert_eq!(status(&[], "/").await, 421);
    }

    #[tokio::test]
    async fn every_name_that_a_request_gives_must_be_ours_and_one_header_at_most() {
        let (ours, other) = (("host", "localhost:3000"), ("host", "evil.example"));
        let cases: [(Headers<'_>, &str, u16); 9] = [
            (&[ours], "http://localhost:3000/", 200),
            (&[], "http://localhost:3000/", 200),
            (&[ours], "http://evil.example/", 421),
            (&[ours], "http://localhost@evil.example/", 421),
            (&[other], "http://localhost:3000/", 421),
            (&[], "http://evil.example/", 421),
            (&[ours, other], "/", 400),
            (&[other, ours], "/", 400),
            (&[ours, ours], "/", 400),
        ];
        for (headers, target, expected) in cases {
            assert_eq!(status(headers, target).await, expected, "{headers:?} {target}");
        }
    }

    #[tokio::test]
    async fn other_sites_may_link_here_and_nothing_more() {
        let host = ("host", "localhost:3000");
        let cross = ("sec-fetch-site", "cross-site");
        let navigate = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        let (near, far) = (("origin", "http://localhost:5173"), ("origin", "https://evil.example"));
        let cases: [(Headers<'_>, &str, u16); 11] = [
            (&[host, near], "/api/sql", 200),
            (&[host, near, far], "/api/sql", 403),
            (&[host, far, near], "/api/sql", 403),
            (&[host, far], "/api/sql", 403),
            (&[host, ("origin", "null")], "/api/sql", 403),
            (&[host, cross], "/api/sql", 403),
            (&[host, cross, navigate[0], navigate[1]], "/trace/1", 200),
            (&[host, cross, navigate[0], navigate[1]], "/api/overview", 403),
            (&[host, cross, navigate[0], ("sec-fetch-dest", "iframe")], "/", 403),
            (&[host, ("sec-fetch-site", "same-origin")], "/api/sql", 200),
            (&[host, ("sec-fetch-site", "none")], "/api/overview", 200),
        ];
        for (headers, path, expected) in cases {
            assert_eq!(status(headers, path).await, expected, "{headers:?} {path}");
        }
    }
}
