//! What all integrations share: the templates and where this server is.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use adopt::{Files, matching_files};
use http_client::HostAddresses;
use template::Limits;
use template::alertmanager::Templates;

/// The templates that notifications have without a user's file: those of Alertmanager, by the same
/// names and with the same output, except for the design of the mail.
const DEFAULT: &str = include_str!("../templates/default.tmpl");
const MAIL: &str = include_str!("../templates/email.tmpl");

/// The text of the templates that notifications have without a user's file.
#[must_use]
pub fn default_templates() -> String {
    [DEFAULT, MAIL].concat()
}

/// What all integrations share.
pub struct Shared {
    pub(crate) templates: Templates,
    /// Our templates that neither the user's files replace nor any template that they call.
    ours: BTreeSet<String>,
    pub(crate) external_url: String,
    pub(crate) addresses: Arc<HostAddresses>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Shared");
        shown.field("external_url", &self.external_url).finish_non_exhaustive()
    }
}

impl Shared {
    /// Reads the files that match the patterns of `templates`, which may replace our templates. A
    /// pattern may match nothing, as in Alertmanager.
    ///
    /// # Errors
    /// A file that cannot be read or is no template, or a malformed pattern.
    pub fn load(
        patterns: &[PathBuf],
        files: &dyn Files,
        external_url: &str,
        addresses: &Arc<HostAddresses>,
    ) -> Result<Self, String> {
        let limits = Limits::default();
        let mut templates = Templates::default();
        templates.parse("", &default_templates(), &limits).map_err(|error| error.to_string())?;
        let mut own = BTreeSet::new();
        for pattern in patterns {
            let fail = |file: &PathBuf, error: String| format!("{}: {error}", file.display());
            let found = matching_files(pattern, files).map_err(|error| fail(pattern, error))?;
            for file in &found {
                let bytes = files.read(file).map_err(|error| fail(file, error.to_string()))?;
                let text = String::from_utf8(bytes)
                    .map_err(|_| fail(file, "not valid UTF-8".to_owned()))?;
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                let mut alone = Templates::default();
                alone
                    .parse(&name, &text, &limits)
                    .and_then(|()| templates.parse(&name, &text, &limits))
                    .map_err(|error| fail(file, error.to_string()))?;
                own.extend(alone.names().map(str::to_owned));
            }
        }
        Ok(Self {
            templates,
            ours: unchanged(&default_templates(), &own),
            external_url: external_url.to_owned(),
            addresses: Arc::clone(addresses),
        })
    }

    /// The templates of notifications.
    #[must_use]
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// Whether a setting does nothing but call a template of ours, which is as we wrote it.
    pub(crate) fn is_ours(&self, setting: &str) -> bool {
        let name = setting.strip_prefix("{{ template \"").and_then(|rest| rest.split_once('"'));
        name.is_some_and(|(name, rest)| rest == " . }}" && self.ours.contains(name))
    }
}

/// The templates of our text that a user's files do not change, directly or by one that they call.
fn unchanged(text: &str, own: &BTreeSet<String>) -> BTreeSet<String> {
    let names = |text: &str, keyword: &str| -> Vec<String> {
        let parts = text.split(keyword).skip(1);
        parts.filter_map(|part| Some(part.split_once('"')?.0.to_owned())).collect()
    };
    let mut ours: Vec<(String, Vec<String>)> = text
        .split("{{ define ")
        .filter_map(|definition| {
            let name = definition.strip_prefix('"').and_then(|rest| rest.split_once('"'));
            name.map(|(name, body)| (name.to_owned(), names(body, "template \"")))
        })
        .collect();
    let mut changed = own.clone();
    // Each round removes a template or is the last one.
    loop {
        let before = ours.len();
        ours.retain(|(name, calls)| {
            let is_changed =
                changed.contains(name) || calls.iter().any(|called| changed.contains(called));
            if is_changed {
                changed.insert(name.clone());
            }
            !is_changed
        });
        if ours.len() == before {
            return ours.into_iter().map(|(name, _)| name).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use adopt::SystemFiles;

    use super::*;

    fn shared(own: &str) -> Shared {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.tmpl"), own).unwrap();
        let patterns = [folder.path().join("*.tmpl"), folder.path().join("none*.tmpl")];
        Shared::load(&patterns, &SystemFiles, "http://am", &Arc::default()).unwrap()
    }

    #[test]
    fn a_template_is_ours_until_a_file_changes_it_or_one_that_it_calls() {
        const TITLE: &str = "{{ template \"slack.default.title\" . }}";
        const FALLBACK: &str = "{{ template \"slack.default.fallback\" . }}";
        for (own, title, fallback) in [
            ("", true, true),
            ("{{ define \"mine\" }}a{{ end }}", true, true),
            ("{{ define \"__subject\" }}a{{ end }}", false, false),
            ("{{ define \"slack.default.fallback\" }}a{{ end }}", true, false),
            ("{{ define \"slack.default.text\" }}a{{ end }}", true, true),
        ] {
            let shared = shared(own);
            let found = (shared.is_ours(TITLE), shared.is_ours(FALLBACK));
            assert_eq!(found, (title, fallback), "{own}");
            for other in ["", "a", "{{ .Status }}", "{{ template \"mine\" . }}"] {
                assert!(!shared.is_ours(other), "{other}");
            }
        }
    }

    #[test]
    fn a_file_that_is_no_template_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.tmpl");
        std::fs::write(&file, "{{ define \"a\" }}").unwrap();
        let error = Shared::load(std::slice::from_ref(&file), &SystemFiles, "", &Arc::default())
            .unwrap_err();
        assert!(error.starts_with(&format!("{}: template: a.tmpl:1", file.display())), "{error}");
    }
}
