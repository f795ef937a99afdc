//! Files of Alertmanager's tests and of real deployments.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adopt::SystemFiles;
use adopt::alertmanager::load;
use alertmanager::{Configuration, Limits, Simulation};
use signals::Labels;
use template::alertmanager::Templates;

use crate::world::{START, alert, at};

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            found.push(path);
        }
    }
}

#[test]
fn every_configuration_groups_and_sends_alerts() {
    let mut files = Vec::new();
    for folder in ["alertmanager", "../stacks"] {
        if let Some(folder) = conformance::corpus_folder(folder) {
            yaml_files(&folder, &mut files);
        }
    }
    let mut sent = 0;
    for file in &files {
        let Ok(config) = load(file, &SystemFiles) else { continue };
        let labels = [
            "alertname=Down",
            "job=node",
            "instance=a:9100",
            "severity=critical",
            "service=foo1",
            "owner=team-X",
            "team=infra",
            "environment=production",
        ];
        let expected: usize = {
            let pairs = labels.iter().map(|label| label.split_once('=').unwrap());
            let routes = config.route.matching(&Labels::from_pairs(pairs)).into_iter();
            let integrations = |name: &str| {
                let receiver = config.receivers.iter().find(|receiver| receiver.name == name);
                receiver.map_or(0, |receiver| receiver.integrations.len())
            };
            routes.map(|route| integrations(&route.receiver)).sum()
        };
        let configuration = Configuration {
            config: Arc::new(config),
            templates: Arc::new(Templates::default()),
            external_url: String::new(),
        };
        let run = || {
            let simulation = Simulation::new(configuration.clone(), Limits::default(), START);
            simulation.replay([(at(0.0), vec![alert(&labels)])], at(200.0))
        };
        let first = run();
        assert_eq!(first.len(), expected, "{}", file.display());
        assert_eq!(first, run(), "{}", file.display());
        sent += first.len();
    }
    assert!(files.is_empty() || sent > 10);
}
