//! Service discovery: where the targets of a job, or Alertmanagers, are.
//!
//! Each discovery runs as a task that sends all its groups whenever they change. What it found last
//! stays valid while it fails. Source: Prometheus' document "Configuration".

mod dns;
mod docker;
mod file;
mod http_endpoint;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adopt::prometheus::{self as config, Discovery};
use http_client::HostAddresses;
use signals::Labels;
use tokio::sync::mpsc;

use self::dns::DnsDiscovery;
use self::docker::DockerDiscovery;
use self::file::FileDiscovery;
use self::http_endpoint::HttpDiscovery;

/// The label with the address of a target.
const ADDRESS: &str = "__address__";
/// Targets of one file or response; more are an error.
const TARGETS_MAX: usize = 100_000;

/// Targets that share labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetGroup {
    /// Labels of each target, with `__address__`.
    pub(crate) targets: Vec<Labels>,
    /// Labels of all targets, which those of a target override.
    pub(crate) labels: Labels,
}

/// All groups of one discovery of a job, by the discovery's number.
#[derive(Debug)]
pub(crate) struct Update {
    pub(crate) discovery: usize,
    pub(crate) groups: Vec<TargetGroup>,
}

/// Sends the groups of one discovery.
#[derive(Debug, Clone)]
struct Updates {
    discovery: usize,
    sender: mpsc::Sender<Update>,
    job: String,
}

impl Updates {
    /// Sends groups; returns whether somebody still listens.
    async fn send(&self, groups: Vec<TargetGroup>) -> bool {
        let discovery = self.discovery;
        self.sender.send(Update { discovery, groups }).await.is_ok()
    }

    fn warn(&self, kind: &str, error: &str) {
        tracing::warn!(
            job = self.job,
            kind,
            error,
            "service discovery failed; the last targets stay"
        );
    }
}

/// Starts all discoveries of a job, or of a group of Alertmanagers, and returns their number; each
/// ends when the receiver is dropped.
///
/// # Errors
/// What is wrong with the settings of an HTTP client.
pub(crate) fn start(
    job: &str,
    discoveries: &[Discovery],
    addresses: &Arc<HostAddresses>,
) -> Result<(mpsc::Receiver<Update>, usize), String> {
    let (sender, receiver) = mpsc::channel(8);
    for (number, discovery) in discoveries.iter().enumerate() {
        let (sender, job) = (sender.clone(), job.to_owned());
        let updates = Updates { discovery: number, sender, job };
        match discovery {
            Discovery::Static(groups) => {
                let groups = groups.iter().map(TargetGroup::from).collect();
                tokio::spawn(async move { updates.send(groups).await });
            }
            Discovery::File(settings) => {
                tokio::spawn(FileDiscovery::new(settings.clone()).run(updates));
            }
            Discovery::Http(settings) => {
                tokio::spawn(HttpDiscovery::new(settings, addresses)?.run(updates));
            }
            Discovery::Dns(settings) => {
                tokio::spawn(DnsDiscovery::new(settings.clone()).run(updates));
            }
            Discovery::Docker(settings) => {
                tokio::spawn(DockerDiscovery::new(settings, addresses)?.run(updates));
            }
        }
    }
    Ok((receiver, discoveries.len()))
}

impl TargetGroup {
    /// All targets of the group with its labels.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Labels> {
        self.targets.iter().map(|target| {
            let of_group = self.labels.iter().filter(|(name, _)| target.get(name).is_none());
            Labels::from_pairs(of_group.chain(target.iter()))
        })
    }
}

impl From<&config::TargetGroup> for TargetGroup {
    fn from(group: &config::TargetGroup) -> Self {
        let targets = group.targets.iter();
        Self {
            targets: targets.map(|target| Labels::from_pairs([(ADDRESS, target)])).collect(),
            labels: group.labels.clone(),
        }
    }
}

/// Reads groups as JSON or YAML, and adds a label that says where they are from.
fn read_groups(bytes: Vec<u8>, label: &str, source: &str) -> Result<Vec<TargetGroup>, String> {
    let groups = config::target_groups(Path::new(source), bytes).map_err(|e| e.to_string())?;
    let targets: usize = groups.iter().map(|group| group.targets.len()).sum();
    if targets > TARGETS_MAX {
        return Err(format!(
            "{targets} targets are more than the {TARGETS_MAX} that are supported"
        ));
    }
    let with_source = |group: &config::TargetGroup| {
        let mut group = TargetGroup::from(group);
        group.labels = group.labels.with(label, source);
        group
    };
    Ok(groups.iter().map(with_source).collect())
}

/// A label name made of any text: what is not allowed becomes `_`.
fn label_name(prefix: &str, text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let mut name = prefix.to_owned();
    name.extend(text.chars().map(allowed));
    name
}

/// The least time between two rounds of a discovery.
const REFRESH_MIN: Duration = Duration::from_secs(1);

/// Waits for the next round.
async fn pause(interval: Duration) {
    tokio::time::sleep(interval.max(REFRESH_MIN)).await;
}
