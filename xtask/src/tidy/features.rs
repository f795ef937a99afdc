//! Checks that every selection of crates shares one build of the dependencies.
//!
//! Cargo builds a dependency with the features requested by the selected crates. `-p query` alone
//! would build the engine a second time if another crate of the workspace requests more features.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};

use super::EDGES;
use crate::shell::{command, output, root};

/// The edges that `cargo build` and `cargo test` compile.
const SELECTIONS: [(&str, &str); 2] = [("build", "normal,build"), ("test", "normal,build,dev")];

/// The target checked on every machine; other targets need a few other crates.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Crates with feature sets of their own, and the reason.
const OWN_FEATURES: [&str; 1] = [
    // Published: its tests must not rely on features that only this workspace enables.
    "glasshouse-sdk",
];

/// Dependencies whose features may differ.
const DIFFERENT: [&str; 1] = [
    // With its gRPC clients, which only the SDK uses, `wire` would compile tonic and axum.
    "opentelemetry-proto",
];

/// Workspaces that `cargo xtask test` builds into one target folder.
const ONE_FOLDER: [&str; 3] = ["Cargo.toml", "e2e/s3/Cargo.toml", "examples/rig/Cargo.toml"];

/// The enabled features of a package.
type Set = BTreeSet<String>;

/// The features of each package, by the package that depends on it and that one's features. There
/// are several sets if macros and build scripts need others than the program.
type Features = BTreeMap<(String, String), BTreeSet<Set>>;

/// Compares the dependencies of each crate with those of the whole workspace.
pub(super) fn check() -> Result<Vec<String>> {
    let whole = features(&["--workspace"], SELECTIONS[1].1)?;
    let mut wrong = Vec::new();
    for (name, _) in EDGES.iter().filter(|(name, _)| !OWN_FEATURES.contains(name)) {
        for (selection, edges) in SELECTIONS {
            let alone = features(&["--package", name], edges)?;
            wrong.extend(differences(&alone, &whole).into_iter().map(|difference| {
                format!("cargo {selection} -p {name} builds {difference}: name it for its features")
            }));
        }
    }
    wrong.extend(profiles()?);
    Ok(wrong)
}

/// Checks that the workspaces that share a target folder share a dev profile.
fn profiles() -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for manifest in ONE_FOLDER {
        let text = fs::read_to_string(root().join(manifest)).context(manifest)?;
        if text.contains("[profile.dev") {
            wrong.push(format!("{manifest}: the profile dev belongs in .cargo/config.toml"));
        }
    }
    Ok(wrong)
}

/// The packages whose features differ from those in the whole workspace.
fn differences(alone: &Features, whole: &Features) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for (key @ (_, package), sets) in alone {
        // A dependent with differing features is not in the whole workspace's graph.
        let Some(shared) = whole.get(key) else { continue };
        for set in sets.difference(shared) {
            let wider = shared.iter().filter(|shared| shared.is_superset(set));
            let lacks =
                wider.max_by_key(|shared| shared.len()).map_or_else(String::new, |shared| {
                    let lacking: Vec<&str> = shared.difference(set).map(String::as_str).collect();
                    format!(" without {}", lacking.join(", "))
                });
            wrong.insert(format!("{package} again{lacks}"));
        }
    }
    wrong
}

/// The features of all registry packages in the build of a selection.
fn features(selection: &[&str], edges: &str) -> Result<Features> {
    let mut tree = command("cargo", &["tree", "--locked", "--target", TARGET, "--edges", edges]);
    let text = output(tree.args(["--prefix", "depth", "--format", " {p} [{f}]"]).args(selection))?;
    Ok(parsed(&text))
}

/// Parses lines such as `2 name v1.2.3 [feature,feature]`: depth, package and features; ` (*)`
/// marks a subtree that is not repeated.
fn parsed(tree: &str) -> Features {
    let mut features = Features::new();
    let mut users: Vec<&str> = Vec::new();
    for line in tree.lines() {
        let Some((depth, built)) = fields(line) else { continue };
        let Some((package, set)) =
            built.strip_suffix(']').and_then(|built| built.rsplit_once(" ["))
        else {
            continue;
        };
        users.truncate(depth);
        // Workspace crates, which have a path after their version, are treated as one.
        let is_inside = package.ends_with(')') && !package.ends_with("(proc-macro)");
        if !is_inside && !DIFFERENT.iter().any(|name| package.starts_with(&format!("{name} "))) {
            let user = users.last().copied().unwrap_or_default().to_owned();
            let set = set.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
            features.entry((user, package.to_owned())).or_default().insert(set);
        }
        users.push(if is_inside { "" } else { built });
    }
    features
}

fn fields(line: &str) -> Option<(usize, &str)> {
    let (depth, built) = line.split_once(' ')?;
    Some((depth.parse().ok()?, built.trim_end_matches(" (*)")))
}

#[cfg(test)]
mod tests {
    use super::{differences, parsed};

    const WHOLE: &str = "\
0 query v0.1.0 (/house/crates/query) []
1 serde v1.0.1 [derive,rc,std]
2 serde_core v1.0.1 [rc,std]
2 serde_derive v1.0.1 (proc-macro) []
3 syn v2.0.1 [full]
4 memchr v2.0.1 [alloc]
1 memchr v2.0.1 [alloc,std]
1 serde v1.0.1 [derive,rc,std] (*)
";

    fn found(alone: &str) -> Vec<String> {
        differences(&parsed(alone), &parsed(WHOLE)).into_iter().collect()
    }

    #[test]
    fn a_selection_of_the_same_features_has_no_differences() {
        assert_eq!(found(WHOLE), [""; 0]);
        assert_eq!(
            found("0 wire v0.1.0 (/house/wire) [x]\n1 memchr v2.0.1 [alloc,std]\n"),
            [""; 0]
        );
    }

    #[test]
    fn a_lacking_feature_is_named() {
        let alone =
            "0 wire v0.1.0 (/house/wire) []\n1 serde v1.0.1 [std]\n2 serde_core v1.0.1 [std]\n";
        assert_eq!(found(alone), ["serde v1.0.1 again without derive, rc"]);
    }

    #[test]
    fn what_macros_use_does_not_stand_for_what_programs_use() {
        assert_eq!(found("0 memchr v2.0.1 [alloc]\n"), ["memchr v2.0.1 again without std"]);
    }
}
