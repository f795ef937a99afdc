//! The process's own log, on standard error: text, or one JSON object per line.

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{Log, LogFormat};

/// Initialises logging, once per process.
///
/// # Errors
/// If the level is invalid.
pub(crate) fn start(settings: &Log) -> anyhow::Result<()> {
    // Libraries log at a lower level unless configured explicitly.
    let quiet = "h2=warn,hyper=warn,hyper_util=warn,tower=warn,tonic=warn,opentelemetry=warn,opentelemetry_sdk=error";
    let filter =
        EnvFilter::builder().parse(format!("{quiet},{}", settings.level)).with_context(|| {
            format!(
                "log.level: {:?} is not error, warn, info, debug, trace or directives",
                settings.level
            )
        })?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    match settings.format {
        LogFormat::Text => {
            builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init()
        }
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}
