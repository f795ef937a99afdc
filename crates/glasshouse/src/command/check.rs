//! `glasshouse check`: validates files.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::print;
use crate::config::Config;
use crate::dashboards;

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Configuration of this program
    Config,
    /// Recording and alerting rules
    Rules,
    /// Dashboards of Grafana, also in folders
    Dashboards,
}

/// Checks every file and reports all errors.
pub(crate) fn run(kind: Kind, paths: &[PathBuf]) -> anyhow::Result<()> {
    let check: fn(&Path) -> Result<String, Vec<String>> = match kind {
        Kind::Config => config,
        Kind::Rules => anyhow::bail!("checking rules is not supported yet"),
        Kind::Dashboards => boards,
    };
    let mut report = String::new();
    let mut wrong = 0;
    for path in paths {
        match check(path) {
            Ok(found) => writeln!(report, "{}: {found}", path.display())?,
            Err(errors) => {
                wrong += 1;
                for error in errors {
                    writeln!(report, "{error}")?;
                }
            }
        }
    }
    print(&report)?;
    anyhow::ensure!(wrong == 0, "{wrong} of {} are wrong", paths.len());
    Ok(())
}

fn config(path: &Path) -> Result<String, Vec<String>> {
    Config::read(path).map(|_| "ok".to_owned()).map_err(|error| vec![error.to_string()])
}

fn boards(path: &Path) -> Result<String, Vec<String>> {
    let (found, problems) = dashboards::check(path);
    if problems.is_empty() && found > 0 {
        return Ok(format!("{found} dashboards"));
    }
    let none = || {
        format!("{}: no dashboard: it has a title, and panels, rows or elements", path.display())
    };
    let mut errors: Vec<String> = problems
        .into_iter()
        .map(|problem| format!("{}: {}", problem.file, problem.reason))
        .collect();
    errors.extend((found == 0 && errors.is_empty()).then(none));
    Err(errors)
}
