//! The route of a request: a template, never an unbounded set of paths.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::path::{PATH_BYTES_MAX, collapse};
use crate::span::bounded;

/// The route of requests that match no route.
pub(super) const UNMATCHED: &str = "_unmatched";
/// The route of requests without a template, once there are too many different ones.
const OTHER: &str = "_other";
/// Maximum number of routes without a template.
const UNTEMPLATED_MAX: usize = 100;

/// The route of a request: a handle through which a handler can set it.
///
/// The layer adds one to the extensions of every request. In axum it is an extractor; in other
/// services use `request.extensions().get::<Route>()`. Clones refer to the same request. The last
/// value set before the response ends overrides the route matched by the router.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// async fn file(route: glasshouse_sdk::http::Route) -> &'static str {
///     route.set("/files/{*path}");
///     "…"
/// }
/// let app: axum::Router = axum::Router::new().fallback(file);
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Route(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    template: Mutex<Option<Template>>,
    request_bytes: AtomicU64,
}

/// The source of a template.
#[derive(Clone, Debug)]
pub(super) enum Template {
    /// From the handler.
    Set(Cow<'static, str>),
    /// From axum.
    #[cfg(feature = "axum")]
    Matched(axum::extract::MatchedPath),
}

impl Template {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Set(template) => template,
            #[cfg(feature = "axum")]
            Self::Matched(path) => path.as_str(),
        }
    }
}

impl Route {
    /// Sets the template of the request, such as `/api/tasks/{id}`, also as the name of its span.
    ///
    /// Use templates, not paths: each distinct text creates series. Texts are truncated to 200
    /// bytes; an empty text has no effect.
    pub fn set(&self, template: impl Into<Cow<'static, str>>) {
        let mut template = template.into();
        if template.is_empty() {
            return;
        }
        if template.len() > PATH_BYTES_MAX {
            template = Cow::Owned(bounded(&template, PATH_BYTES_MAX).to_owned());
        }
        *self.0.template.lock() = Some(Template::Set(template));
    }

    /// The current template, if there is one.
    pub fn template(&self) -> Option<String> {
        self.0.template.lock().as_ref().map(|template| template.as_str().to_owned())
    }

    /// Adopts the route matched by the router, unless a handler has set one.
    #[cfg(feature = "axum")]
    pub(super) fn see(&self, extensions: &http::Extensions) {
        if let Some(path) = extensions.get::<axum::extract::MatchedPath>() {
            let mut template = self.0.template.lock();
            if !matches!(*template, Some(Template::Set(_))) {
                *template = Some(Template::Matched(path.clone()));
            }
        }
    }

    /// Without axum there is no matched route.
    #[cfg(not(feature = "axum"))]
    #[expect(clippy::unused_self, reason = "as with a router")]
    pub(super) fn see(&self, _: &http::Extensions) {}

    pub(super) fn current(&self) -> Option<Template> {
        self.0.template.lock().clone()
    }

    pub(super) fn count_request_bytes(&self, bytes: u64) {
        self.0.request_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn request_bytes(&self) -> u64 {
        self.0.request_bytes.load(Ordering::Relaxed)
    }
}

#[cfg(feature = "axum")]
impl<S: Sync> axum::extract::FromRequestParts<S> for Route {
    type Rejection = std::convert::Infallible;

    /// The request's handle; without the layer, a handle that has no effect.
    async fn from_request_parts(
        parts: &mut http::request::Parts,
        _state: &S,
    ) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// The routes that were served without a template.
#[derive(Debug, Default)]
pub(super) struct Untemplated(RwLock<HashSet<Box<str>>>);

impl Untemplated {
    /// The route of a request without a template, derived from its path and response status.
    ///
    /// A path counts as a route only if the response is not a client error; otherwise path scans
    /// could exhaust the limit for real routes.
    pub(super) fn route(&self, path: &str, status: Option<u16>) -> Cow<'static, str> {
        if status == Some(404) {
            return Cow::Borrowed(UNMATCHED);
        }
        let route = collapse(path);
        if self.0.read().contains(route.as_str()) {
            return Cow::Owned(route);
        }
        match status {
            Some(status) if !(400..500).contains(&status) => self.admit(route),
            _ => Cow::Borrowed(UNMATCHED),
        }
    }

    fn admit(&self, route: String) -> Cow<'static, str> {
        {
            let mut known = self.0.write();
            if known.len() >= UNTEMPLATED_MAX && !known.contains(route.as_str()) {
                return Cow::Borrowed(OTHER);
            }
            if !known.insert(route.as_str().into()) {
                return Cow::Owned(route);
            }
        }
        tracing::warn!(
            target: "glasshouse_sdk::http",
            route = route.as_str(),
            "a route has no template: requests are counted under a guess; \
             set one with http::Route or let the layer see axum's MatchedPath",
        );
        Cow::Owned(route)
    }

    /// All of them, sorted.
    pub(super) fn routes(&self) -> Vec<String> {
        let mut routes: Vec<_> = self.0.read().iter().map(|route| String::from(&**route)).collect();
        routes.sort_unstable();
        routes
    }
}
