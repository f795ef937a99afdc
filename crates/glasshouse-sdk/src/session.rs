//! Sessions, propagated as W3C baggage.
//!
//! A session set here applies to all nested spans, log lines and outgoing calls, in this program
//! and in those it calls. It never becomes a metric label, because ids are unbounded.
//! `telemetry.sessions().begin()` counts active sessions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::baggage::{Baggage, BaggageExt};
use opentelemetry::{Context, ContextGuard, StringValue};
use pin_project_lite::pin_project;

use crate::span::bounded;

/// The key of the session id in baggage and on spans (OpenTelemetry's `session.*`).
pub(crate) const SESSION_ID: &str = "session.id";

/// Maximum length of an id, in bytes.
const ID_BYTES_MAX: usize = 256;

/// The id of a session. Cheap to clone.
///
/// ```
/// use glasshouse_sdk::session::Session;
///
/// let session = Session::new("s-42");
/// let _attached = session.attach();
/// assert_eq!(Session::current(), Some(session));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    id: Arc<str>,
}

impl Session {
    /// A session with this id. Longer ids are truncated to 256 bytes; surrounding whitespace and
    /// control characters are removed.
    #[must_use]
    pub fn new(id: &str) -> Self {
        let id = bounded(id.trim(), ID_BYTES_MAX);
        if id.chars().any(char::is_control) {
            let id: String = id.chars().filter(|letter| !letter.is_control()).collect();
            return Self { id: id.into() };
        }
        Self { id: id.into() }
    }

    /// The session of the current context, if it has one.
    #[must_use]
    pub fn current() -> Option<Self> {
        Context::map_current(|context| id_in(context).map(|id| Self::new(id.as_str())))
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sets the session of the current context until the guard is dropped.
    ///
    /// For code without `await`; use [`Session::instrument`] for futures.
    pub fn attach(&self) -> SessionGuard {
        SessionGuard { _attached: self.context().attach() }
    }

    /// Runs the future in this session, on any thread.
    pub fn instrument<F>(&self, future: F) -> InSession<F> {
        InSession { session: self.clone(), future }
    }

    /// The current context with this session.
    #[must_use]
    pub fn context(&self) -> Context {
        Context::map_current(|context| self.within(context))
    }

    /// The given context with this session.
    pub(crate) fn within(&self, context: &Context) -> Context {
        if self.id.is_empty() {
            return context.clone();
        }
        let mut baggage = Baggage::new();
        for (key, (value, metadata)) in context.baggage() {
            if key.as_str() != SESSION_ID {
                baggage.insert_with_metadata(key.clone(), value.clone(), metadata.clone());
            }
        }
        baggage.insert(SESSION_ID, StringValue::from(Arc::clone(&self.id)));
        context.with_baggage(baggage)
    }
}

/// The session id in a context. An overlong id from a peer is ignored.
pub(crate) fn id_in(context: &Context) -> Option<StringValue> {
    let id = context.baggage().get(SESSION_ID)?;
    (!id.as_str().is_empty() && id.as_str().len() <= ID_BYTES_MAX).then(|| id.clone())
}

/// Keeps a session attached to the current thread. See [`Session::attach`].
#[derive(Debug)]
#[must_use = "the session ends where the guard is dropped"]
pub struct SessionGuard {
    _attached: ContextGuard,
}

pin_project! {
    /// A future in a session. See [`Session::instrument`].
    #[derive(Debug)]
    pub struct InSession<F> {
        session: Session,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for InSession<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Created for each poll, so that spans entered around the future remain its parents.
        let _attached = this.session.context().attach();
        this.future.poll(task)
    }
}

#[cfg(test)]
mod tests;
