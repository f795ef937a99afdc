//! What handlers receive from the listener, over real sockets.

use axum::routing::get;
use signals::time::SystemClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

async fn peer(ConnectInfo(peer): ConnectInfo<SocketAddr>) -> String {
    peer.to_string()
}

/// Echoes the bytes after the upgrade.
async fn echo(request: Request<Body>) -> Response {
    let connection = request.extensions().get::<Connection>().cloned();
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let stream = TokioIo::new(upgrade.await.unwrap());
        let (mut reader, mut writer) = tokio::io::split(stream);
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
        drop(connection);
    });
    let headers = [("connection", "upgrade"), ("upgrade", "echo")];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

async fn serve() -> (Server, SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let server = Server::new(Arc::new(SystemClock::new()), 10, 1);
    let router = Router::new().route("/peer", get(peer)).route("/echo", get(echo));
    let listener = Listener { port: Port::Loki, address, socket };
    server.serve(listener, Arc::new(OnceLock::from(router)));
    (server, address)
}

#[tokio::test]
async fn a_handler_sees_the_peer_s_address() {
    let (_server, address) = serve().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with(&stream.local_addr().unwrap().to_string()), "{answer}");
}

#[tokio::test]
async fn an_upgraded_connection_keeps_its_place_until_its_handler_ends() {
    let (server, address) = serve().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /echo HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream.write_all(b"hello").await.unwrap();
    let mut echoed = [0; 5];
    stream.read_exact(&mut echoed).await.unwrap();
    assert_eq!((&echoed, server.connections()), (b"hello", 1));
    drop(stream);
    while server.connections() > 0 {
        tokio::task::yield_now().await;
    }
}
