//! Configuration files of the systems that are replaced: found, read, and read again on reload.

use std::path::{Path, PathBuf};

use adopt::prometheus::{self, Alerting, Discovery, Otlp, RemoteWrite, ScrapeConfig};
use adopt::{Files, Kind, Section, SystemFiles, Unsupported, grafana};
use signals::Labels;

use receive::HostAddresses;

use crate::alerting::{Routing, RuleFiles, own_files};
use crate::config::{Config, ConfigError};
use crate::dashboards::{self, Folder, Provisioned};

/// What the adopted files say.
#[derive(Debug)]
pub(crate) struct Adopted {
    /// The scrape jobs of all files.
    pub(crate) scrape_configs: Vec<ScrapeConfig>,
    /// The servers of remote write of all files.
    pub(crate) remote_write: Vec<RemoteWrite>,
    /// How OTLP metrics are translated: the last section `otlp` of all `prometheus.yml`.
    pub(crate) otlp: Otlp,
    /// The external labels of all `prometheus.yml`; of one name, the last.
    pub(crate) external_labels: Labels,
    /// The text of all `prometheus.yml`, without secrets.
    pub(crate) prometheus_yaml: String,
    /// Where alerts are sent: the sections `alerting` of all `prometheus.yml`.
    pub(crate) alerting: Alerting,
    /// Who is notified of alerts: the `alertmanager.yml`, if there is one.
    pub(crate) routing: Option<Routing>,
    /// The files of rules.
    pub(crate) rules: RuleFiles,
    /// Dashboards and data sources of Grafana.
    pub(crate) grafana: Provisioned,
    /// What the files have that is not supported.
    pub(crate) unsupported: Vec<Unsupported>,
}

impl Adopted {
    /// Reads the files that a configuration names, and the files of folders whose kind is
    /// recognised, the rules that come with the program, and those of the data folder.
    ///
    /// # Errors
    /// The first mistake, with file and line; or that a path has no file of a known kind.
    pub(crate) fn read(config: &Config, data: &Path) -> Result<Self, ConfigError> {
        let mut adopted = Self {
            scrape_configs: Vec::new(),
            remote_write: Vec::new(),
            otlp: Otlp::default(),
            external_labels: Labels::empty(),
            prometheus_yaml: String::new(),
            alerting: Alerting::default(),
            routing: None,
            rules: RuleFiles::default(),
            grafana: Provisioned::default(),
            unsupported: Vec::new(),
        };
        for path in &config.adopt {
            adopted.read_path(path)?;
        }
        adopted.rules.add_built_in(&config.rules)?;
        let own = own_files::folder(data);
        for file in adopt::yaml_files(&own, &SystemFiles).unwrap_or_default() {
            adopted.rules.find(&file);
        }
        adopted.rules.finish()?;
        if adopted.routing.is_some() {
            adopted.leave_out_replaced_alertmanagers(&config.resolve);
        }
        adopted.unsupported.extend(adopted.rules.unsupported().cloned());
        Ok(adopted)
    }

