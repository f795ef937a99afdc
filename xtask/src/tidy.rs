//! Project rules that the compiler cannot check. They also run as a test.

mod compatibility;
mod crates;
mod features;
mod files;
mod map;
mod picture;
mod sizes;

use anyhow::{Result, bail};

use crate::fetch;

/// The allowed edges between workspace crates. This table defines the architecture: a new edge
/// requires a decision record.
const EDGES: &[(&str, &[&str])] = &[
    ("conformance", &[]),
    ("signals", &[]),
    ("adopt", &["lang", "signals"]),
    ("wire", &["signals"]),
    ("lang", &[]),
    ("page-api", &[]),
    ("chunks", &["signals"]),
    ("store", &["chunks", "signals"]),
    ("template", &["signals"]),
    ("tsdb", &["signals"]),
    ("http-client", &["adopt", "signals"]),
    ("notify", &["adopt", "http-client", "signals", "template"]),
    ("alertmanager", &["adopt", "notify", "signals", "template"]),
    ("receive", &["adopt", "http-client", "signals", "store", "wire"]),
    ("promql", &["lang", "signals"]),
    ("rules", &["adopt", "promql", "signals", "template"]),
    ("query", &["lang", "promql", "signals", "store"]),
    ("serve", &["adopt", "alertmanager", "page-api", "query", "rules", "signals", "wire"]),
    (
        "glasshouse",
        &[
            "adopt",
            "agent",
            "alertmanager",
            "notify",
            "page-api",
            "query",
            "receive",
            "rules",
            "serve",
            "signals",
            "store",
            "template",
            "tsdb",
            "wire",
        ],
    ),
    ("glasshouse-sdk", &[]),
    ("agent", &["glasshouse-sdk"]),
    ("bench", &[]),
    ("xtask", &[]),
];

/// Heavy external crates, and the only crates that may depend on them.
const OWNED: &[(&str, &[&str])] = &[
    ("arrow", &["chunks", "query", "serve", "signals", "store", "wire"]),
    ("datafusion", &["query"]),
    ("datafusion-datasource", &["query"]),
    ("parquet", &["store"]),
    ("object_store", &["query", "store"]),
    ("opentelemetry-proto", &["bench", "glasshouse-sdk", "wire"]),
    ("prost", &["bench", "glasshouse-sdk", "wire"]),
    ("rust-embed", &["agent", "serve"]),
    ("clap", &["bench", "glasshouse"]),
    ("anyhow", &["agent", "bench", "glasshouse", "xtask"]),
];

/// Maximum number of packages compiled for the SDK, with gRPC and TLS.
const SDK_PACKAGES_MAX: usize = 150;

/// `cargo xtask tidy [--write]`: optionally updates generated content, then checks the rules.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments {
        [] => check(),
        [write] if write == "--write" => {
            picture::write()?;
            check()
        }
        _ => bail!("tidy takes nothing but --write"),
    }
}

/// Checks all rules and reports all violations.
pub(crate) fn check() -> Result<()> {
    // `cargo tree` lists features that a default build does not download.
    fetch::main_workspace()?;
    let sources = files::sources()?;
    let mut wrong = crates::edges()?;
    wrong.extend(crates::sdk()?);
    wrong.extend(features::check()?);
    wrong.extend(map::crates()?);
    wrong.extend(map::paths()?);
    wrong.extend(map::decisions()?);
    wrong.extend(compatibility::check(&sources)?);
    wrong.extend(picture::check()?);
    wrong.extend(sizes::check(&sources)?);
    for file in &sources {
        wrong.extend(files::text(file)?);
    }
    if wrong.is_empty() {
        eprintln!("tidy: all rules hold");
        return Ok(());
    }
    bail!("{} things are out of order:\n  {}", wrong.len(), wrong.join("\n  "))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_rule_holds() {
        if let Err(wrong) = super::check() {
            panic!("{wrong:#}");
        }
    }
}
