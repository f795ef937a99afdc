//! The Python environment in the target folder.

use std::path::PathBuf;

use anyhow::Result;

use crate::shell::{command, install, need, root, run, target};

/// Installs the packages of a requirements file and returns the folder of their programs.
pub(crate) fn programs(requirements: &str) -> Result<PathBuf> {
    need("python3", &["python3"])?;
    let environment = target().join("e2e-python");
    let python = environment.join("bin/python").display().to_string();
    if !environment.join("bin/pip").is_file() {
        let path = environment.display().to_string();
        let create = || run(&mut command("python3", &["-m", "venv", "--clear", &path]));
        if create().is_err() {
            install(&["python3-venv"])?;
            create()?;
        }
    }
    let install = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r"];
    run(command(&python, &install).arg(root().join(requirements)))?;
    Ok(environment.join("bin"))
}
