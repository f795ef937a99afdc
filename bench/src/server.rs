//! A server under test: starts it, monitors it through `/proc`, stops it and measures its data.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;

use crate::memory_group::MemoryGroup;
use crate::send::{self, Payload, Target};

/// Port offset, to avoid conflicts with a running instance.
pub(crate) const PORT_OFFSET: u16 = 23_000;
/// Port of a peer.
const PEER_PORT: u16 = 32_090;
/// The extension of the configuration beside a data folder.
const PROMETHEUS_YAML: &str = "prometheus.yml";
/// Clock ticks per second in `/proc`; 100 on all common machines.
const TICKS: f64 = 100.0;
/// Maximum duration of a shutdown.
const STOP_MAX: Duration = Duration::from_secs(120);

/// Configuration of our binary.
#[derive(Default, Clone)]
pub(crate) struct Settings {
    pub(crate) binary: String,
    /// Limit of the memory cgroup.
    pub(crate) memory_group_mib: Option<u64>,
    /// `limits.memory`.
    pub(crate) memory_mib: Option<u64>,
    /// `query.timeout`.
    pub(crate) query_timeout: Option<Duration>,
    /// `adopt`.
    pub(crate) adopt: Option<PathBuf>,
}

/// A system that speaks Prometheus' protocols.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Glasshouse,
    Prometheus,
    VictoriaMetrics,
}

impl System {
    /// The name of its binary.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Glasshouse => "glasshouse",
            Self::Prometheus => "prometheus",
            Self::VictoriaMetrics => "victoria-metrics",
        }
    }

    /// The address of its Prometheus API.
    pub(crate) fn api(self) -> String {
        let port = if self == Self::Glasshouse { 9090 + PORT_OFFSET } else { PEER_PORT };
        format!("http://127.0.0.1:{port}/api/v1")
    }

    /// The address of its own metrics.
    pub(crate) fn metrics(self) -> String {
        let port = if self == Self::Glasshouse { 8888 + PORT_OFFSET } else { PEER_PORT };
        format!("http://127.0.0.1:{port}/metrics")
    }

    /// Its remote write endpoint.
    pub(crate) fn remote_write(self) -> Target {
        Target {
            url: format!("{}/write", self.api()),
            headers: vec![
                ("Content-Type", "application/x-protobuf"),
                ("Content-Encoding", "snappy"),
                ("X-Prometheus-Remote-Write-Version", "0.1.0"),
            ],
        }
    }
}

/// A process under test.
pub(crate) struct Server {
    child: Child,
    data: PathBuf,
    started: Instant,
    /// Dropped last, after the process has exited.
    memory_group: Option<MemoryGroup>,
}

/// Results after the shutdown.
pub(crate) struct Stopped {
    pub(crate) cpu_s: f64,
    /// Time since SIGTERM.
    pub(crate) wall_s: f64,
    pub(crate) rss_peak_bytes: u64,
    pub(crate) bytes_at_rest: u64,
}

