//! Running other programs, and getting those that a fresh Debian machine lacks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Cargo's target folder for this build.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A command in the root of the repository.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command to its end, its output passed through.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    eprintln!("$ {shown}");
    let status = command.status().with_context(|| format!("cannot start: {shown}"))?;
    if status.success() { Ok(()) } else { bail!("{shown}: {status}") }
}

/// Whether a program can be started.
pub(crate) fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|p| p.join(program).is_file()))
}

/// Installs Debian packages unless `program` is there already.
pub(crate) fn need(program: &str, packages: &[&str]) -> Result<()> {
    if has(program) {
        return Ok(());
    }
    install(packages).with_context(|| format!("{program} is missing"))
}

/// Installs Debian packages.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if !has("apt-get") {
        bail!("there is no apt-get; please install {}", packages.join(" "));
    }
    let sudo: &[&str] = if has("sudo") { &["sudo"] } else { &[] };
    for arguments in [&["update", "-q"][..], &["install", "-q", "-y", "--no-install-recommends"]] {
        let mut line: Vec<&str> = sudo.to_vec();
        line.push("apt-get");
        line.extend(arguments);
        if arguments[0] == "install" {
            line.extend(packages);
        }
        run(command(line[0], &line[1..]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}
