//! Tests of the page in headless Chromium, with live demo traffic.

use anyhow::Result;

use crate::server::Server;
use crate::shell::{command, need, root, run};
use crate::ui;

/// Opens every view.
pub(crate) fn check() -> Result<()> {
    over_demo(&["run", "e2e"])
}

/// `cargo xtask screenshot`: renews the screenshots in README.
pub(crate) fn screenshot() -> Result<()> {
    over_demo(&["run", "screenshot"])
}

/// Runs a script of the page's package against a demo.
fn over_demo(script: &[&str]) -> Result<()> {
    need("chromium", &["chromium", "fonts-dejavu-core"])?;
    ui::build()?;
    let server = Server::start(&["demo"])?;
    let at = |port: u16| format!("http://127.0.0.1:{}", port + server.port_offset);
    let mut npm = command("npm", script);
    npm.env("GLASSHOUSE_URL", at(3000)).env("AGENT_URL", at(8090));
    run(npm.current_dir(root().join("ui")))
}