impl Server {
    /// Starts our binary with an empty data folder.
    pub(crate) fn glasshouse(settings: &Settings) -> Result<Self> {
        let data = fresh_folder("glasshouse")?;
        let config = data.with_extension("yml");
        fs::write(&config, settings.to_yaml())?;
        let memory_group = settings.memory_group_mib.map(MemoryGroup::new).transpose()?;
        let mut command = match &memory_group {
            None => Command::new(&settings.binary),
            Some(group) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", r#"echo $$ > "$PROCESSES" && exec "$0" "$@""#, &settings.binary]);
                shell.env("PROCESSES", group.processes());
                shell
            }
        };
        let offset = PORT_OFFSET.to_string();
        command.args(["serve", "--port-offset", &offset, "--config"]);
        command.arg(&config).arg("--data").arg(&data).stdout(Stdio::null());
        let mut server = Self::start(&mut command, &data)?;
        server.memory_group = memory_group;
        server.wait_for(&format!("http://127.0.0.1:{}/", 13_133 + PORT_OFFSET))?;
        Ok(server)
    }

    /// Starts a system with an empty data folder and a `prometheus.yml`.
    pub(crate) fn of(system: System, settings: &Settings, prometheus_yaml: &str) -> Result<Self> {
        let data = fresh_folder(system.name())?;
        let file = data.with_extension(PROMETHEUS_YAML);
        fs::write(&file, prometheus_yaml)?;
        if system == System::Glasshouse {
            let settings = Settings { adopt: Some(file), ..settings.clone() };
            return Self::glasshouse(&settings);
        }
        let (file, folder) = (file.display(), data.display());
        let mut command = Command::new(system.name());
        if system == System::Prometheus {
            command
                .arg("--web.enable-remote-write-receiver")
                .arg(format!("--web.listen-address=127.0.0.1:{PEER_PORT}"))
                .arg(format!("--config.file={file}"))
                .arg(format!("--storage.tsdb.path={folder}"));
        } else {
            command
                .arg(format!("-httpListenAddr=127.0.0.1:{PEER_PORT}"))
                .arg(format!("-promscrape.config={file}"))
                .arg(format!("-storageDataPath={folder}"))
                .args(["-search.disableCache", "-search.latencyOffset=0s"]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = Self::start(&mut command, &data)?;
        let path = if system == System::Prometheus { "-/ready" } else { "health" };
        server.wait_for(&format!("http://127.0.0.1:{PEER_PORT}/{path}"))?;
        Ok(server)
    }

    #[expect(clippy::disallowed_methods, reason = "time to the first answer is measured")]
    fn start(command: &mut Command, data: &Path) -> Result<Self> {
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child, data: data.to_owned(), started, memory_group: None })
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

    /// Seconds from process start to the first accepted request.
    pub(crate) fn first_accepted(&self, payload: &mut Payload) -> Result<f64> {
        (payload.renew)(&mut payload.body, 0);
        send::post(&send::agent(), &otlp("spans"), &payload.body)?;
        Ok(self.started.elapsed().as_secs_f64())
    }

    /// Number of OOM kills in the memory cgroup.
    pub(crate) fn kills(&self) -> u64 {
        self.memory_group.as_ref().map_or(0, MemoryGroup::kills)
    }

    /// Adds a note to an error if the server was OOM-killed.
    pub(crate) fn explain<T>(&self, result: Result<T>) -> Result<T> {
        match self.kills() {
            0 => result,
            _ => result.context("the kernel has killed the server: its memory group was full"),
        }
    }

    /// Lets the server read its configuration again.
    pub(crate) fn reload(&self) -> Result<()> {
        let status = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status()?;
        ensure!(status.success(), "kill: {status}");
        Ok(())
    }

    /// Current resident memory.
    pub(crate) fn rss_bytes(&self) -> Result<u64> {
        self.status("VmRSS:").context("no VmRSS")
    }

    fn status(&self, field: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with(field))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    }

    pub(crate) fn cpu_s(&self) -> Option<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: f64 =
            fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
        Some(ticks / TICKS)
    }

    /// Stops the server, records its CPU time and measures its data folder.
    #[expect(clippy::disallowed_methods, reason = "the time of a stop is measured")]
    pub(crate) fn stop(mut self) -> Result<Stopped> {
        let begin = Instant::now();
        let mut cpu_s = self.cpu_s().unwrap_or_default();
        let mut rss_peak_bytes = self.status("VmHWM:").unwrap_or_default();
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let status = loop {
            cpu_s = cpu_s.max(self.cpu_s().unwrap_or_default());
            rss_peak_bytes = rss_peak_bytes.max(self.status("VmHWM:").unwrap_or_default());
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            if begin.elapsed() > STOP_MAX {
                bail!("the server did not stop within {STOP_MAX:?} of SIGTERM");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let wall_s = begin.elapsed().as_secs_f64();
        if !status.success() {
            return self.explain(Err(anyhow!("the server did not stop cleanly: {status}")));
        }
        let bytes_at_rest = weigh(&self.data)?;
        Ok(Stopped { cpu_s, wall_s, rss_peak_bytes, bytes_at_rest })
    }
}

impl Settings {
    /// The configuration file.
    fn to_yaml(&self) -> String {
        let memory = self.memory_mib.map(|mib| format!("limits: {{memory: {mib}MiB}}\n"));
        let timeout = self
            .query_timeout
            .map(|timeout| format!("query: {{timeout: {}s}}\n", timeout.as_secs()));
        let adopt = self.adopt.as_ref().map(|file| format!("adopt: [{}]\n", file.display()));
        format!(
            "{}{}{}log: {{level: warn}}\n",
            memory.unwrap_or_default(),
            timeout.unwrap_or_default(),
            adopt.unwrap_or_default()
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
        let _absent = fs::remove_dir_all(&self.data);
        for extension in ["yml", PROMETHEUS_YAML] {
            let _none = fs::remove_file(self.data.with_extension(extension));
        }
    }
}

/// The number of items found by a query.
pub(crate) fn count(signal: &str) -> Result<u64> {
    // Only the workload's series: the translation adds `target_info`.
    let condition = if signal == "metrics" { " WHERE name LIKE 'node%'" } else { "" };
    let query = format!(r#"{{"query": "SELECT count(*) AS items FROM {signal}{condition}"}}"#);
    let mut answer = send::agent()
        .post(format!("http://127.0.0.1:{}/api/sql", 3000 + PORT_OFFSET))
        .header("Content-Type", "application/json")
        .send(query.as_bytes())?;
    let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
    answer["rows"][0]["items"].as_u64().with_context(|| format!("no count in {answer}"))
}

/// OTLP/HTTP for one signal.
pub(crate) fn otlp(signal: &str) -> Target {
    let path = if signal == "spans" { "traces" } else { signal };
    Target {
        url: format!("http://127.0.0.1:{}/v1/{path}", 4318 + PORT_OFFSET),
        headers: vec![("Content-Type", "application/x-protobuf")],
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
