//! What the tests share: notifications, integrations from the text of a configuration, and servers
//! that record what they get.

mod http_server;
mod smtp_server;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adopt::alertmanager::Integration;
use adopt::{Files, SystemFiles};
use notify::{Notification, Notifier, Shared};
use template::Time;
use template::alertmanager::{Alert, Status};

pub(crate) use http_server::{Answer, Got, HttpServer};
pub(crate) use smtp_server::{Mail, SmtpServer, certificate};

/// 2026-12-01 10:00:00 UTC
pub(crate) const NOW_NS: i64 = 1_796_119_200_000_000_000;
pub(crate) const MINUTE_NS: i64 = 60_000_000_000;
pub(crate) const EXTERNAL_URL: &str = "http://am.example";
/// The SHA-256 of the group's key, which is `1`.
pub(crate) const KEY: &str = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";

pub(crate) fn labels(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn alert(
    status: Status,
    label_values: &[(&str, &str)],
    annotations: &[(&str, &str)],
) -> Alert {
    let ends_at = match status {
        Status::Firing => Time::zero(),
        Status::Resolved => Time::from_nanos(NOW_NS - MINUTE_NS),
    };
    Alert {
        status,
        labels: labels(label_values),
        annotations: labels(annotations),
        starts_at: Time::from_nanos(NOW_NS - 10 * MINUTE_NS),
        ends_at,
        generator_url: "http://prom/graph?a=1&b".to_owned(),
        fingerprint: "f1".to_owned(),
    }
}

/// A notification of these alerts, grouped by their name.
pub(crate) fn notification(alerts: Vec<Alert>) -> Notification {
    let name = alerts[0].labels.get("alertname").cloned().unwrap_or_default();
    Notification {
        receiver: "team.x".to_owned(),
        group_key: "1".to_owned(),
        group_labels: BTreeMap::from([("alertname".to_owned(), name)]),
        route_labels: labels(&[("team", "{{ .GroupLabels.alertname | toLower }}")]),
        alerts,
        reason: "first notification".to_owned(),
        state: BTreeMap::new(),
        now_ns: NOW_NS,
    }
}

/// A notification of one alert.
pub(crate) fn one(status: Status) -> Notification {
    let values = [("alertname", "Down"), ("job", "api"), ("severity", "critical")];
    notification(vec![alert(status, &values, &[("summary", "It is down")])])
}

/// A configuration in memory; other files are those of the system.
struct Memory(Vec<u8>);

impl Files for Memory {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        if file == Path::new("alertmanager.yml") {
            Ok(self.0.clone())
        } else {
            SystemFiles.read(file)
        }
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        SystemFiles.names(folder)
    }

    fn exists(&self, path: &Path) -> bool {
        SystemFiles.exists(path)
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

/// The integration of a configuration with this section of a receiver.
pub(crate) fn integration(section: &str) -> Integration {
    let text = format!("route: {{receiver: a}}\nreceivers:\n- name: a\n  {section}\n");
    let files = Memory(text.clone().into_bytes());
    let config = adopt::alertmanager::load(Path::new("alertmanager.yml"), &files);
    let config = config.unwrap_or_else(|error| panic!("{error}\n{text}"));
    config.receivers.into_iter().next().unwrap().integrations.into_iter().next().unwrap()
}

pub(crate) fn shared(templates: &[PathBuf]) -> Arc<Shared> {
    Arc::new(Shared::load(templates, &SystemFiles, EXTERNAL_URL, &Arc::default()).unwrap())
}

/// The notifier of a configuration with this section of a receiver.
pub(crate) fn notifier(section: &str) -> Notifier {
    Notifier::new(&integration(section), &shared(&[])).unwrap()
}

/// The notifier with templates of a user.
pub(crate) fn notifier_with(section: &str, templates: &str) -> Notifier {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.tmpl");
    std::fs::write(&file, templates).unwrap();
    Notifier::new(&integration(section), &shared(&[file])).unwrap()
}
