//! A scripted backend on loopback that stores the requests it receives.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, trace::v1::Span,
};
use prost::Message;
use std::{
    convert::Infallible,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};
use tokio::sync::oneshot;

/// The response to a request.
#[derive(Clone)]
pub(super) enum Answer {
    /// Status, headers, body.
    Now(u16, Vec<(&'static str, &'static str)>, Vec<u8>),
    Never,
}

impl Answer {
    pub(super) fn status(status: u16) -> Self {
        Self::Now(status, Vec::new(), Vec::new())
    }
}

/// A completely received request.
pub(super) struct Received {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Received {
    pub(super) fn traces(&self) -> ExportTraceServiceRequest {
        ExportTraceServiceRequest::decode(self.body.as_ref()).expect("a request of OTLP")
    }

    pub(super) fn spans(&self) -> Vec<Span> {
        let traces = self.traces().resource_spans;
        let scopes = traces.into_iter().flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }
}

/// Responds until it is dropped.
pub(super) struct Backend {
    pub(super) address: SocketAddr,
    received: Receiver<Received>,
    _stop: oneshot::Sender<()>,
}

impl Backend {
    /// The last response of the script is used for all further requests.
    pub(super) fn start(script: Vec<Answer>) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), script)
    }

    pub(super) fn start_at(address: SocketAddr, script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = sync_channel(10_000);
        let (stop, stopped) = oneshot::channel();
        let script = Arc::new(Mutex::new(script));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                tokio::select! {
                    () = serve(listener, sender, script) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, received, _stop: stop }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits for the next request.
    pub(super) fn next(&self) -> Received {
        self.received.recv_timeout(super::PATIENCE).expect("a request")
    }

    /// Whether there is another request.
    pub(super) fn has_more(&self) -> bool {
        self.received.try_recv().is_ok()
    }
}

/// An address without a listener.
pub(super) fn unused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn serve(
    listener: TcpListener,
    sender: SyncSender<Received>,
    script: Arc<Mutex<Vec<Answer>>>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (sender, script) = (sender.clone(), Arc::clone(&script));
        let service = service_fn(move |request| {
            let (sender, script) = (sender.clone(), Arc::clone(&script));
            async move { Ok::<_, Infallible>(answer(request, &sender, &script).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    sender: &SyncSender<Received>,
    script: &Mutex<Vec<Answer>>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let mut body = Limited::new(body, 64 << 20);
    let mut read = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        read.extend_from_slice(frame.data_ref().map_or(&[], |data| data.as_ref()));
    }
    let received =
        Received { path: parts.uri.to_string(), headers: parts.headers, body: read.into() };
    sender.send(received).unwrap();
    let answer = {
        let mut script = script.lock().unwrap();
        if script.len() > 1 { script.remove(0) } else { script[0].clone() }
    };
    match answer {
        Answer::Now(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Full::new(body.into())).unwrap()
        }
        Answer::Never => std::future::pending().await,
    }
}
