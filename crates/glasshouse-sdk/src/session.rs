//! The session that work belongs to, as W3C baggage.
//!
//! A session set here reaches every span, log line and outgoing call below it, in this program and
//! in those it calls. It never becomes a label of a metric: ids have no bound. Counting the active
//! sessions is done with `telemetry.sessions().begin()`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::baggage::{Baggage, BaggageExt};
use opentelemetry::{Context, ContextGuard, StringValue};
use pin_project_lite::pin_project;

use crate::span::bounded;

/// The key of the session's id in baggage, and the attribute of spans (OpenTelemetry's `session.*`).
pub(crate) const SESSION_ID: &str = "session.id";

/// The longest id that is kept, in bytes.
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
    /// A session with this id. Longer ids are cut at 256 bytes; surrounding space and control
    /// characters do not count.
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

    /// Makes this the session of the current context until the guard is dropped.
    ///
    /// For code without `await`; use [`Session::instrument`] for futures.
    pub fn attach(&self) -> SessionGuard {
        SessionGuard { _attached: self.context().attach() }
    }

    /// Runs the future in this session, whatever thread polls it.
    pub fn instrument<F>(&self, future: F) -> InSession<F> {
        InSession { session: self.clone(), future }
    }

    /// The current context with this session in it.
    #[must_use]
    pub fn context(&self) -> Context {
        Context::map_current(|context| self.within(context))
    }

    /// The given context with this session in it.
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

/// The session's id in a context. What a peer sent longer than an id can be is no id.
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
    /// A future that runs in a session. See [`Session::instrument`].
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
        // Built anew for each poll: the spans entered around the future must stay its parents.
        let _attached = this.session.context().attach();
        this.future.poll(task)
    }
}

#[cfg(test)]
mod tests;
