//! The example agent as a standalone program.
//!
//! `AGENT_ADDRESS` is the listening address, `--traffic` adds visitors, `PROMETHEUS_ENDPOINT` is
//! the address of the metrics endpoint (`off` disables it); the rest is configured through the SDK:
//! `OTEL_*`, `GLASSHOUSE_NAMING_PROFILE` and the configuration file.

use std::fmt::Write as _;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

use agent::Settings;
use anyhow::{Context, bail};

const USAGE: &str = "usage: agent [--traffic]

Starts alex-agent, llm-gateway and tool-runner in one process; --traffic brings visitors.

  AGENT_ADDRESS              where the agent and its page listen (127.0.0.1:8090)
  PROMETHEUS_ENDPOINT        where its metrics are scraped (127.0.0.1:9464), or off;
                             those of the other two are on the next two ports
  GLASSHOUSE_URL             where Glasshouse is, for links on the page (http://127.0.0.1:3000)
  GLASSHOUSE_NAMING_PROFILE  otel, alex, ai-platform, botticelli or refly
  OTEL_*                     where telemetry goes (http://localhost:4318)
";

fn main() -> anyhow::Result<()> {
    let mut settings = Settings {
        glasshouse_url: Some("http://127.0.0.1:3000".to_owned()),
        ..Settings::default()
    };
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--traffic" => settings.traffic = true,
            "--help" | "-h" => return print(USAGE),
            other => bail!("`{other}` is not known\n\n{USAGE}"),
        }
    }
    if let Some(address) = variable("AGENT_ADDRESS") {
        let parsed = address.parse();
        settings.address = parsed
            .with_context(|| format!("AGENT_ADDRESS is `{address}`, not an address and port"))?;
    }
    settings.metrics_address = match variable("PROMETHEUS_ENDPOINT").as_deref() {
        None => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464))),
        Some("off") => None,
        Some(address) => Some(address.parse().with_context(|| {
            format!("PROMETHEUS_ENDPOINT is `{address}`, not an address and port")
        })?),
    };
    if let Some(url) = variable("GLASSHOUSE_URL") {
        settings.glasshouse_url = Some(url);
    }
    let running = agent::start(&settings)?;
    let mut text = format!(
        "alex-agent   http://{}\nllm-gateway  http://{}/v1\ntool-runner  http://{}/mcp\n",
        running.page(),
        running.gateway(),
        running.tools()
    );
    for (service, address) in running.metrics_of_services() {
        let _ = writeln!(text, "metrics      http://{address}/metrics ({service})");
    }
    print(&text)?;
    wait_for_signal()?;
    if !running.stop() {
        bail!("not everything ended in 5 s");
    }
    Ok(())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Prints to standard error: standard output is for log lines.
fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stderr().write_all(text.as_bytes())?)
}

fn wait_for_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}
