//! A running server for end-to-end tests.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::run;
use crate::shell::{has, target};

/// The ports of the binary and of its demo.
const PORTS: [u16; 15] =
    [3000, 3100, 3200, 4317, 4318, 8090, 8888, 8889, 9090, 9093, 9464, 9465, 9466, 13133, 16686];

/// The binary with a data folder of its own; stopped on drop.
pub(crate) struct Server {
    child: Child,
    data: PathBuf,
    /// Offset of all ports.
    pub(crate) port_offset: u16,
}

impl Server {
    /// Starts the binary on free ports and waits until it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Result<Self> {
        let binary = run::build(false)?;
        let port_offset = free_port_offset()?;
        let data = target().join(format!("e2e-data-{port_offset}"));
        let _absent = std::fs::remove_dir_all(&data);
        let mut child = Command::new(&binary)
            .args(arguments)
            .args(["--port-offset", &port_offset.to_string(), "--data"])
            .arg(&data)
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {binary}"))?;
        let output = child.stderr.take().context("no output")?;
        let mut server = Self { child, data, port_offset };
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next().transpose()? {
            eprintln!("| {line}");
            if line.contains("ready") {
                std::thread::Builder::new().name("server-output".into()).spawn(move || {
                    lines
                        .map_while(Result::ok)
                        .filter(|l| l.contains("ERROR") || l.contains("WARN"))
                        .for_each(|l| eprintln!("| {l}"));
                })?;
                return Ok(server);
            }
        }
        bail!("the binary stopped before it was ready: {}", server.child.wait()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if has("kill") {
            let _gone = Command::new("kill").arg(self.child.id().to_string()).status();
        } else {
            let _gone = self.child.kill();
        }
        let _status = self.child.wait();
        let _absent = std::fs::remove_dir_all(&self.data);
    }
}

/// An offset with free ports, below the ephemeral port range.
pub(crate) fn free_port_offset() -> Result<u16> {
    let is_free = |offset: &u16| {
        let mut ports = PORTS.iter();
        ports.all(|port| std::net::TcpListener::bind(("127.0.0.1", port + offset)).is_ok())
    };
    (6_000..15_000).step_by(250).find(is_free).context("no free ports")
}
