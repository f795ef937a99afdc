//! `cargo xtask run`: builds everything and starts the demo.

use anyhow::Result;

use crate::shell::{command, run as run_command, target};
use crate::ui;

/// Builds page and binary, and starts `glasshouse demo`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let is_release = arguments.iter().any(|argument| argument == "--release");
    eprintln!("1/3 the page");
    ui::build()?;
    eprintln!(
        "2/3 the binary (the first build compiles the query engine: 6 to 15 minutes on two cores)"
    );
    let binary = build(is_release)?;
    eprintln!("3/3 Glasshouse with demo traffic; stop it with Ctrl-C");
    let passed_on = arguments.iter().filter(|argument| *argument != "--release");
    run_command(command(&binary, &["demo"]).args(passed_on))
}

/// Builds the binary and returns its path.
pub(crate) fn build(is_release: bool) -> Result<String> {
    let mut cargo = command("cargo", &["build", "--package", "glasshouse"]);
    if is_release {
        cargo.arg("--release");
    }
    run_command(&mut cargo)?;
    Ok(built(is_release))
}

/// The path of the binary.
pub(crate) fn built(is_release: bool) -> String {
    let profile = if is_release { "release" } else { "debug" };
    target().join(profile).join("glasshouse").display().to_string()
}
