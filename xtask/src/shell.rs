//! Runs other programs, and installs those missing on a fresh Debian machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A command that runs in the root of the repository.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command with inherited output.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    eprintln!("$ {shown}");
    let status = command.status().with_context(|| format!("cannot start: {shown}"))?;
    if status.success() { Ok(()) } else { bail!("{shown}: {status}") }
}

/// Runs a command and returns its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command.output().with_context(|| format!("cannot start: {shown}"))?;
    if !output.status.success() {
        bail!("{shown}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{shown}: not UTF-8"))
}

/// Whether a program is available.
pub(crate) fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|p| p.join(program).is_file()))
}

/// Installs Debian packages unless `program` is available.
pub(crate) fn need(program: &str, packages: &[&str]) -> Result<()> {
    if has(program) {
        return Ok(());
    }
    install(packages).with_context(|| format!("{program} is missing"))
}

/// The program of the Debian package of the same name. A missing package is only unpacked in the
/// target folder: installing a server would also start it, on one of our ports.
pub(crate) fn unpacked(program: &str) -> Result<PathBuf> {
    if has(program) {
        return Ok(program.into());
    }
    let folder = target().join(format!("e2e-{program}"));
    let unpacked = folder.join("usr/bin").join(program);
    if !unpacked.is_file() {
        std::fs::create_dir_all(&folder)?;
        let download =
            || run(command("apt-get", &["download", "-q", program]).current_dir(&folder));
        if download().is_err() {
            refresh()?;
            download()?;
        }
        run(command("sh", &["-c", "dpkg -x *.deb ."]).current_dir(&folder))?;
    }
    Ok(unpacked)
}

/// Installs Debian packages.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if !has("apt-get") {
        bail!("there is no apt-get; please install {}", packages.join(" "));
    }
    refresh()?;
    let mut line = vec!["install", "-q", "-y", "--no-install-recommends"];
    line.extend(packages);
    as_root(&line)
}

/// Runs `apt-get update`.
fn refresh() -> Result<()> {
    as_root(&["update", "-q"])
}

fn as_root(arguments: &[&str]) -> Result<()> {
    let sudo: &[&str] = if has("sudo") { &["sudo"] } else { &[] };
    let mut line: Vec<&str> = sudo.to_vec();
    line.push("apt-get");
    line.extend(arguments);
    run(command(line[0], &line[1..]).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// The command as typed in a shell.
pub(crate) fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    words.join(" ")
}
