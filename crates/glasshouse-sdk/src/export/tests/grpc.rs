//! OTLP over gRPC with a tonic server.

use super::*;
use opentelemetry_proto::tonic::collector::{
    logs::v1::{
        ExportLogsServiceRequest, ExportLogsServiceResponse,
        logs_service_server::{LogsService, LogsServiceServer},
    },
    metrics::v1::{
        ExportMetricsServiceResponse,
        metrics_service_server::{MetricsService, MetricsServiceServer},
    },
    trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use std::sync::{Mutex, mpsc};
use tokio::sync::oneshot;
use tonic::{Code, Request, Response, Status as RpcStatus, metadata::MetadataMap};

type Answer = Result<i64, RpcStatus>;

/// Responds as scripted, then accepts everything.
#[derive(Clone)]
struct Service {
    script: Arc<Mutex<Vec<Answer>>>,
    spans: mpsc::SyncSender<(MetadataMap, ExportTraceServiceRequest)>,
    others: mpsc::SyncSender<usize>,
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, RpcStatus> {
        let (metadata, _, request) = request.into_parts();
        self.spans.send((metadata, request)).unwrap();
        let mut script = self.script.lock().unwrap();
        let rejected_spans = if script.is_empty() { 0 } else { script.remove(0)? };
        let error_message = String::new();
        let partial = ExportTracePartialSuccess { rejected_spans, error_message };
        Ok(Response::new(ExportTraceServiceResponse { partial_success: Some(partial) }))
    }
}

#[tonic::async_trait]
impl LogsService for Service {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, RpcStatus> {
        self.others.send(request.into_inner().resource_logs.len()).unwrap();
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Service {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, RpcStatus> {
        self.others.send(request.into_inner().resource_metrics.len()).unwrap();
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

struct Server {
    target: OtlpTarget,
    spans: mpsc::Receiver<(MetadataMap, ExportTraceServiceRequest)>,
    others: mpsc::Receiver<usize>,
    _stop: oneshot::Sender<()>,
}

fn serve(script: Vec<Answer>) -> Server {
    let (span_sender, spans) = sync_channel(1000);
    let (other_sender, others) = sync_channel(1000);
    let (address_sender, address) = sync_channel(1);
    let (stop, stopped) = oneshot::channel::<()>();
    let script = Arc::new(Mutex::new(script));
    let service = Service { script, spans: span_sender, others: other_sender };
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let any = "127.0.0.1:0".parse().unwrap();
            let incoming = tonic::transport::server::TcpIncoming::bind(any).unwrap();
            address_sender.send(incoming.local_addr().unwrap()).unwrap();
            let server = tonic::transport::Server::builder()
                .add_service(TraceServiceServer::new(service.clone()))
                .add_service(LogsServiceServer::new(service.clone()))
                .add_service(MetricsServiceServer::new(service))
                .serve_with_incoming(incoming);
            tokio::select! {
                served = server => served.unwrap(),
                _ = stopped => {}
            }
        });
    });
    let target = OtlpTarget {
        protocol: Protocol::Grpc,
        url: format!("http://{}", address.recv().unwrap()),
        headers: vec![("api-key".to_owned(), Secret("k".to_owned()))],
        timeout: PATIENCE,
        certificate: None,
    };
    Server { target, spans, others, _stop: stop }
}

fn export_to(server: &Server) -> Export {
    let mut settings = settings();
    settings.spans = Some(SpanTarget::Otlp(server.target.clone()));
    start(settings)
}

#[test]
fn all_signals_go_over_grpc() {
    let server = serve(Vec::new());
    let mut settings = settings();
    settings.limits.batch_delay = PATIENCE;
    settings.spans = Some(SpanTarget::Otlp(server.target.clone()));
    settings.logs = Some(server.target.clone());
    settings.metrics = Some((server.target.clone(), Duration::from_secs(3600)));
    let export = start(settings);
    end(&export, 1..4);
    export.log_queue().unwrap().send(LogRecord::default());
    assert!(export.shutdown(PATIENCE));

    let (metadata, request) = server.spans.recv().unwrap();
    assert_eq!(metadata.get("api-key").unwrap(), "k");
    assert!(metadata.get("user-agent").unwrap().to_str().unwrap().contains("glasshouse-sdk/"));
    assert_eq!(request.resource_spans[0].scope_spans[0].spans.len(), 3);
    assert_eq!(server.others.try_iter().collect::<Vec<_>>(), [1, 1]);
    let statistics = export.statistics();
    for (signal, exported) in
        [(&statistics.spans, 3), (&statistics.logs, 1), (&statistics.metrics, 1)]
    {
        assert_eq!(counts(signal), [exported, 0, 0, 0, 0]);
    }
}

#[test]
fn codes_decide_whether_a_batch_is_sent_again() {
    // `google.rpc.Status` with a `RetryInfo` of 0.02 s.
    let value = b"\x0a\x05\x10\x80\xda\xc4\x09";
    let mut retry_info = vec![0x1a, 2 + 40 + 2 + value.len() as u8, 0x0a, 40];
    retry_info.extend(b"type.googleapis.com/google.rpc.RetryInfo");
    retry_info.extend([0x12, value.len() as u8]);
    retry_info.extend(value);
    let busy = RpcStatus::with_details(Code::ResourceExhausted, "busy", retry_info.into());
    let cases = [
        (RpcStatus::unavailable("down"), true),
        (RpcStatus::aborted("x"), true),
        (RpcStatus::cancelled("x"), true),
        (RpcStatus::deadline_exceeded("x"), true),
        (busy, true),
        (RpcStatus::resource_exhausted("quota"), false),
        (RpcStatus::invalid_argument("x"), false),
        (RpcStatus::unauthenticated("x"), false),
        (RpcStatus::unimplemented("x"), false),
    ];
    for (status, again) in cases {
        let name = format!("{status:?}");
        let server = serve(vec![Err(status)]);
        let export = export_to(&server);
        end(&export, 1..2);
        assert!(export.span_processor().unwrap().force_flush().is_ok());
        assert!(export.shutdown(PATIENCE));
        let expected = if again { [1, 0, 0, 0, 1] } else { [0, 0, 1, 0, 1] };
        assert_eq!(span_counts(&export), expected, "{name}");
        assert_eq!(server.spans.try_iter().count(), if again { 2 } else { 1 }, "{name}");
    }
}

#[test]
fn what_a_server_rejects_of_a_batch_is_counted() {
    let server = serve(vec![Ok(1)]);
    let export = export_to(&server);
    end(&export, 1..2);
    assert!(export.span_processor().unwrap().force_flush().is_ok());
    end(&export, 2..6);
    assert!(export.shutdown(PATIENCE));
    assert_eq!(span_counts(&export), [4, 0, 1, 0, 0]);
}

#[test]
fn a_server_that_stays_silent_does_not_hold_the_end() {
    // Accepts connections and never responds.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = settings();
    settings.spans = Some(SpanTarget::Otlp(OtlpTarget {
        protocol: Protocol::Grpc,
        url: format!("http://{}", silent.local_addr().unwrap()),
        headers: Vec::new(),
        timeout: Duration::from_millis(50),
        certificate: None,
    }));
    let export = start(settings);
    end(&export, 1..2);
    let begun = Instant::now();
    assert!(!export.shutdown(Duration::from_millis(1000)));
    assert!(begun.elapsed() < Duration::from_secs(5));
    let [exported, _, _, left, failed] = span_counts(&export);
    assert_eq!([exported, left], [0, 1]);
    assert!(failed > 0);
}
