//! Hook for the crate `async-openai` (feature `async-openai`): every call becomes a span and
//! metrics, without changes to the calling code.
//!
//! ```no_run
//! use async_openai::Client;
//! use async_openai::config::OpenAIConfig;
//! use async_openai::middleware::ReqwestService;
//! use async_openai::middleware::retry::OpenAIRetryLayer;
//! use glasshouse_sdk::openai::OpenAiLayer;
//! use tower::ServiceBuilder;
//!
//! fn client(telemetry: &glasshouse_sdk::Telemetry) -> Client<OpenAIConfig> {
//!     let service = ServiceBuilder::new()
//!         // Outside the retries: one logical call is one span.
//!         .layer(OpenAiLayer::new(telemetry))
//!         .layer(OpenAIRetryLayer::default())
//!         .service(ReqwestService::new(reqwest::Client::new()));
//!     Client::with_config(OpenAIConfig::default()).with_http_service(service)
//! }
//! ```
//!
//! Chat completions, responses, completions and embeddings are instrumented; other requests only
//! propagate the trace context. Bodies are inspected while they pass through, without buffering.
//! The usage of a stream is known only if the request enables it (`stream_options.include_usage`).
//! The provider receives `traceparent` and `tracestate`, never baggage.
//!
//! async-openai itself logs the full text of a provider's error as a warning with the target
//! `async_openai`, regardless of [`crate::llm::ContentPolicy`]. A provider may quote the prompt in
//! it: to keep content out of logs, set the log level to `info,async_openai=off`.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use reqwest::{Request, Response, ResponseBuilderExt};
use tower_layer::Layer;
use tower_service::Service;

use crate::Telemetry;
use crate::llm::{ErrorClass, LlmSpan};
use crate::propagation;

mod answer;
mod body;
mod messages;
mod request;

use answer::Answer;
use body::WatchedBody;

/// Layer for `Client::with_http_service`. Place it outside the retry layer.
#[derive(Clone, Debug)]
pub struct OpenAiLayer {
    telemetry: Telemetry,
    provider: Option<Arc<str>>,
}

impl OpenAiLayer {
    /// A layer that derives the provider's name from the host of each request; `openai` for unknown
    /// hosts.
    #[must_use]
    pub fn new(telemetry: &Telemetry) -> Self {
        Self { telemetry: telemetry.clone(), provider: None }
    }

    /// Sets the provider's name (`gen_ai.provider.name`) for your own server.
    #[must_use]
    pub fn provider(mut self, provider: &str) -> Self {
        self.provider = Some(provider.into());
        self
    }
}

impl<S> Layer<S> for OpenAiLayer {
    type Service = OpenAiService<S>;

    fn layer(&self, inner: S) -> OpenAiService<S> {
        OpenAiService { layer: self.clone(), inner }
    }
}

/// A service that instruments the calls of async-openai; created by [`OpenAiLayer`].
#[derive(Clone, Debug)]
pub struct OpenAiService<S> {
    layer: OpenAiLayer,
    inner: S,
}

type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response, OpenAIError>> + Send>>;

impl<S> Service<HttpRequestFactory> for OpenAiService<S>
where
    S: Service<HttpRequestFactory, Response = Response> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<OpenAIError> + 'static,
{
    type Response = Response;
    type Error = OpenAIError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        self.inner.poll_ready(task).map_err(Into::into)
    }

    fn call(&mut self, factory: HttpRequestFactory) -> ResponseFuture {
        let standby = self.inner.clone();
        // Use the instance that is ready, not its clone.
        let mut inner = std::mem::replace(&mut self.inner, standby);
        let layer = self.layer.clone();
        Box::pin(async move {
            let request = factory.build().await?;
            let Some(parameters) = request::read(&request, layer.provider.as_deref()) else {
                return inner.call(carrying_trace(factory, request)).await.map_err(Into::into);
            };
            let mut span = parameters.request(&layer.telemetry).start();
            if span.is_capturing()
                && let Some(body) = request.body().and_then(reqwest::Body::as_bytes)
            {
                messages::of_request(&mut span, body);
            }
            let sent = span.in_scope(|| inner.call(carrying_trace(factory, request)));
            match span.instrument(sent).await.map_err(Into::into) {
                Ok(response) => Ok(watched(response, span)),
                Err(error) => {
                    failed(span, &error);
                    Err(error)
                }
            }
        })
    }
}

