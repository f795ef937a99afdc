//! Creates all helper spans: a `tracing` span with fixed metadata, whose name and attributes are
//! set on the OpenTelemetry span.
//!
//! Fields of `tracing` are static, and recording an undeclared field has no effect, so dotted and
//! optional attributes are set on the OpenTelemetry span directly. Not public: programs create
//! their own spans with `tracing`, which belong to the same trace.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use opentelemetry::trace::{SpanContext, Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::session;

/// Maximum length of a name (model, agent, id) in an attribute or label, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 256;

/// A helper span. It ends with [`HelperSpan::finish`], or when dropped.
#[derive(Debug)]
pub(crate) struct HelperSpan {
    span: Span,
    /// The context inside the span. If the span is filtered out or tracing is disabled, this is the
    /// parent's context, so that sessions and counters still reach child operations.
    context: Context,
    /// Whether the span of `context` is this one, not the parent's.
    own: bool,
    /// Whether attributes are recorded.
    recording: bool,
    /// Whether the `tracing` span was entered, or a future holds it.
    entered: AtomicBool,
    started: Instant,
}

impl HelperSpan {
    fn new(span: Span, context: Context, own: bool, recording: bool) -> Self {
        let (entered, started) = (AtomicBool::new(false), Instant::now());
        Self { span, context, own, recording, entered, started }
    }

    /// Starts a span in the current context. `create` creates the `tracing` span.
    pub(crate) fn start(create: impl FnOnce() -> Span) -> Self {
        let span = create();
        let context = span.context();
        if context.has_active_span() {
            let span_ref = context.span();
            // The sampling flag can be read without a lock.
            let recording = span_ref.span_context().is_sampled() || span_ref.is_recording();
            return Self::new(span, context, true, recording);
        }
        let context = Context::current();
        Self::new(span, context, false, false)
    }

    /// Starts a span in another context.
    pub(crate) fn start_within(parent: Context, create: impl FnOnce() -> Span) -> Self {
        let _attached = parent.attach();
        Self::start(create)
    }

    /// Uses the current span, which remains open, instead of creating one.
    pub(crate) fn joined() -> Self {
        let context = Context::current();
        let recording = context.span().is_recording();
        Self::new(Span::none(), context, false, recording)
    }

    /// Sets name, attributes and the session id; `attributes` runs only if they are recorded.
    pub(crate) fn describe(
        &self,
        name: impl FnOnce() -> String,
        attributes: impl FnOnce() -> Vec<KeyValue>,
    ) {
        if !self.recording {
            return;
        }
        let mut list = attributes();
        if let Some(id) = session::id_in(&self.context) {
            list.push(KeyValue::new("session.id", id));
        }
        let span = self.context.span();
        span.update_name(name());
        span.set_attributes(list);
    }

    /// Sets more attributes during the span.
    pub(crate) fn set(&self, attributes: impl FnOnce() -> Vec<KeyValue>) {
        if self.recording {
            self.context.span().set_attributes(attributes());
        }
    }

    /// Adds a link to another span.
    pub(crate) fn link(&self, to: SpanContext) {
        if self.recording && to.is_valid() {
            self.context.span().add_link(to, Vec::new());
        }
    }

    /// Whether attributes are recorded, so that creating them is worthwhile.
    pub(crate) fn is_recording(&self) -> bool {
        self.recording
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The context inside the span.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Runs the code inside the span.
    pub(crate) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        self.entered.store(true, Ordering::Relaxed);
        let _entered = self.span.enter();
        let _attached = (!self.own).then(|| self.context.clone().attach());
        code()
    }

    /// Runs the future inside the span, which is entered for each poll.
    pub(crate) fn instrument<F>(&self, future: F) -> InSpan<F> {
        self.entered.store(true, Ordering::Relaxed);
        InSpan {
            span: self.span.clone(),
            attach: (!self.own).then(|| self.context.clone()),
            future: Some(future),
        }
    }

    /// Sets the last attributes and the status, records metrics with the span as their exemplar,
    /// and ends the span. `error` is the class and a description without content.
    pub(crate) fn finish(
        &self,
        error: Option<(Cow<'static, str>, String)>,
        attributes: impl FnOnce(&mut Vec<KeyValue>),
        record: impl FnOnce(),
    ) {
        if self.recording {
            let mut list = Vec::with_capacity(12);
            attributes(&mut list);
            let span = self.context.span();
            if let Some((class, description)) = error {
                list.push(KeyValue::new("error.type", class));
                span.set_status(Status::error(description));
            }
            span.set_attributes(list);
        }
        {
            let _attached = self.context.clone().attach();
            record();
        }
        if self.own && self.entered.load(Ordering::Relaxed) {
            // Explicitly: clones of the `tracing` span may live on in futures, and its end time
            // would be that of its last entry.
            self.context.span().end();
        }
    }
}

pin_project! {
    /// A future inside a helper's span.
    #[derive(Debug)]
    pub struct InSpan<F> {
        span: Span,
        attach: Option<Context>,
        // An option, so that it can be dropped inside the span.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InSpan<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.span.enter();
            let _attached = this.attach.take().map(Context::attach);
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        let _attached = this.attach.clone().map(Context::attach);
        match this.future.as_pin_mut() {
            Some(future) => future.poll(task),
            // Only drop sets it to `None`, after which there are no polls.
            None => Poll::Pending,
        }
    }
}

/// Sets an attribute in a list. An existing key is overwritten, because a span keeps duplicates.
pub(crate) fn put(list: &mut Vec<KeyValue>, attribute: KeyValue) {
    match list.iter_mut().find(|known| known.key == attribute.key) {
        Some(known) => *known = attribute,
        None => list.push(attribute),
    }
}

/// The longest prefix of at most `bytes_max` bytes that ends at a character boundary.
pub(crate) fn bounded(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}