    /// Reads a file, or the files of a folder.
    fn read_path(&mut self, path: &Path) -> Result<(), ConfigError> {
        let files = &SystemFiles;
        let fail = |message: String| ConfigError::new(&path.display().to_string(), message);
        let found = adopt::yaml_files(path, files).map_err(|error| fail(error.to_string()))?;
        let mut configs = Vec::new();
        let mut providers = Vec::new();
        let mut is_known = false;
        let invalid = |error: adopt::Error| ConfigError::new("adopt", error.to_string());
        for file in &found {
            let bytes = files.read(file).map_err(|error| fail(error.to_string()))?;
            let sections = adopt::sections(file, bytes);
            let kind = Kind::of(&sections);
            is_known |= kind.is_some();
            match kind {
                Some(Kind::Prometheus) => {
                    let mut config = prometheus::load(file, files).map_err(invalid)?;
                    config.unsupported.extend(unused(file, &sections));
                    let has_otlp = sections.iter().any(|section| section.name == "otlp");
                    configs.push((file, config, has_otlp));
                }
                Some(Kind::GrafanaDashboards) => {
                    let found = grafana::dashboard_providers(file, files);
                    providers.extend(found.map_err(invalid)?);
                }
                Some(Kind::GrafanaDataSources) => {
                    let sources = grafana::data_sources(file, files).map_err(invalid)?;
                    self.grafana.data_sources.extend(sources);
                }
                Some(Kind::Rules) => self.rules.find(file),
                Some(Kind::Alertmanager) => {
                    let routing = Routing::read(file)?;
                    self.unsupported.extend(routing.unsupported().iter().cloned());
                    if self.routing.replace(routing).is_some() {
                        let path = file.display();
                        return Err(fail(format!("{path} is a second alertmanager.yml")));
                    }
                }
                None => {}
            }
        }
        if dashboards::are_below(path) || !providers.is_empty() {
            is_known = true;
            self.grafana.folders.push(Folder { path: path.to_owned(), providers });
        }
        if !is_known {
            return Err(fail(
                "no file of a known kind: a prometheus.yml has scrape_configs or rule_files, a \
                 dashboard of Grafana has a title and panels"
                    .to_owned(),
            ));
        }
        let included = included(configs.iter().map(|(_, config, _)| config));
        configs.retain(|(file, ..)| !included.iter().any(|other| is_same(file, other)));
        for (_, config, has_otlp) in configs {
            if has_otlp {
                self.otlp = config.otlp.clone();
            }
            self.add(config)?;
        }
        Ok(())
    }

    /// The adopted `alertmanager.yml` takes the place of Alertmanagers with the names of containers,
    /// unless such a name has an address here.
    fn leave_out_replaced_alertmanagers(&mut self, resolved: &HostAddresses) {
        let is_replaced = |target: &String| {
            let host = target.rsplit_once(':').map_or(target.as_str(), |(host, _)| host);
            host != "localhost" && !host.contains(['.', ':']) && !resolved.contains_key(host)
        };
        let discoveries =
            self.alerting.alertmanagers.iter_mut().flat_map(|config| &mut config.discovery);
        for discovery in discoveries {
            let Discovery::Static(groups) = discovery else { continue };
            for group in groups {
                group.targets.retain(|target| !is_replaced(target));
            }
        }
    }

    fn add(&mut self, config: prometheus::Config) -> Result<(), ConfigError> {
        for job in &config.scrape_configs {
            let is_known = |other: &ScrapeConfig| other.job_name == job.job_name;
            if self.scrape_configs.iter().any(is_known) {
                return Err(ConfigError::new(
                    "adopt",
                    format!("two files have a scrape config with job name {:?}", job.job_name),
                ));
            }
        }
        self.alerting.alert_relabel_configs.extend(config.alerting.alert_relabel_configs);
        self.alerting.alertmanagers.extend(config.alerting.alertmanagers);
        self.rules.add(&config.rule_files, &config.global)?;
        let labels = self.external_labels.iter().chain(config.global.external_labels.iter());
        self.external_labels = Labels::from_pairs(labels);
        self.scrape_configs.extend(config.scrape_configs);
        self.remote_write.extend(config.remote_write);
        self.unsupported.extend(config.unsupported);
        self.prometheus_yaml.push_str(&config.redacted);
        Ok(())
    }

    /// Logs what is not supported.
    pub(crate) fn warn(&self) {
        for unsupported in &self.unsupported {
            tracing::warn!("{unsupported}");
        }
    }
}

/// Files that another one includes: they are not configurations of their own.
fn included<'a>(configs: impl Iterator<Item = &'a prometheus::Config>) -> Vec<PathBuf> {
    configs
        .flat_map(|config| &config.scrape_config_files)
        .flat_map(|pattern| adopt::matching_files(pattern, &SystemFiles).unwrap_or_default())
        .collect()
}

/// Sections that are read, and have no effect yet.
fn unused(file: &Path, sections: &[Section]) -> Vec<Unsupported> {
    let is_unused = |section: &&Section| ["remote_read"].contains(&section.name.as_str());
    let unsupported = |section: &Section| Unsupported {
        file: file.to_owned(),
        line: section.line,
        key: section.name.clone(),
        job: None,
    };
    sections.iter().filter(is_unused).map(unsupported).collect()
}

fn is_same(file: &Path, other: &Path) -> bool {
    match (file.canonicalize(), other.canonicalize()) {
        (Ok(file), Ok(other)) => file == other,
        _ => file == other,
    }
}
