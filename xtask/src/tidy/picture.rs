//! The crate diagram in ARCHITECTURE.md, generated from the table of edges.

use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};

use super::{EDGES, map};
use crate::shell::root;

/// Delimiters of the diagram.
const DIAGRAM_FENCES: [&str; 2] = ["```mermaid\n", "```\n"];

/// Checks that the diagram is up to date.
pub(super) fn check() -> Result<Vec<String>> {
    let map = map::read()?;
    let hint =
        "the picture of the crates is not the table of edges: run `cargo xtask tidy --write`";
    Ok(if redrawn(&map)? == map { vec![] } else { vec![format!("ARCHITECTURE.md: {hint}")] })
}

/// Updates the diagram.
pub(super) fn write() -> Result<()> {
    fs::write(root().join("ARCHITECTURE.md"), redrawn(&map::read()?)?).context("ARCHITECTURE.md")
}

/// The document with the current diagram.
fn redrawn(map: &str) -> Result<String> {
    let missing = "ARCHITECTURE.md has no picture of the crates (```mermaid)";
    let (before, rest) = map.split_once(DIAGRAM_FENCES[0]).context(missing)?;
    let (_old, after) = rest.split_once(DIAGRAM_FENCES[1]).context(missing)?;
    Ok([before, DIAGRAM_FENCES[0], &mermaid(EDGES), DIAGRAM_FENCES[1], after].concat())
}

/// One arrow per edge.
fn mermaid(edges: &[(&str, &[&str])]) -> String {
    let mut picture = "graph TD\n".to_owned();
    for (user, used) in edges {
        let line = match used {
            [] => (*user).to_owned(),
            used => format!("{user} --> {}", used.join(" & ")),
        };
        let _infallible = writeln!(picture, "    {line}");
    }
    picture
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_crate_points_at_what_it_uses() {
        let edges: &[(&str, &[&str])] = &[("signals", &[]), ("wire", &["signals", "lang"])];
        assert_eq!(super::mermaid(edges), "graph TD\n    signals\n    wire --> signals & lang\n");
    }
}
