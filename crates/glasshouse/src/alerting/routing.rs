//! What decides who is notified: an adopted `alertmanager.yml` with its templates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adopt::alertmanager::{Config, load};
use adopt::{SystemFiles, Unsupported};
use alertmanager::{Configuration, IntegrationKey, Notifiers};
use notify::{Notifier, Shared};
use receive::HostAddresses;
use template::alertmanager::Templates;

use super::texts::Texts;
use crate::config::ConfigError;

/// The configuration without a file: alerts are shown, and nobody is notified.
const NOBODY: &str = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";

/// A configuration, checked.
#[derive(Debug, Clone)]
pub(crate) struct Routing {
    config: Arc<Config>,
    templates: Arc<Templates>,
    /// The patterns of the files with templates, as they are found here.
    patterns: Vec<PathBuf>,
}

impl Routing {
    /// Reads a file and the templates that it names.
    ///
    /// # Errors
    /// The first mistake, with file and position.
    pub(crate) fn read(file: &Path) -> Result<Self, ConfigError> {
        let fail = |message: String| ConfigError::new("adopt", message);
        let config = load(file, &SystemFiles).map_err(|error| fail(error.to_string()))?;
        let mut patterns = Vec::new();
        for pattern in &config.templates {
            patterns.push(template_pattern(pattern, file).map_err(&fail)?);
        }
        let shared = Shared::load(&patterns, &SystemFiles, "", &Arc::default()).map_err(&fail)?;
        let templates = Arc::new(shared.templates().clone());
        Ok(Self { config: Arc::new(config), templates, patterns })
    }

    /// The configuration without a file.
    ///
    /// # Errors
    /// Never, as a test shows.
    pub(crate) fn nobody() -> Result<Self, ConfigError> {
        Self::of_text(NOBODY)
    }

    /// Reads the text of a file, without its templates and other files that it names.
    ///
    /// # Errors
    /// The first mistake, with its position.
    pub(crate) fn of_text(text: &str) -> Result<Self, ConfigError> {
        let file = Path::new("alertmanager.yml");
        let config = load(file, &Texts::one(file, text))
            .map_err(|error| ConfigError::new("adopt", error.to_string()))?;
        let templates = Arc::new(Templates::default());
        Ok(Self { config: Arc::new(config), templates, patterns: Vec::new() })
    }

    /// What the file has that is not supported.
    pub(crate) fn unsupported(&self) -> &[Unsupported] {
        &self.config.unsupported
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
    /// What is wrong with the settings of an integration, or with a template that has changed.
    pub(crate) fn notifiers(
        &self,
        external_url: &str,
        addresses: &HostAddresses,
    ) -> Result<Notifiers, String> {
        let addresses = Arc::new(addresses.clone());
        let shared = Shared::load(&self.patterns, &SystemFiles, external_url, &addresses)?;
        let shared = Arc::new(shared);
        let mut notifiers = Notifiers::new();
        for receiver in &self.config.receivers {
            for integration in &receiver.integrations {
                let notifier = Notifier::new(integration, &shared)?;
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

/// A pattern as it is found here. One that is the path in a container is looked for beside the
/// configuration: `/etc/alertmanager/templates/*.tmpl` as `templates/*.tmpl`.
fn template_pattern(pattern: &Path, config: &Path) -> Result<PathBuf, String> {
    if !adopt::matching_files(pattern, &SystemFiles)?.is_empty() {
        return Ok(pattern.to_owned());
    }
    let folder = config.parent().unwrap_or(Path::new("."));
    let parts: Vec<_> = pattern.components().collect();
    // The root is not a part of any other path.
    for first in 1..parts.len() {
        let tail: PathBuf = parts.iter().skip(first).collect();
        let beside = folder.join(tail);
        if !adopt::matching_files(&beside, &SystemFiles)?.is_empty() {
            let (pattern, shown) = (pattern.display(), beside.display());
            tracing::info!("no template is {pattern}: those of {shown} are used");
            return Ok(beside);
        }
    }
    let (config, shown) = (config.display(), pattern.display());
    tracing::warn!("{config}: templates: no file is {shown}");
    Ok(pattern.to_owned())
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
        for (pattern, found) in [
            ("/etc/nothing-there/templates/*.tmpl", templates.join("*.tmpl")),
            ("/etc/nothing-there/other/*.tmpl", PathBuf::from("/etc/nothing-there/other/*.tmpl")),
        ] {
            assert_eq!(template_pattern(Path::new(pattern), &config).unwrap(), found);
        }
    }

    #[test]
    fn without_a_file_nobody_is_notified() {
        let routing = Routing::nobody().unwrap();
        assert_eq!(routing.config.route.receiver, "nobody");
        assert!(routing.config.receivers.iter().all(|receiver| receiver.integrations.is_empty()));
    }
}
