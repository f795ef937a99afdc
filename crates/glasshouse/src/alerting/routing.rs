//! What decides who is notified: an adopted `alertmanager.yml` with its templates.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adopt::alertmanager::{Config, load};
use adopt::{Files, SystemFiles, Unsupported};
use alertmanager::{Configuration, IntegrationKey, Notifiers};
use notify::{DEFAULT_TEMPLATES, Notifier, Shared};
use receive::HostAddresses;
use template::Limits;
use template::alertmanager::Templates;

use crate::config::ConfigError;

/// The configuration without a file: alerts are shown, and nobody is notified.
const NOBODY: &str = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";

/// A configuration, checked.
#[derive(Debug, Clone)]
pub(crate) struct Routing {
    config: Arc<Config>,
    templates: Arc<Templates>,
    unsupported: Vec<Unsupported>,
}

impl Routing {
    /// Reads a file and the templates that it names.
    ///
    /// # Errors
    /// The first mistake, with file and position.
    pub(crate) fn read(file: &Path) -> Result<Self, ConfigError> {
        let fail = |message: String| ConfigError::new("adopt", message);
        let config = load(file, &SystemFiles).map_err(|error| fail(error.to_string()))?;
        let mut templates = default_templates().map_err(&fail)?;
        for pattern in &config.templates {
            for file in template_files(pattern, file).map_err(&fail)? {
                let place = |error: String| fail(format!("{}: {error}", file.display()));
                let bytes = SystemFiles.read(&file).map_err(|error| place(error.to_string()))?;
                let text = String::from_utf8(bytes).map_err(|error| place(error.to_string()))?;
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                let parsed = templates.parse(&name, &text, &Limits::default());
                parsed.map_err(|error| place(error.to_string()))?;
            }
        }
        let unsupported = unsupported(file, &config);
        Ok(Self { config: Arc::new(config), templates: Arc::new(templates), unsupported })
    }

    /// The configuration without a file.
    ///
    /// # Errors
    /// Never, as a test shows.
    pub(crate) fn nobody() -> Result<Self, ConfigError> {
        let config = load(Path::new("alertmanager.yml"), &Nobody)
            .map_err(|error| ConfigError::new("adopt", error.to_string()))?;
        let templates = Arc::new(Templates::default());
        Ok(Self { config: Arc::new(config), templates, unsupported: Vec::new() })
    }

    /// What the file has that is not supported.
    pub(crate) fn unsupported(&self) -> &[Unsupported] {
        &self.unsupported
    }

    /// Whether there is a receiver with this name.
    pub(crate) fn has_receiver(&self, name: &str) -> bool {
        self.config.receivers.iter().any(|receiver| receiver.name == name)
    }

    /// The configuration of the Alertmanager.
    pub(crate) fn configuration(&self, external_url: &str) -> Configuration {
        Configuration {
            config: Arc::clone(&self.config),
            templates: Arc::clone(&self.templates),
            external_url: external_url.to_owned(),
        }
    }

    /// The integrations of all receivers.
    ///
    /// # Errors
    /// What is wrong with the settings of an HTTP client.
    pub(crate) fn notifiers(
        &self,
        external_url: &str,
        addresses: &HostAddresses,
    ) -> Result<Notifiers, String> {
        let shared = Arc::new(Shared {
            templates: Arc::clone(&self.templates),
            external_url: external_url.to_owned(),
            addresses: Arc::new(addresses.clone()),
        });
        let mut notifiers = Notifiers::new();
        for receiver in &self.config.receivers {
            for integration in &receiver.integrations {
                let Some(notifier) = Notifier::new(integration, &shared)? else { continue };
                let key = IntegrationKey {
                    receiver: receiver.name.clone(),
                    name: integration.name,
                    index: integration.index,
                };
                notifiers.insert(key, Arc::new(notifier));
            }
        }
        Ok(notifiers)
    }
}

/// The files of a pattern. One that is the path in a container is looked for beside the
/// configuration: `/etc/alertmanager/templates/*.tmpl` as `templates/*.tmpl`.
fn template_files(pattern: &Path, config: &Path) -> Result<Vec<PathBuf>, String> {
    let found = adopt::matching_files(pattern, &SystemFiles)?;
    if !found.is_empty() {
        return Ok(found);
    }
    let folder = config.parent().unwrap_or(Path::new("."));
    let parts: Vec<_> = pattern.components().collect();
    // The root is not a part of any other path.
    for first in 1..parts.len() {
        let tail: PathBuf = parts.iter().skip(first).collect();
        let beside = folder.join(tail);
        let found = adopt::matching_files(&beside, &SystemFiles)?;
        if !found.is_empty() {
            let (pattern, beside) = (pattern.display(), beside.display());
            tracing::info!("no template is {pattern}: those of {beside} are used");
            return Ok(found);
        }
    }
    let (config, pattern) = (config.display(), pattern.display());
    tracing::warn!("{config}: templates: no file is {pattern}");
    Ok(found)
}

fn default_templates() -> Result<Templates, String> {
    let mut templates = Templates::default();
    let parsed = templates.parse("default.tmpl", DEFAULT_TEMPLATES, &Limits::default());
    parsed.map_err(|error| error.to_string())?;
    Ok(templates)
}

/// What the file has that is not supported, integrations among it.
fn unsupported(file: &Path, config: &Config) -> Vec<Unsupported> {
    let integrations = config.receivers.iter().flat_map(|receiver| &receiver.integrations);
    let integrations = integrations.filter(|integration| !Notifier::supports(integration));
    let integrations = integrations.map(|integration| Unsupported {
        file: file.to_owned(),
        line: integration.line,
        key: format!("{}_configs", integration.name),
        job: None,
    });
    config.unsupported.iter().cloned().chain(integrations).collect()
}

/// [`NOBODY`] as a file.
struct Nobody;

impl Files for Nobody {
    fn read(&self, _file: &Path) -> io::Result<Vec<u8>> {
        Ok(NOBODY.as_bytes().to_vec())
    }

    fn names(&self, _folder: &Path) -> io::Result<Vec<OsString>> {
        Ok(Vec::new())
    }

    fn exists(&self, _path: &Path) -> bool {
        false
    }

    fn variable(&self, _name: &str) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_with_the_path_in_a_container_are_found_beside_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let templates = folder.path().join("templates");
        std::fs::create_dir(&templates).unwrap();
        std::fs::write(templates.join("a.tmpl"), "{{ define \"a\" }}x{{ end }}").unwrap();
        let config = folder.path().join("alertmanager.yml");
        for (pattern, found) in
            [("/etc/nothing-there/templates/*.tmpl", 1), ("/etc/nothing-there/other/*.tmpl", 0)]
        {
            let files = template_files(Path::new(pattern), &config).unwrap();
            assert_eq!(files.len(), found, "{pattern}");
        }
    }

    #[test]
    fn without_a_file_nobody_is_notified() {
        let routing = Routing::nobody().unwrap();
        assert_eq!(routing.config.route.receiver, "nobody");
        assert!(routing.config.receivers.iter().all(|receiver| receiver.integrations.is_empty()));
    }
}
