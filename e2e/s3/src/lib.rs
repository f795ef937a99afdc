//! The store on a real S3 API: two writers on one bucket of a server that is started here.
//!
//! `MOTO_SERVER` names the server's program (of the Python package `moto[s3,server]`); `cargo xtask
//! test bucket` installs it. Without it the test says that it was skipped.
#![cfg(test)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use signals::log::LogBuilder;
use signals::metric::{Sample, Samples};
use signals::time::{MILLISECOND, SECOND, SystemClock};
use signals::{Batch, Clock, Labels, MatchOp, Matcher, MemoryBudget, SeriesBatch};
use store::files::DiskFiles;
use store::{Config, Dependencies, NoTotals, Store, WriteRequest};

const BUCKET: &str = "telemetry";
/// 2026-11-20T12:00:00Z.
const NOON: i64 = 1_795_176_000 * SECOND;

/// A server of the S3 API; stopped when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// `None` when there is no server on this machine.
    fn start() -> Option<Self> {
        let program = std::env::var_os("MOTO_SERVER")?;
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", "0"]).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.unwrap();
            line.split_once("http://").map(|(_, address)| address.trim().to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self { child, address: address.unwrap() };
        server.make_bucket();
        Some(server)
    }

    fn make_bucket(&self) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        write!(
            connection,
            "PUT /{BUCKET} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn bucket(&self) -> AmazonS3 {
        AmazonS3Builder::new()
            .with_endpoint(format!("http://{}", self.address))
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_bucket_name(BUCKET)
            .with_access_key_id("test")
            .with_secret_access_key("test")
            .build()
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// A log line and a sample with this number.
fn batches(number: u64) -> Vec<Batch> {
    let time = NOON + number as i64 * SECOND;
    let mut logs = LogBuilder::default();
    let resource = logs.resource("cart", "{service_name=\"cart\"}", "{}");
    let scope = logs.scope("", "", "");
    logs.append(resource, scope, &signals::log::Record::new(time, "a line")).unwrap();
    let mut metrics = SeriesBatch::default();
    metrics.series.push(Labels::from_pairs([("__name__", "requests")]).into());
    let timestamp_ms = time / MILLISECOND;
    metrics.samples.push(Sample { series: 0, timestamp_ms, value: number as f64 });
    vec![Batch::Logs(logs.finish().unwrap()), Batch::Metrics(metrics)]
}

/// A process with a folder of its own.
struct Writer {
    folder: tempfile::TempDir,
    store: Store,
}

impl Writer {
    async fn start(server: &Server, folder: tempfile::TempDir) -> Self {
        let files = Arc::new(DiskFiles::new(folder.path()));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let dependencies = Dependencies::shared(files, clock, Arc::new(server.bucket()));
        let config = Config { compaction_fan_in: 2, free_bytes_min: 0, ..Config::default() };
        let (store, _) = Store::open(config, dependencies, Arc::new(NoTotals)).await.unwrap();
        Self { folder, store }
    }

    /// The process ends without a last flush and is started again.
    async fn restart(self, server: &Server) -> Self {
        let Self { folder, store } = self;
        drop(store);
        Self::start(server, folder).await
    }

    async fn send(&self, number: u64) {
        let batches = batches(number);
        let request = WriteRequest { received_at: NOON, batches, ..WriteRequest::default() };
        assert_eq!(self.store.append(request).await.unwrap().items(), 2);
    }

    /// Log lines, in memory and in parts.
    fn lines(&self) -> u64 {
        let logs = self.store.status().logs;
        logs.head_rows + logs.part_rows
    }

    async fn values(&self) -> Vec<u64> {
        let matcher = Matcher::new("__name__", MatchOp::Equal, "requests").unwrap();
        let (first, last) = (NOON / MILLISECOND, NOON / MILLISECOND + 1_000_000);
        let mut values = Vec::new();
        let mut samples = Samples::default();
        let memory = MemoryBudget::new("the selection", 1 << 20).reservation();
        let selected = self.store.select(&[matcher], first, last, 10, &memory).await.unwrap();
        for series in selected {
            series.read(first, last, &mut samples).unwrap();
            values.extend(samples.values.iter().map(|value| *value as u64));
        }
        values
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_on_a_bucket_keep_everything_once_through_flush_merge_and_restart() {
    let Some(server) = Server::start() else {
        eprintln!("SKIPPED: MOTO_SERVER does not name a server of the S3 API");
        return;
    };
    let folder = || tempfile::tempdir().unwrap();
    let mut a = Writer::start(&server, folder()).await;
    let mut b = Writer::start(&server, folder()).await;
    let mut sent = 0;
    for round in 0..6 {
        for writer in [&a, &b] {
            writer.send(sent).await;
            sent += 1;
        }
        let flushed = tokio::join!(a.store.flush(), b.store.flush());
        (flushed.0.unwrap(), flushed.1.unwrap());
        if round % 2 == 1 {
            let maintained = tokio::join!(a.store.maintain(), b.store.maintain());
            (maintained.0.unwrap(), maintained.1.unwrap());
        }
    }
    // Acknowledged, and not in a part when the process ends.
    a.send(sent).await;
    sent += 1;
    (a, b) = (a.restart(&server).await, b.restart(&server).await);
    a.store.flush().await.unwrap();
    for writer in [&a, &b] {
        writer.store.maintain().await.unwrap();
        assert_eq!(writer.lines(), sent);
        assert_eq!(writer.values().await, (0..sent).collect::<Vec<_>>());
        assert!(writer.store.status().logs.parts < sent, "parts were merged");
    }
    a.store.close().await.unwrap();
    b.store.close().await.unwrap();
}
