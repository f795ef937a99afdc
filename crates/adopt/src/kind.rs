//! Which system a configuration file is for, recognised by its content.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files::Files;
use crate::yaml::{Document, Node, Value};

/// Folders within a folder that are searched.
const DEPTH_MAX: usize = 8;
/// Files and folders within a folder that are looked at.
const ENTRIES_MAX: usize = 10_000;

/// The system that a file configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `alertmanager.yml`.
    Alertmanager,
    /// `prometheus.yml`, or a file of its `scrape_config_files`.
    Prometheus,
    /// Grafana's provisioning of dashboards.
    GrafanaDashboards,
    /// Grafana's provisioning of data sources.
    GrafanaDataSources,
    /// Recording and alerting rules of Prometheus or Loki.
    Rules,
}

/// A key at the top of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The key.
    pub name: String,
    /// Its line, from 1.
    pub line: u32,
}

/// The keys at the top of a file; none if it is no mapping.
#[must_use]
pub fn sections(file: &Path, bytes: Vec<u8>) -> Vec<Section> {
    let Ok(document) = Document::parse(file, bytes) else { return Vec::new() };
    let Some(root) = document.root.as_deref() else { return Vec::new() };
    let Value::Mapping(entries) = &root.value else { return Vec::new() };
    let section = |key: &Node| match &key.value {
        Value::Scalar(scalar) => Some(Section { name: scalar.text.clone(), line: key.line }),
        _ => None,
    };
    entries.iter().filter_map(|(key, _)| section(key)).collect()
}

impl Kind {
    /// The system that a file with these sections is for; `None` if it is not recognised.
    #[must_use]
    pub fn of(sections: &[Section]) -> Option<Self> {
        let has = |name: &str| sections.iter().any(|section| section.name == name);
        // Promtail has `scrape_configs`, too, beside the servers that it sends to. A Prometheus that
        // only evaluates rules has none.
        let is_promtail = has("clients") || has("positions");
        let is_prometheus = (has("scrape_configs") || has("rule_files")) && !is_promtail;
        let kinds = [
            (is_prometheus, Self::Prometheus),
            // The Collector has `receivers`, too, and no `route`.
            (has("route") && has("receivers"), Self::Alertmanager),
            // Grafana's files of rules have groups, too, beside a version.
            (has("groups") && !has("apiVersion"), Self::Rules),
            (has("apiVersion") && has("providers"), Self::GrafanaDashboards),
            (has("apiVersion") && has("datasources"), Self::GrafanaDataSources),
        ];
        kinds.into_iter().find_map(|(is_it, kind)| is_it.then_some(kind))
    }
}

/// The files of a folder and of the folders in it that end in `.yml` or `.yaml`, in order of names;
/// a file is itself.
///
/// # Errors
/// If the path cannot be read.
pub fn yaml_files(path: &Path, files: &dyn Files) -> Result<Vec<PathBuf>, Error> {
    files_below(path, &["yml", "yaml"], files)
}

/// The files of a folder and of the folders in it that have one of these extensions, in order of
/// names; a file is itself.
///
/// # Errors
/// If the path cannot be read.
pub fn files_below(
    path: &Path,
    extensions: &[&str],
    files: &dyn Files,
) -> Result<Vec<PathBuf>, Error> {
    let (mut found, mut entries) = (Vec::new(), 0);
    let unreadable = |source| Error::Unreadable { file: path.to_owned(), source };
    if files.names(path).is_err() {
        files.read(path).map_err(unreadable)?;
        return Ok(vec![path.to_owned()]);
    }
    collect(path, extensions, files, (0, &mut entries), &mut found);
    Ok(found)
}

fn collect(
    folder: &Path,
    extensions: &[&str],
    files: &dyn Files,
    (depth, entries): (usize, &mut usize),
    found: &mut Vec<PathBuf>,
) {
    let mut names = files.names(folder).unwrap_or_default();
    names.sort_unstable();
    for name in names {
        let path = folder.join(name);
        let has_extension = path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted));
        *entries += 1;
        if *entries > ENTRIES_MAX {
            return;
        }
        if has_extension {
            found.push(path);
        } else if depth < DEPTH_MAX && files.names(&path).is_ok() {
            collect(&path, extensions, files, (depth + 1, &mut *entries), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_recognised_by_its_sections() {
        for (text, expected) in [
            ("scrape_configs: []", Some(Kind::Prometheus)),
            ("global: {}\nrule_files: []", Some(Kind::Prometheus)),
            ("clients: []\nscrape_configs: []", None),
            ("route: {}\nreceivers: []", Some(Kind::Alertmanager)),
            ("receivers: {}\nexporters: {}", None),
            ("apiVersion: 1\nproviders: []", Some(Kind::GrafanaDashboards)),
            ("apiVersion: 1\ndatasources: []", Some(Kind::GrafanaDataSources)),
            ("groups: []", Some(Kind::Rules)),
            ("apiVersion: 1\ngroups: []", None),
            ("[a", None),
        ] {
            let sections = sections(Path::new("a.yml"), text.as_bytes().to_vec());
            assert_eq!(Kind::of(&sections), expected, "{text}");
        }
    }
}
