//! The metrics endpoint.

use super::{
    backend::{Answer, Backend},
    *,
};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

fn listening() -> (Export, SocketAddr) {
    let mut settings = settings();
    settings.listener = Some("127.0.0.1:0".parse().unwrap());
    let export = start(settings);
    let address = export.listener().expect("an address");
    assert_ne!(address.port(), 0);
    (export, address)
}

/// Sends a request on a new connection and returns the whole response.
fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_are_read_at_one_path_and_nothing_else() {
    let (export, address) = listening();
    let get = |line: &str| {
        let headers = "Host: a\r\nAccept: x/y\r\nConnection: close";
        ask(address, &format!("{line} HTTP/1.1\r\n{headers}\r\n\r\n"))
    };
    let answer = get("GET /metrics?x=1");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n# accept: x/y\nup 1\n"), "{answer}");
    let answer = get("HEAD /metrics");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("content-length: 19"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = get("GET /");
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.contains("/metrics"), "{answer}");
    assert!(get("POST /metrics").starts_with("HTTP/1.1 405"));

    assert!(export.shutdown(PATIENCE));
    assert!(TcpStream::connect(address).is_err(), "the listener is closed");
}

#[test]
fn nonsense_on_a_connection_harms_no_other() {
    let (export, address) = listening();
    let mut open: Vec<TcpStream> = Vec::new();
    for bytes in [&b"\x16\x03\x01\x00garbage"[..], b"GET", &[0xff; 16_000]] {
        let mut stream = TcpStream::connect(address).unwrap();
        // The peer may have closed the connection already.
        let _ = stream.write_all(bytes);
        open.push(stream);
    }
    let answer = ask(address, "GET /metrics HTTP/1.0\r\n\r\n");
    assert!(answer.contains("200 OK"), "{answer}");
    assert!(export.shutdown(PATIENCE));
}

#[test]
fn a_taken_port_is_a_warning_and_metrics_are_still_pushed() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let backend = Backend::start(vec![Answer::status(200)]);
    let mut settings = settings();
    settings.listener = Some(address);
    settings.metrics = Some((http(backend.url()), Duration::from_secs(3600)));
    let (export, warnings) = Export::start(settings, Arc::new(Metrics::default()));
    assert_eq!(warnings.len(), 1);
    for part in [address.to_string().as_str(), "`prometheus_port`", "`PROMETHEUS_ENDPOINT`"] {
        assert!(warnings[0].contains(part), "{warnings:?}");
    }
    assert_eq!(export.listener(), None);
    assert!(export.shutdown(PATIENCE));
    backend.next();
}
