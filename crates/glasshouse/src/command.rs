//! The command line.

mod check;
mod doctor;
mod import;
mod query;
mod replay;
mod test;

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Config, ConfigError};
use crate::listener::BindError;
use crate::run::{self, DataFolderError};

/// Stores metrics, traces and logs, and answers queries about them. One process, one folder.
#[derive(Debug, Parser)]
#[command(name = "glasshouse", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive, store and answer queries (the default command)
    Serve(ServeArguments),
    /// Serve, with live traffic of an AI agent service
    Demo(ServeArguments),
    /// Query a running server
    Query(query::QueryArguments),
    /// Validate files
    Check {
        /// Type of the files
        kind: check::Kind,
        /// The files
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
    /// Test rules and routes
    #[command(subcommand)]
    Test(test::Test),
    /// Show what rules would have done over the history of a running server
    #[command(subcommand)]
    Replay(replay::ReplayCommand),
    /// Take over the history of a system that Glasshouse replaces, while no server runs
    #[command(subcommand)]
    Import(import::Import),
    /// Check ports, data folder and a running server
    Doctor(ServeArguments),
    /// Print the version
    Version,
}

/// What decides how a server runs.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServeArguments {
    /// Configuration file (YAML)
    #[arg(long, value_name = "FILE", env = "GLASSHOUSE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Data folder
    #[arg(long, value_name = "DIR", env = "GLASSHOUSE_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDR", env = "GLASSHOUSE_LISTEN")]
    pub(crate) listen: Option<IpAddr>,
    /// Add N to every port
    #[arg(long, value_name = "N", default_value_t = 0, env = "GLASSHOUSE_PORT_OFFSET")]
    pub(crate) port_offset: u16,
    /// Use a configuration file, or a folder of them, of a system that Glasshouse replaces: so far
    /// prometheus.yml (repeatable)
    #[arg(long, value_name = "PATH", env = "GLASSHOUSE_ADOPT", value_delimiter = ',')]
    pub(crate) adopt: Vec<PathBuf>,
    /// error, warn, info, debug, trace, or directives such as info,store=debug [default: info]
    #[arg(long, value_name = "LEVEL", env = "GLASSHOUSE_LOG")]
    pub(crate) log: Option<String>,
}

/// A query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Metrics, as in Prometheus
    Promql,
    /// Logs, as in Loki
    Logql,
    /// Traces, as in Tempo
    Traceql,
    /// All three as tables
    Sql,
}

impl ServeArguments {
    /// The configuration file with the flags applied.
    pub(crate) fn configuration(&self) -> anyhow::Result<Config> {
        let mut config = match &self.config {
            Some(path) => Config::read(path).context("invalid configuration")?,
            None => Config::default(),
        };
        if let Some(listen) = self.listen {
            config.listen = listen;
        }
        if let Some(data) = &self.data {
            config.data = Some(data.clone());
        }
        config.adopt.extend(self.adopt.iter().cloned());
        if let Some(level) = &self.log {
            config.log.level.clone_from(level);
        }
        config.validate().map_err(|message| ConfigError::new("command line", message))?;
        Ok(config)
    }
}

/// Runs the command.
pub(crate) fn execute(arguments: Arguments) -> ExitCode {
    let command = arguments.command.unwrap_or(Command::Serve(arguments.serve));
    let result = match command {
        Command::Serve(arguments) => run::server(&arguments, false),
        Command::Demo(arguments) => run::server(&arguments, true),
        Command::Query(arguments) => query::run(&arguments),
        Command::Check { kind, paths } => check::run(kind, &paths),
        Command::Test(test) => test::run(&test),
        Command::Replay(replay) => replay::run(&replay),
        Command::Import(import) => import::run(&import),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Version => print(&format!("glasshouse {}\n", env!("CARGO_PKG_VERSION"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "glasshouse: {error:#}");
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The exit status of an error, as documented in `docs/operations.md`. Invalid command lines are
/// handled by clap, which exits with 2.
fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<ConfigError>() {
        2
    } else if error.is::<BindError>() {
        3
    } else if error.is::<DataFolderError>() {
        4
    } else {
        1
    }
}

/// Writes to standard output and ignores a closed pipe.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn serve_is_what_happens_without_a_command() {
        let arguments = Arguments::parse_from(["glasshouse", "--port-offset", "30000"]);
        assert!(arguments.command.is_none());
        assert_eq!(arguments.serve.port_offset, 30_000);
    }

    #[test]
    fn listening_beyond_loopback_is_refused() {
        let arguments = Arguments::parse_from(["glasshouse", "--listen", "0.0.0.0"]);
        let error = arguments.serve.configuration().unwrap_err();
        assert!(error.to_string().contains("authentication"), "{error}");
        assert_eq!(exit_code(&error), 2);
    }
}
