//! `glasshouse check`: validates files.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use adopt::rules::{Language, Options};
use adopt::{Files as _, SystemFiles, Unsupported};
use clap::ValueEnum;
use template::Limits;
use template::alertmanager::Templates;

use super::print;
use crate::config::Config;
use crate::dashboards;

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Configuration of this program
    Config,
    /// Recording and alerting rules of Prometheus
    Rules,
    /// Recording and alerting rules of Loki
    LokiRules,
    /// Configuration of Alertmanager, with its templates
    Alertmanager,
    /// Dashboards of Grafana, also in folders
    Dashboards,
}

/// Checks every file and reports all errors.
pub(crate) fn run(kind: Kind, paths: &[PathBuf]) -> anyhow::Result<()> {
    let check: fn(&Path) -> Result<String, Vec<String>> = match kind {
        Kind::Config => config,
        Kind::Rules => |path| rules(path, Language::PromQl),
        Kind::LokiRules => |path| rules(path, Language::LogQl),
        Kind::Alertmanager => alertmanager,
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

fn rules(path: &Path, language: Language) -> Result<String, Vec<String>> {
    let check_template =
        |text: &str| template::prometheus::check_alert("", text).map_err(|error| error.to_string());
    let options = Options { check_template: &check_template, ..Options::new(language) };
    let file = adopt::rules::load(path, &SystemFiles, &options)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let rules: usize = file.groups.iter().map(|group| group.rules.len()).sum();
    Ok(with_notes(format!("{rules} rules"), &file.unsupported))
}

fn alertmanager(path: &Path) -> Result<String, Vec<String>> {
    let config =
        adopt::alertmanager::load(path, &SystemFiles).map_err(|error| vec![error.to_string()])?;
    let mut templates = Templates::default();
    let (mut files, mut unmatched) = (0, String::new());
    for pattern in &config.templates {
        let found = adopt::matching_files(pattern, &SystemFiles)
            .map_err(|error| vec![format!("{}: {error}", path.display())])?;
        if found.is_empty() {
            let _infallible = write!(unmatched, "\n  templates: no file is {}", pattern.display());
        }
        for file in found {
            let parsed = SystemFiles.read(&file).map_err(|error| error.to_string());
            let parsed = parsed.and_then(|bytes| {
                let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                templates.parse(&name, &text, &Limits::default()).map_err(|error| error.to_string())
            });
            parsed.map_err(|error| vec![format!("{}: {error}", file.display())])?;
            files += 1;
        }
    }
    let receivers = config.receivers.len();
    let found = format!("{receivers} receivers, {files} files of templates{unmatched}");
    Ok(with_notes(found, &config.unsupported))
}

/// What was found, and below it what is not supported.
fn with_notes(mut found: String, unsupported: &[Unsupported]) -> String {
    for note in unsupported {
        let _infallible = write!(found, "\n  {note}");
    }
    found
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
