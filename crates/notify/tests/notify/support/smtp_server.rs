//! A server for mail that records what it gets. It answers by the start of a line.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the server got.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    /// Lines that are not of a mail; those over TLS start with `TLS `.
    pub(crate) commands: Vec<String>,
    /// The mail as it was sent, with the dots that SMTP adds.
    pub(crate) text: String,
}

/// A server for mail.
pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    got: Arc<Mutex<Mail>>,
}

type Answers = &'static [(&'static str, &'static str)];

/// The file of the server's certificate, for `localhost` and 127.0.0.1.
pub(crate) fn certificate() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/mail.pem").display().to_string()
}

fn acceptor() -> TlsAcceptor {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let certificate = CertificateDer::from_pem_file(folder.join("mail.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("mail-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

impl SmtpServer {
    /// A server that says this to lines that start so; otherwise it agrees. After it agreed to
    /// STARTTLS it goes on over TLS; an answer to an empty text is its greeting.
    pub(crate) async fn start(answers: Answers) -> Self {
        Self::listen(answers, false).await
    }

    /// A server that expects TLS at once.
    pub(crate) async fn start_with_tls(answers: Answers) -> Self {
        Self::listen(answers, true).await
    }

    async fn listen(answers: Answers, has_tls: bool) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let got = Arc::new(Mutex::new(Mail::default()));
        let server = Self { port, got: Arc::clone(&got) };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let got = Arc::clone(&got);
                // The client may leave at any time.
                tokio::spawn(async move { session(stream, answers, has_tls, &got).await });
            }
        });
        server
    }

    pub(crate) fn take(&self) -> Mail {
        std::mem::take(&mut *self.got.lock().unwrap())
    }
}

async fn session(
    stream: TcpStream,
    answers: Answers,
    has_tls: bool,
    got: &Mutex<Mail>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let greeting = answers.iter().find(|(start, _)| start.is_empty());
    let greeting = format!("{}\r\n", greeting.map_or("220 mail.example", |(_, answer)| *answer));
    if !has_tls {
        stream.write_all(greeting.as_bytes()).await?;
        if !serve(&mut stream, answers, "", got).await? {
            return Ok(());
        }
    }
    let mut stream = BufReader::new(acceptor().accept(stream.into_inner()).await?);
    if has_tls {
        stream.write_all(greeting.as_bytes()).await?;
    }
    serve(&mut stream, answers, "TLS ", got).await?;
    Ok(())
}

/// Answers commands; returns whether to go on over TLS.
async fn serve(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    answers: Answers,
    prefix: &str,
    got: &Mutex<Mail>,
) -> std::io::Result<bool> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let line = line.trim_end_matches("\r\n").to_owned();
        got.lock().unwrap().commands.push(format!("{prefix}{line}"));
        let told = answers.iter().find(|(start, _)| !start.is_empty() && line.starts_with(start));
        let answer = match told {
            Some((_, answer)) => (*answer).to_owned(),
            None if line.starts_with("EHLO") => "250-mail.example\r\n250 8BITMIME".to_owned(),
            None if line == "DATA" => "354 go ahead".to_owned(),
            None if line == "QUIT" => "221 bye".to_owned(),
            None => "250 ok".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        if line == "STARTTLS" && answer.starts_with("220") {
            return Ok(true);
        }
        if line == "DATA" && answer.starts_with("354") {
            read_mail(stream, got).await?;
            let told = answers.iter().find(|(start, _)| *start == ".");
            let answer = told.map_or("250 queued", |(_, answer)| *answer);
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }
}

async fn read_mail(
    stream: &mut BufReader<impl AsyncRead + Unpin>,
    got: &Mutex<Mail>,
) -> std::io::Result<()> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(());
        }
        got.lock().unwrap().text.push_str(&line);
    }
}
