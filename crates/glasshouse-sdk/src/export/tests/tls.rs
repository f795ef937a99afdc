//! TLS to a server with a certificate that only its own file trusts.

use super::{backend::unused_address, *};
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{convert::Infallible, path::PathBuf, sync::mpsc::Receiver};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// Valid until 2120, for `localhost` and 127.0.0.1; the key is public.
const CERTIFICATE: &str = include_str!("tls/certificate.pem");
const KEY: &str = include_str!("tls/key.pem");

fn certificate_file() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/export/tests/tls/certificate.pem"))
}

fn acceptor(protocol: &[u8]) -> TlsAcceptor {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let mut config = config
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// Sends the path of each request received over TLS.
fn serve(protocol: &'static [u8]) -> (SocketAddr, Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = sync_channel(100);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A client that does not trust the certificate aborts the handshake.
                let Ok(stream) = acceptor(protocol).accept(stream).await else { continue };
                let sender = sender.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    sender.send(request.uri().path().to_owned()).unwrap();
                    let mut response = Response::new(String::new());
                    if request.version() == http::Version::HTTP_2 {
                        // A trailers-only gRPC response: the status is in the headers.
                        let headers = response.headers_mut();
                        headers.insert("content-type", "application/grpc".parse().unwrap());
                        headers.insert("grpc-status", "7".parse().unwrap());
                    }
                    async move { Ok::<_, Infallible>(response) }
                });
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                tokio::spawn(async move {
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
    });
    (address, received)
}

fn target(address: SocketAddr, path: &str) -> OtlpTarget {
    OtlpTarget { certificate: Some(certificate_file()), ..http(format!("https://{address}{path}")) }
}

fn export_to(target: OtlpTarget) -> Export {
    let mut settings = settings();
    settings.spans = Some(SpanTarget::Otlp(target));
    start(settings)
}

#[test]
fn a_server_is_trusted_by_the_file_that_vouches_for_it() {
    let (address, received) = serve(b"http/1.1");
    let export = export_to(target(address, "/v1/traces"));
    end(&export, 1..2);
    assert!(export.shutdown(PATIENCE));
    assert_eq!(received.recv_timeout(PATIENCE).unwrap(), "/v1/traces");
    let [exported, ..] = span_counts(&export);
    assert_eq!(exported, 1);
}

#[test]
fn a_server_that_nobody_vouches_for_gets_nothing() {
    let (address, received) = serve(b"http/1.1");
    let export = export_to(http(format!("https://{address}/v1/traces")));
    end(&export, 1..2);
    assert!(!export.shutdown(PATIENCE));
    assert!(received.try_recv().is_err());
}

#[cfg(feature = "grpc")]
#[test]
fn grpc_trusts_the_file_too() {
    let (address, received) = serve(b"h2");
    let export = export_to(OtlpTarget { protocol: Protocol::Grpc, ..target(address, "") });
    end(&export, 1..2);
    export.shutdown(PATIENCE);
    let path = received.recv_timeout(PATIENCE).unwrap();
    assert!(path.ends_with("TraceService/Export"), "{path}");
}

#[test]
fn a_file_that_vouches_for_nobody_is_one_warning() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    for (path, reason) in [
        (PathBuf::from("/nowhere.pem"), "cannot be read"),
        (empty.path().to_owned(), "has no certificate in PEM"),
    ] {
        let mut settings = settings();
        let target = OtlpTarget { certificate: Some(path), ..target(unused_address(), "") };
        settings.spans = Some(SpanTarget::Otlp(target));
        let (export, warnings) = Export::start(settings, Arc::new(Metrics::default()));
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains(reason), "{warnings:?}");
        assert!(export.span_processor().is_none());
    }
}
