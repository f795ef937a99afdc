//! Grafana's provisioning files: where dashboards are, and what data sources are called.
//!
//! Source: Grafana's document "Provisioning Grafana". Only what dashboards need is read; other keys
//! are those of a server that Glasshouse replaces.

use std::path::{Path, PathBuf};

use crate::error::{Error, Read};
use crate::files::Files;
use crate::yaml::{Document, Fields, Node};

const KIND: &str = "grafana.provisioning";

/// An entry of `providers`: a folder of dashboards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardProvider {
    /// The name of the folder that the page shows; empty for none.
    pub folder: String,
    /// Where the files are, often in a container.
    pub path: PathBuf,
    /// Whether the folders of the page are those of the files.
    pub has_folders_of_files: bool,
}

/// An entry of `datasources`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSource {
    /// Its name, by which old dashboards refer to it.
    pub name: String,
    /// Its identifier; empty if Grafana would make one.
    pub uid: String,
    /// `prometheus`, `loki`, `tempo`, `jaeger` and others.
    pub kind: String,
    /// Whether panels without a data source use it.
    pub is_default: bool,
    /// `jsonData.timeInterval`: the interval of its samples, as written.
    pub time_interval: Option<String>,
}

/// Reads the dashboard providers of a file.
///
/// # Errors
/// If it cannot be read, or a value has another type.
pub fn dashboard_providers(
    file: &Path,
    files: &dyn Files,
) -> Result<Vec<DashboardProvider>, Error> {
    entries(file, files, "providers", |fields| {
        let folder = fields.text_or_empty("folder")?;
        let Some(mut options) = fields.section("options", KIND)? else { return Ok(None) };
        // The older form had `folder` in place of `path`.
        let path = options.text("path")?.or(options.text("folder")?);
        let has_folders_of_files = options.flag("foldersFromFilesStructure", false)?;
        Ok(path.map(|path| DashboardProvider { folder, path: path.into(), has_folders_of_files }))
    })
}

/// Reads the data sources of a file.
///
/// # Errors
/// As [`dashboard_providers`].
pub fn data_sources(file: &Path, files: &dyn Files) -> Result<Vec<DataSource>, Error> {
    entries(file, files, "datasources", |fields| {
        let (name, uid) = (fields.text_or_empty("name")?, fields.text_or_empty("uid")?);
        let kind = fields.text_or_empty("type")?;
        let is_default = fields.flag("isDefault", false)?;
        let time_interval = match fields.section("jsonData", KIND)? {
            Some(mut settings) => settings.text("timeInterval")?,
            None => None,
        };
        let source = DataSource { name, uid, kind, is_default, time_interval };
        Ok((!source.kind.is_empty()).then_some(source))
    })
}

fn entries<T>(
    file: &Path,
    files: &dyn Files,
    list: &str,
    mut read: impl FnMut(&mut Fields<'_>) -> Read<Option<T>>,
) -> Result<Vec<T>, Error> {
    let unreadable = |source| Error::Unreadable { file: file.to_owned(), source };
    let document = Document::parse(file, files.read(file).map_err(unreadable)?)?;
    let nothing = Node::nothing();
    let root = document.root.as_deref().unwrap_or(&nothing);
    let mut all = || -> Read<Vec<T>> {
        let mut found = Vec::new();
        for node in Fields::new(&document, root, KIND)?.elements(list)? {
            found.extend(read(&mut Fields::new(&document, node, KIND)?)?);
        }
        Ok(found)
    };
    all().map_err(|fault| fault.of(file))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io;

    use super::*;

    /// Every file has this text.
    struct Text(&'static str);

    impl Files for Text {
        fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
            Ok(self.0.into())
        }

        fn names(&self, _: &Path) -> io::Result<Vec<OsString>> {
            Ok(Vec::new())
        }

        fn exists(&self, _: &Path) -> bool {
            true
        }

        fn variable(&self, _: &str) -> Option<String> {
            None
        }
    }

    #[test]
    fn providers_have_a_path_and_a_folder() {
        let file = Text(
            "apiVersion: 1\nproviders:\n- name: a\n  folder: Shop\n  type: file\n  options:\n    \
             path: /var/lib/grafana/dashboards\n    foldersFromFilesStructure: true\n- name: b\n  \
             options: {folder: /old}\n- name: c\n",
        );
        let provider = |folder: &str, path: &str, has_folders_of_files| DashboardProvider {
            folder: folder.to_owned(),
            path: path.into(),
            has_folders_of_files,
        };
        let expected =
            [provider("Shop", "/var/lib/grafana/dashboards", true), provider("", "/old", false)];
        assert_eq!(dashboard_providers(Path::new("a.yml"), &file).unwrap(), expected);
    }

    #[test]
    fn data_sources_have_names_and_types() {
        let file = Text(
            "datasources:\n- {name: P, uid: p, type: prometheus, isDefault: true, jsonData: \
             {timeInterval: 15s, httpMethod: POST}}\n- {name: L, type: loki, jsonData: null}\n- \
             {name: none}\n",
        );
        let source = |name: &str, uid: &str, kind: &str, time_interval: Option<&str>| DataSource {
            name: name.to_owned(),
            uid: uid.to_owned(),
            kind: kind.to_owned(),
            is_default: name == "P",
            time_interval: time_interval.map(str::to_owned),
        };
        let expected = [source("P", "p", "prometheus", Some("15s")), source("L", "", "loki", None)];
        assert_eq!(data_sources(Path::new("a.yml"), &file).unwrap(), expected);
    }

    #[test]
    fn a_wrong_type_is_named_with_its_line() {
        let file = Text("providers:\n- name: a\n  folder: [b]\n");
        let error = dashboard_providers(Path::new("a.yml"), &file).unwrap_err().to_string();
        assert!(error.contains(":3"), "{error}");
    }
}
