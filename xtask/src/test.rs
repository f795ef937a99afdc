//! `cargo xtask test`: everything that must hold before a change lands.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell::{command, has, install, need, root, run as run_command, target, unpacked};
use crate::{fetch, run as build_and_run, tidy, ui};

/// A named step.
type Step = (&'static str, fn() -> Result<()>);

/// The steps, cheapest first.
const STEPS: [Step; 10] = [
    ("fetch", fetch::run_all),
    ("tidy", tidy::check),
    ("format", || run_command(&mut command("cargo", &["fmt", "--all", "--check"]))),
    ("page", ui::check),
    ("lints", lints),
    ("rust", rust),
    ("documentation", documentation),
    ("clients", clients),
    ("bucket", bucket),
    ("browser", browser),
];

/// Runs all steps, or those that are named and the first one, which the others need. The last line
/// of the output counts them.
pub(crate) fn run(names: &[String]) -> Result<()> {
    if let Some(name) = names.iter().find(|name| STEPS.iter().all(|(step, _)| step != name)) {
        bail!("there is no step {name:?}: {}", STEPS.map(|(step, _)| step).join(", "));
    }
    let chosen: Vec<&Step> = STEPS
        .iter()
        .filter(|(name, _)| {
            names.is_empty() || *name == STEPS[0].0 || names.iter().any(|chosen| chosen == name)
        })
        .collect();
    let mut failed = Vec::new();
    for (i, (name, step)) in chosen.iter().enumerate() {
        eprintln!("\n=== {}/{} {name}", i + 1, chosen.len());
        if let Err(error) = step() {
            eprintln!("=== {name} failed: {error:#}");
            failed.push(*name);
        }
    }
    eprintln!("\n{} passed, {} failed", chosen.len() - failed.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

/// The workspace; the SDK with all its features; and the example with rig, whose crates would
/// change what the engine is built with.
fn rust() -> Result<()> {
    run_command(&mut command("cargo", &["test", "--workspace", "--no-fail-fast"]))?;
    let sdk = ["test", "--package", "glasshouse-sdk", "--all-features"];
    run_command(&mut command("cargo", &sdk))?;
    let rig = ["test", "--locked", "--manifest-path", "examples/rig/Cargo.toml", "--target-dir"];
    run_command(command("cargo", &rig).arg(target()))
}

fn lints() -> Result<()> {
    for packages in
        [&["--workspace"][..], &["--package", "glasshouse-sdk", "--no-default-features"]]
    {
        let mut clippy = command("cargo", &["clippy"]);
        clippy.args(packages).args(["--all-targets", "--", "--deny", "warnings"]);
        run_command(&mut clippy)?;
    }
    Ok(())
}

fn documentation() -> Result<()> {
    let arguments = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    run_command(
        command("cargo", &arguments)
            .env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private_intra_doc_links"),
    )
}

/// A Python environment with what the tests of `e2e/` need; the folder of its programs.
fn python_environment() -> Result<PathBuf> {
    need("python3", &["python3"])?;
    let environment = target().join("e2e-python");
    let python = environment.join("bin/python").display().to_string();
    if !environment.join("bin/pip").is_file() {
        let path = environment.display().to_string();
        let create = || run_command(&mut command("python3", &["-m", "venv", "--clear", &path]));
        if create().is_err() {
            install(&["python3-venv"])?;
            create()?;
        }
    }
    let install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r"];
    run_command(command(&python, &install).arg(root().join("e2e/requirements.txt")))?;
    Ok(environment.join("bin"))
}

/// The store on a server of the S3 API; its client's crates would change what the engine is built
/// with.
fn bucket() -> Result<()> {
    let server = python_environment()?.join("moto_server");
    let test = ["test", "--locked", "--manifest-path", "e2e/s3/Cargo.toml", "--target-dir"];
    run_command(command("cargo", &test).arg(target()).env("MOTO_SERVER", server))
}

/// The OpenTelemetry Python SDK against the running binary, answers fetched back from each API.
fn clients() -> Result<()> {
    let python = python_environment()?.join("python").display().to_string();
    let prometheus = unpacked("prometheus")?;
    // Both at once: alone, the agent's crates would be built a second time with fewer features.
    let both = ["build", "--package", "agent", "--package", "glasshouse"];
    run_command(&mut command("cargo", &both))?;
    let server = Server::start(&["serve"])?;
    let binary = build_and_run::built(false);
    let mut tests = command(&python, &["-m", "pytest", "-q", "e2e"]);
    tests.env("AGENT_BINARY", target().join("debug/agent")).env("PROMETHEUS_BINARY", prometheus);
    tests.env("GLASSHOUSE_PORT_OFFSET", server.port_offset.to_string());
    run_command(tests.env("GLASSHOUSE_BINARY", binary))
}

/// The page in headless Chromium over live demo traffic.
fn browser() -> Result<()> {
    need("chromium", &["chromium", "fonts-dejavu-core"])?;
    ui::build()?;
    let server = Server::start(&["demo"])?;
    let at = |port: u16| format!("http://127.0.0.1:{}", port + server.port_offset);
    let mut checks = command("npm", &["run", "e2e"]);
    checks.env("GLASSHOUSE_URL", at(3000)).env("AGENT_URL", at(8090));
    run_command(checks.current_dir(root().join("ui")))
}

/// The binary at work on a folder of its own; stopped when dropped.
struct Server {
    child: Child,
    data: PathBuf,
    port_offset: u16,
}

impl Server {
    /// Starts the binary on ports that are free, and waits until it says that it is ready.
    fn start(arguments: &[&str]) -> Result<Self> {
        let binary = build_and_run::build(false)?;
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
                        .filter(|l| l.contains("ERROR"))
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

/// An offset at which the ports are free; below those that outgoing connections get.
fn free_port_offset() -> Result<u16> {
    let is_free = |offset: &u16| {
        [3000, 3100, 3200, 4317, 4318, 8090, 8888, 8889, 9090, 9464, 9465, 9466, 13133, 16686]
            .iter()
            .all(|port| std::net::TcpListener::bind(("127.0.0.1", port + offset)).is_ok())
    };
    (6_000..15_000).step_by(250).find(is_free).context("no free ports")
}
