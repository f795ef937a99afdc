//! `cargo xtask compare`: the same data to a real system and to Glasshouse.

use std::process::Command;

use anyhow::{Result, bail};

use crate::server::{Server, free_port_offset};
use crate::shell::{command, root, run as run_command, unpacked};
use crate::test::PYTHON_TESTS;
use crate::{python, run as build_and_run};

/// Compares with the system that is named.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments {
        [system] if system == "prometheus" => prometheus(),
        [system] if system == "alertmanager" => alertmanager(),
        [system] => bail!("{system} cannot be compared with; prometheus and alertmanager can"),
        _ => bail!("compare takes one system: prometheus or alertmanager"),
    }
}

/// The same queries over the same data.
fn prometheus() -> Result<()> {
    let mut compare = script("e2e/compare/prometheus.py")?;
    let server = Server::start(&["serve"])?;
    if std::env::var_os("GLASSHOUSE_CORPORA").is_none() {
        compare.env("GLASSHOUSE_CORPORA", root().join("../shared/corpora"));
    }
    run_command(compare.env("GLASSHOUSE_PORT_OFFSET", server.port_offset.to_string()))
}

/// The notifications of the same rules. The script starts, kills and starts both stacks.
fn alertmanager() -> Result<()> {
    let mut compare = script("e2e/compare/alertmanager.py")?;
    compare.env("ALERTMANAGER_BINARY", unpacked("prometheus-alertmanager")?);
    compare.env("GLASSHOUSE_BINARY", build_and_run::build(false)?);
    run_command(compare.env("GLASSHOUSE_PORT_OFFSET", free_port_offset()?.to_string()))
}

/// A script that runs Debian's Prometheus.
fn script(file: &str) -> Result<Command> {
    let python = python::programs(PYTHON_TESTS)?.join("python").display().to_string();
    let mut script = command(&python, &[file]);
    script.env("PROMETHEUS_BINARY", unpacked("prometheus")?);
    Ok(script)
}
