//! `cargo xtask compare`: the same data and queries to a real system and to Glasshouse.

use anyhow::{Result, bail};

use crate::python;
use crate::server::Server;
use crate::shell::{command, root, run as run_command, unpacked};
use crate::test::PYTHON_TESTS;

/// Compares with the system that is named.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [system] = arguments else { bail!("compare takes one system: prometheus") };
    if system != "prometheus" {
        bail!("{system} cannot be compared with; prometheus can");
    }
    let python = python::programs(PYTHON_TESTS)?.join("python").display().to_string();
    let prometheus = unpacked("prometheus")?;
    let server = Server::start(&["serve"])?;
    let mut compare = command(&python, &["e2e/compare/prometheus.py"]);
    if std::env::var_os("GLASSHOUSE_CORPORA").is_none() {
        compare.env("GLASSHOUSE_CORPORA", root().join("../shared/corpora"));
    }
    compare.env("PROMETHEUS_BINARY", prometheus);
    run_command(compare.env("GLASSHOUSE_PORT_OFFSET", server.port_offset.to_string()))
}