/// The same factory, whose requests propagate the span that is current when they are built. `first`
/// is a request that was built already.
fn carrying_trace(factory: HttpRequestFactory, first: Request) -> HttpRequestFactory {
    let first = Mutex::new(Some(first));
    HttpRequestFactory::new(move || {
        let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let factory = factory.clone();
        async move {
            let mut request = match first {
                Some(request) => request,
                None => factory.build().await?,
            };
            propagation::inject_without_baggage(request.headers_mut());
            Ok(request)
        }
    })
}

/// The same response with an inspected body.
fn watched(response: Response, span: LlmSpan) -> Response {
    let url = response.url().clone();
    let (head, body) = http::Response::<reqwest::Body>::from(response).into_parts();
    let answer = Answer::new(span, head.status.as_u16(), &head.headers);
    // The conversion to `http` drops the URL, and only its builder can restore it.
    let Ok(addressed) = http::Response::builder().url(url).body(()) else {
        let body = reqwest::Body::wrap(WatchedBody::new(body, answer));
        return Response::from(http::Response::from_parts(head, body));
    };
    let (mut parts, ()) = addressed.into_parts();
    (parts.status, parts.version, parts.headers) = (head.status, head.version, head.headers);
    parts.extensions.extend(head.extensions);
    let body = reqwest::Body::wrap(WatchedBody::new(body, answer));
    Response::from(http::Response::from_parts(parts, body))
}

fn failed(span: LlmSpan, error: &OpenAIError) {
    match error {
        OpenAIError::ApiError(answer) => {
            let words = [answer.api_error.code.as_deref(), answer.api_error.r#type.as_deref()];
            let codes: Vec<&str> = words.into_iter().flatten().collect();
            let status = Some(answer.status_code.as_u16());
            span.provider_error(status, &codes, &answer.api_error.message);
        }
        other => span.error(error_class(other), &other.to_string()),
    }
}

/// The class of an async-openai error, for programs that classify errors themselves.
#[must_use]
pub fn error_class(error: &OpenAIError) -> ErrorClass {
    match error {
        OpenAIError::Reqwest(error) => transport_class(error),
        OpenAIError::ApiError(answer) => {
            let words = [answer.api_error.code.as_deref(), answer.api_error.r#type.as_deref()];
            let codes: Vec<&str> = words.into_iter().flatten().collect();
            let status = Some(answer.status_code.as_u16());
            ErrorClass::classify(status, &codes, &answer.api_error.message)
        }
        OpenAIError::JSONDeserialize(..) => ErrorClass::Parse,
        OpenAIError::InvalidArgument(_) => ErrorClass::InvalidRequest,
        OpenAIError::StreamError(_) => ErrorClass::Network,
        OpenAIError::Boxed(error) => ErrorClass::from_error(error.as_ref()),
        _ => ErrorClass::Unknown,
    }
}

fn transport_class(error: &reqwest::Error) -> ErrorClass {
    if error.is_timeout() {
        ErrorClass::Timeout
    } else if error.is_builder() {
        ErrorClass::InvalidRequest
    } else if error.is_decode() {
        // reqwest also reports this for a connection that broke within a body.
        match ErrorClass::from_error(error) {
            ErrorClass::Unknown => ErrorClass::Network,
            class => class,
        }
    } else if let Some(status) = error.status() {
        ErrorClass::from_status(status.as_u16())
    } else {
        ErrorClass::Network
    }
}

#[cfg(test)]
mod tests;
