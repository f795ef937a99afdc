//! A server under test: started, watched through `/proc`, stopped, weighed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::send::{self, Payload, Target};

/// Added to all ports, so that a running instance is left alone.
pub(crate) const PORT_OFFSET: u16 = 23_000;
/// Port of the peer.
const PEER_PORT: u16 = 29_090;
/// Clock ticks in a second, as Linux reports CPU time on every common machine.
const TICKS: f64 = 100.0;

/// A process that is measured.
pub(crate) struct Server {
    child: Child,
    data: PathBuf,
    started: Instant,
}

/// What is known once it has stopped.
pub(crate) struct Stopped {
    pub(crate) cpu_s: f64,
    pub(crate) rss_peak_bytes: u64,
    pub(crate) bytes_at_rest: u64,
}

impl Server {
    /// Starts our binary on a fresh folder, with so much address space if it is bounded.
    pub(crate) fn glasshouse(binary: &str, address_space_mib: Option<u64>) -> Result<Self> {
        let data = fresh_folder("glasshouse")?;
        let mut command = match address_space_mib {
            None => Command::new(binary),
            Some(mib) => {
                let mut shell = Command::new("sh");
                let bound = format!("ulimit -v {}; exec \"$0\" \"$@\"", mib * 1024);
                shell.args(["-c", &bound, binary]);
                shell
            }
        };
        command.args([
            "serve",
            "--log",
            "warn",
            "--port-offset",
            &PORT_OFFSET.to_string(),
            "--data",
        ]);
        let mut server = Self::start(command.arg(&data).stdout(Stdio::null()), &data)?;
        server.wait_for(&format!("http://127.0.0.1:{}/", 13_133 + PORT_OFFSET))?;
        Ok(server)
    }

    /// Starts Prometheus with its remote write receiver on a fresh folder.
    pub(crate) fn prometheus() -> Result<Self> {
        let data = fresh_folder("prometheus")?;
        let config = data.with_extension("yml");
        fs::write(&config, "global: {}\n")?;
        let mut command = Command::new("prometheus");
        command
            .arg("--web.enable-remote-write-receiver")
            .arg(format!("--web.listen-address=127.0.0.1:{PEER_PORT}"))
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .stderr(Stdio::null());
        let mut server = Self::start(&mut command, &data)?;
        server.wait_for(&format!("http://127.0.0.1:{PEER_PORT}/-/ready"))?;
        Ok(server)
    }

    #[expect(clippy::disallowed_methods, reason = "time to the first answer is measured")]
    fn start(command: &mut Command, data: &Path) -> Result<Self> {
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child, data: data.to_owned(), started })
    }

    fn wait_for(&mut self, url: &str) -> Result<()> {
        let agent = send::agent();
        while self.started.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server stopped at once: {status}");
            }
            if agent.get(url).call().is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("{url} did not become ready")
    }

    /// Seconds from the start of the process until a request was accepted.
    pub(crate) fn first_accepted(&self, payload: &mut Payload) -> Result<f64> {
        (payload.renew)(&mut payload.body, 0);
        send::post(&send::agent(), &otlp("spans"), &payload.body)?;
        Ok(self.started.elapsed().as_secs_f64())
    }

    /// Resident memory now.
    pub(crate) fn rss_bytes(&self) -> Result<u64> {
        self.status("VmRSS:").context("no VmRSS")
    }

    fn status(&self, field: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with(field))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    }

    fn cpu_s(&self) -> Option<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: f64 =
            fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
        Some(ticks / TICKS)
    }

    /// Asks it to stop, watches its CPU time to the end, and weighs what it left.
    pub(crate) fn stop(mut self) -> Result<Stopped> {
        let mut cpu_s = self.cpu_s().unwrap_or_default();
        let mut rss_peak_bytes = self.status("VmHWM:").unwrap_or_default();
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let status = loop {
            cpu_s = cpu_s.max(self.cpu_s().unwrap_or_default());
            rss_peak_bytes = rss_peak_bytes.max(self.status("VmHWM:").unwrap_or_default());
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        if !status.success() {
            bail!("the server did not stop cleanly: {status}");
        }
        let bytes_at_rest = weigh(&self.data)?;
        Ok(Stopped { cpu_s, rss_peak_bytes, bytes_at_rest })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
        let _absent = fs::remove_dir_all(&self.data);
    }
}

/// How many items a query finds.
pub(crate) fn count(signal: &str) -> Result<u64> {
    // What the translation adds of its own is not what was sent.
    let condition = if signal == "metrics" { " WHERE name <> 'target_info'" } else { "" };
    let query = format!(r#"{{"query": "SELECT count(*) AS items FROM {signal}{condition}"}}"#);
    let mut answer = send::agent()
        .post(format!("http://127.0.0.1:{}/api/sql", 3000 + PORT_OFFSET))
        .header("Content-Type", "application/json")
        .send(query.as_bytes())?;
    let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    answer["rows"][0]["items"].as_u64().with_context(|| format!("no count in {answer}"))
}

/// OTLP/HTTP of one signal.
pub(crate) fn otlp(signal: &str) -> Target {
    let path = if signal == "spans" { "traces" } else { signal };
    Target {
        url: format!("http://127.0.0.1:{}/v1/{path}", 4318 + PORT_OFFSET),
        headers: vec![("Content-Type", "application/x-protobuf")],
    }
}

/// The peer's remote write endpoint.
pub(crate) fn remote_write() -> Target {
    Target {
        url: format!("http://127.0.0.1:{PEER_PORT}/api/v1/write"),
        headers: vec![
            ("Content-Type", "application/x-protobuf"),
            ("Content-Encoding", "snappy"),
            ("X-Prometheus-Remote-Write-Version", "0.1.0"),
        ],
    }
}

fn fresh_folder(name: &str) -> Result<PathBuf> {
    let folder =
        std::env::temp_dir().join(format!("glasshouse-bench-{name}-{}", std::process::id()));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn weigh(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            weigh(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(bytes)
}
