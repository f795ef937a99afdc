//! Project rules that no compiler checks. They run as a test too.

mod compatibility;
mod crates;
mod features;
mod files;
mod map;
mod picture;
mod sizes;

use anyhow::{Result, bail};

use crate::fetch;

/// Which crate may use which others of the workspace. The table is the architecture: a new edge
/// comes with a decision record.
const EDGES: &[(&str, &[&str])] = &[
    ("conformance", &[]),
    ("signals", &[]),
    ("wire", &["signals"]),
    ("lang", &[]),
    ("page-api", &[]),
    ("store", &["signals"]),
    ("receive", &["signals", "store", "wire"]),
    ("promql", &["lang", "signals"]),
    ("query", &["lang", "promql", "signals", "store"]),
    ("serve", &["page-api", "query", "signals", "wire"]),
    ("glasshouse", &["agent", "page-api", "query", "receive", "serve", "signals", "store", "wire"]),
    ("glasshouse-sdk", &[]),
    ("agent", &["glasshouse-sdk"]),
    ("bench", &[]),
    ("xtask", &[]),
];

/// Heavy outside crates, and the only crates that may name them.
const OWNED: &[(&str, &[&str])] = &[
    ("arrow", &["query", "serve", "signals", "store", "wire"]),
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

/// Packages that a service compiles for the SDK, with gRPC and TLS.
const SDK_PACKAGES_MAX: usize = 150;

/// `cargo xtask tidy [--write]`: checks the rules, after it has written what is made from others.
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

/// Checks every rule and reports all that is wrong at once.
pub(crate) fn check() -> Result<()> {
    // `cargo tree` lists features that no default build downloads.
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
