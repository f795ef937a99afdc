//! Connections that stand still, and floods of them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::http;
use crate::server::Server;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0pingpong";
/// The head of `POST /api/sql`, whose body is still to come.
const POST: &[u8] = b"\0\0\x17\x01\x04\0\0\0\x01\x83\x86\x44\x08/api/sql\x41\x09localhost";
/// Types of frames, at their place in a frame.
const TYPE: usize = 3;
const HEADERS: u8 = 1;
const PONG: u8 = 6;

/// Longer than any of them may last; who waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(40);

fn open(address: &str, pieces: &[&[u8]]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&pieces.concat()).unwrap();
    stream
}

/// What comes until the server closes the connection.
fn read_to_end(mut stream: &TcpStream, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes);
    assert!(end.is_ok(), "{name}: still open: {end:?} after {:?}", bytes.escape_ascii());
    bytes
}

/// Reads frames until one of this type.
fn read_frame(mut stream: &TcpStream, kind: u8) -> Vec<u8> {
    loop {
        let mut header = [0; 9];
        stream.read_exact(&mut header).unwrap();
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).unwrap();
        if header[TYPE] == kind {
            return payload;
        }
    }
}

#[test]
fn what_has_begun_and_stands_still_is_closed_on_every_protocol() {
    let parent = tempfile::tempdir().unwrap();
    let server = Server::start(&parent.path().join("data"));
    let sql = b"POST /api/sql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{";
    let form = b"POST /api/v1/query HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\
                 content-type: application/x-www-form-urlencoded\r\n\r\nquery=";
    let otlp = b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\
                 content-type: application/json\r\n\r\n{";
    let cases: [(&str, &str, &[&[u8]], &str); 9] = [
        ("silence", "page", &[], ""),
        ("half a head", "page", &[b"GET / HTTP/1.1\r\nhost:"], ""),
        ("a line of the preface", "otlp_grpc", &[b"PRI * HTTP/2.0\r\n"], ""),
        ("a preface without settings", "otlp_grpc", &[PREFACE], ""),
        ("half a frame", "otlp_grpc", &[PREFACE, SETTINGS, &PING[..12]], ""),
        ("half a head of HTTP/2", "page", &[PREFACE, SETTINGS, &POST[..20]], ""),
        ("a body that stops", "page", &[sql], "HTTP/1.1 408 "),
        ("a form that stops", "prometheus", &[form], "HTTP/1.1 408 "),
        ("a batch that stops", "otlp_http", &[otlp], "HTTP/1.1 408 "),
    ];
    let idle = open(server.address("otlp_grpc"), &[PREFACE, SETTINGS]);
    let body = open(server.address("page"), &[PREFACE, SETTINGS, POST]);
    let streams =
        cases.map(|(name, port, pieces, start)| (name, open(server.address(port), pieces), start));
    for (name, stream, start) in &streams {
        let answer = read_to_end(stream, name);
        // On HTTP/2 our own settings may have come before.
        if !start.is_empty() {
            assert!(answer.starts_with(start.as_bytes()), "{name}: {:?}", answer.escape_ascii());
        }
    }
    // A request that stops ends alone, and its connection goes on; so does one without requests.
    assert!(!read_frame(&body, HEADERS).is_empty());
    for mut stream in [&body, &idle] {
        stream.write_all(PING).unwrap();
        assert_eq!(read_frame(stream, PONG), b"pingpong");
    }
    let metrics = server.get("metrics", "/metrics").text();
    assert!(metrics.contains("glasshouse_connections_timed_out_total 6\n"), "{metrics}");
}

#[test]
fn a_flood_of_one_port_leaves_every_other_its_share() {
    let parent = tempfile::tempdir().unwrap();
    let server = Server::start_with(&parent.path().join("data"), "limits: {connections: 88}\n");
    // A peer may have half of all, and the port has two of its own.
    let flood: Vec<_> = (0..100).map(|_| open(server.address("loki"), &[])).collect();
    for refused in &flood[46..] {
        assert_eq!(read_to_end(refused, "refused"), b"");
    }
    for key in ["health", "page", "prometheus", "otlp_http", "metrics"] {
        let answer = http::request(server.address(key), "GET", "/metrics", &[], &[]);
        assert!(matches!(answer.status, 200 | 404 | 405), "{key}: {}", answer.status);
        if key == "metrics" {
            let text = answer.text();
            assert!(text.contains("glasshouse_connections_refused_total 54\n"), "{text}");
        }
    }
}

#[test]
fn what_is_no_request_is_refused_with_our_headers() {
    let parent = tempfile::tempdir().unwrap();
    let server = Server::start(&parent.path().join("data"));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
    let good = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for (bytes, status) in [
        ("nonsense\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n", "400"),
        (&many, "431"),
        (&format!("{good}nonsense\r\n\r\n"), "400"),
    ] {
        let stream = open(server.address("health"), &[bytes.as_bytes()]);
        let answer = String::from_utf8(read_to_end(&stream, bytes)).unwrap();
        let (_, last) = answer.rsplit_once("HTTP/1.1 ").unwrap();
        assert!(last.starts_with(status), "{answer}");
        assert!(last.contains("x-content-type-options: nosniff\r\n"), "{answer}");
    }
}
