//! SMTP, as far as one mail needs it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use adopt::http::TlsConfig;
use rustls::pki_types::ServerName;
use tokio::io::ReadBuf;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::notification::Failure;

/// Bytes of a line of a reply, and lines of a reply.
const LINE_BYTES_MAX: u64 = 4096;
const LINES_MAX: usize = 100;

/// A connection to a server.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A session with a server.
pub(super) struct Client {
    stream: BufReader<Stream>,
    /// What the server can do: a name and its parameters.
    extensions: Vec<(String, String)>,
}

/// What a server says.
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Stream {
    /// The same connection over TLS.
    ///
    /// # Errors
    /// What is wrong with the settings; within, why the server is not trusted.
    pub(super) async fn secure(
        self,
        settings: &TlsConfig,
        host: &str,
    ) -> Result<Result<Self, String>, Failure> {
        let invalid =
            |error: String| Failure::permanent(format!("parse TLS configuration: {error}"));
        let config = http_client::tls_config(settings).map_err(invalid)?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| invalid(format!("{host:?}: {error}")))?;
        let Self::Plain(stream) = self else { return Ok(Ok(self)) };
        let secured = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        Ok(secured.map(|stream| Self::Tls(Box::new(stream))).map_err(|error| error.to_string()))
    }
}

impl Client {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream: BufReader::new(stream), extensions: Vec::new() }
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_secure(&self) -> bool {
        matches!(self.stream.get_ref(), Stream::Tls(_))
    }

    /// Whether the server has an extension.
    pub(super) fn has(&self, name: &str) -> bool {
        self.parameters(name).is_some()
    }

    /// The parameters of an extension of the server.
    pub(super) fn parameters(&self, name: &str) -> Option<&str> {
        let found = self.extensions.iter().find(|(known, _)| known == name);
        found.map(|(_, parameters)| parameters.as_str())
    }

    /// Waits for the server's greeting, and says who we are.
    pub(super) async fn greet(&mut self, name: &str) -> Result<(), Failure> {
        let greeting = self.reply().await.and_then(|reply| reply.expect(220));
        greeting.map_err(|failure| failure.of("create SMTP client"))?;
        self.hello(name).await
    }

    /// Says who we are, and learns what the server can do.
    pub(super) async fn hello(&mut self, name: &str) -> Result<(), Failure> {
        let name = if name.is_empty() { "localhost" } else { name };
        self.extensions.clear();
        self.write(&format!("EHLO {name}")).await?;
        let reply = self.reply().await?;
        if reply.code / 100 == 2 {
            self.extensions = reply.lines.iter().skip(1).map(|line| extension(line)).collect();
            return Ok(());
        }
        // A server from before extensions.
        self.command("EHLO", &format!("HELO {name}")).await
    }

    /// Sends a command that the server is to accept.
    pub(super) async fn command(&mut self, name: &str, line: &str) -> Result<(), Failure> {
        let doing = format!("send {name} command");
        self.write(line).await.map_err(|failure| failure.of(&doing))?;
        let accepted = self.reply().await.and_then(Reply::accepted);
        accepted.map_err(|failure| failure.of(&doing))
    }

    /// Sends a line that proves who we are, and that the server is to accept.
    pub(super) async fn prove(&mut self, line: &str) -> Result<(), Failure> {
        self.write(line).await?;
        self.reply().await.and_then(Reply::accepted)
    }

    /// Sends a line after which the server asks something.
    pub(super) async fn challenge(&mut self, line: &str) -> Result<String, Failure> {
        self.write(line).await?;
        let reply = self.reply().await?;
        let question = reply.lines.first().cloned().unwrap_or_default();
        reply.expect(334)?;
        Ok(question)
    }

    /// Continues over TLS.
    pub(super) async fn start_tls(
        mut self,
        settings: &TlsConfig,
        host: &str,
    ) -> Result<Self, Failure> {
        let doing = |failure: Failure| failure.of("send STARTTLS command");
        self.write("STARTTLS").await.map_err(doing)?;
        self.reply().await.and_then(|reply| reply.expect(220)).map_err(doing)?;
        if !self.stream.buffer().is_empty() {
            // What was sent in clear text must not count as encrypted: CVE-2011-0411.
            return Err(doing(Failure::retryable("the server sent more before TLS")));
        }
        let secured = self.stream.into_inner().secure(settings, host).await?;
        let secured = secured.map_err(|error| doing(Failure::retryable(error)))?;
        Ok(Self::new(secured))
    }

    /// Sends a mail, of which lines end with CR and LF.
    pub(super) async fn data(&mut self, text: &str) -> Result<(), Failure> {
        let doing = |failure: Failure| failure.of("send DATA command");
        self.write("DATA").await.map_err(doing)?;
        self.reply().await.and_then(|reply| reply.expect(354)).map_err(doing)?;
        let mut stuffed = String::with_capacity(text.len() + text.len() / 64);
        // `lines` ends a line at LF, with or without a CR. No other CR or LF is left of it.
        for line in text.lines() {
            if line.starts_with('.') {
                stuffed.push('.');
            }
            stuffed.extend(line.chars().filter(|c| *c != '\r'));
            stuffed.push_str("\r\n");
        }
        stuffed.push('.');
        let delivery = |failure: Failure| failure.of("delivery failure");
        self.write_lines(&stuffed).await.map_err(delivery)?;
        self.reply().await.and_then(Reply::accepted).map_err(delivery)
    }

    /// Writes a line, which is one command whatever the settings contain.
    async fn write(&mut self, line: &str) -> Result<(), Failure> {
        if line.contains(['\r', '\n', '\0']) {
            return Err(Failure::permanent("a line must not contain CR, LF or NUL"));
        }
        self.write_lines(line).await
    }

    async fn write_lines(&mut self, text: &str) -> Result<(), Failure> {
        let writing = async {
            self.stream.write_all(format!("{text}\r\n").as_bytes()).await?;
            self.stream.flush().await
        };
        writing.await.map_err(|error: io::Error| Failure::retryable(error.to_string()))
    }

    async fn reply(&mut self) -> Result<Reply, Failure> {
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            let mut limited = (&mut self.stream).take(LINE_BYTES_MAX);
            let read = limited.read_until(b'\n', &mut line).await;
            read.map_err(|error| Failure::retryable(error.to_string()))?;
            if line.last() != Some(&b'\n') {
                let is_long = line.len() as u64 >= LINE_BYTES_MAX;
                return Err(Failure::retryable(if is_long {
                    "a line of the server is too long"
                } else {
                    "unexpected EOF"
                }));
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
            let (Some(code), is_last) = (code, line.get(3..4) != Some("-")) else {
                return Err(Failure::retryable(format!("short response: {line}")));
            };
            lines.push(line.get(4..).unwrap_or_default().to_owned());
            if is_last {
                return Ok(Reply { code, lines });
            }
            if lines.len() >= LINES_MAX {
                return Err(Failure::retryable("a reply of the server is too long"));
            }
        }
    }
}

impl Reply {
    fn accepted(self) -> Result<(), Failure> {
        if self.code / 100 == 2 { Ok(()) } else { Err(self.refused()) }
    }

    fn expect(self, code: u16) -> Result<(), Failure> {
        if self.code == code { Ok(()) } else { Err(self.refused()) }
    }

    /// Alertmanager tries again whatever the server says.
    fn refused(self) -> Failure {
        let text = crate::truncate::to_chars(self.lines.join("\n"), 1024);
        Failure::retryable(format!("{} {text}", self.code))
    }
}

fn extension(line: &str) -> (String, String) {
    let (name, parameters) = line.split_once(' ').unwrap_or((line, ""));
    (name.to_uppercase(), parameters.to_owned())
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
