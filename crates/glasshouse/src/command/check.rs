//! `glasshouse check`: validates files.

use std::fmt::Write;
use std::path::PathBuf;

use clap::ValueEnum;

use super::print;
use crate::config::Config;

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Configuration of this program
    Config,
    /// Recording and alerting rules
    Rules,
    /// Dashboards
    Dashboards,
}

/// Checks every file and reports all errors.
pub(crate) fn run(kind: Kind, paths: &[PathBuf]) -> anyhow::Result<()> {
    match kind {
        Kind::Config => {}
        Kind::Rules => anyhow::bail!("checking rules is not supported yet"),
        Kind::Dashboards => anyhow::bail!("checking dashboards is not supported yet"),
    }
    let mut report = String::new();
    let mut wrong = 0;
    for path in paths {
        match Config::read(path) {
            Ok(_) => writeln!(report, "{}: ok", path.display())?,
            Err(error) => {
                wrong += 1;
                writeln!(report, "{error}")?;
            }
        }
    }
    print(&report)?;
    anyhow::ensure!(wrong == 0, "{wrong} of {} files are wrong", paths.len());
    Ok(())
}
