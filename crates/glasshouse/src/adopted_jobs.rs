//! What adopted files are used for, scraping, remote write, rules and dashboards, and their reload.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use adopt::prometheus::{Otlp, TranslationStrategy, duration_text};
use page_api::{RuleFileEntry, RuleFileList, RuleFileSave};
use parking_lot::Mutex;
use receive::Receiver;
use receive::alertmanagers::{Alertmanagers, AlertmanagersStatus};
use receive::remote_storage::{RemoteStorage, ServerStatus};
use receive::scrape::{Health, PoolStatus, Scraper, TargetStatus};
use rules::{Groups, Settings};
use serve::{ActiveTarget, Reload, RuleFileFault, ScrapePool, TargetMetadata};
use signals::{Clock, Labels};
use tokio::runtime::Handle;
use wire::otlp::metrics::{PromotedAttributes, Strategy, Translation};

use crate::adopted::Adopted;
use crate::alerting::own_files;
use crate::config::ConfigError;
use crate::dashboards::DashboardFiles;

/// How long alerts may take to be sent at the end.
const ALERTS_DRAIN_MAX: Duration = Duration::from_secs(5);

/// What jobs are made of.
pub(crate) struct Parts {
    pub(crate) scraper: Scraper,
    pub(crate) remote_storage: RemoteStorage,
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) rules: Groups,
    pub(crate) alertmanagers: Arc<Alertmanagers>,
    /// The URL under which users reach the page.
    pub(crate) external_url: String,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The scraper, the senders of remote write and the rules, with the configuration that they have.
pub(crate) struct AdoptedJobs {
    scraper: Scraper,
    remote_storage: RemoteStorage,
    receiver: Arc<Receiver>,
    rules: Arc<Groups>,
    alertmanagers: Arc<Alertmanagers>,
    external_url: String,
    dashboards: Arc<DashboardFiles>,
    clock: Arc<dyn Clock>,
    /// The data folder.
    data: PathBuf,
    state: Mutex<State>,
    /// Serialises reloads and changes of files.
    reloading: Mutex<()>,
}

struct State {
    external_labels: Labels,
    prometheus_yaml: String,
    rule_files: Vec<PathBuf>,
    reload: Reload,
}

impl AdoptedJobs {
    /// Starts the jobs of adopted files.
    ///
    /// # Errors
    /// What is wrong with a job.
    pub(crate) async fn start(
        parts: Parts,
        data: &Path,
        adopted: Adopted,
    ) -> Result<Self, ConfigError> {
        let fail = |message| ConfigError::new("adopt", message);
        let Parts { scraper, remote_storage, receiver, rules, alertmanagers, external_url, clock } =
            parts;
        adopted.warn();
        let reload = Reload { at: clock.now(), is_successful: true };
        let Adopted {
            scrape_configs,
            remote_write,
            otlp,
            external_labels,
            prometheus_yaml,
            alerting,
            rules: rule_files,
            grafana,
            ..
        } = adopted;
        let dashboards = Arc::new(DashboardFiles::new(data, Arc::clone(&clock), grafana));
        receiver.translate(translation(otlp));
        // First, so that nothing that is scraped is missed.
        remote_storage.apply(remote_write, &external_labels).map_err(fail)?;
        scraper.apply(scrape_configs).map_err(fail)?;
        alertmanagers.apply(alerting, external_labels.clone()).map_err(fail)?;
        rules
            .update(rule_settings(&external_labels, &external_url), rule_files.groups(false))
            .await;
        let rule_files = rule_files.paths();
        let state = Mutex::new(State { external_labels, prometheus_yaml, rule_files, reload });
        let rules = Arc::new(rules);
        Ok(Self {
            scraper,
            remote_storage,
            receiver,
            rules,
            alertmanagers,
            external_url,
            dashboards,
            clock,
            data: data.to_owned(),
            state,
            reloading: Mutex::default(),
        })
    }

    /// Reads the adopted files again and uses them. Blocks.
    ///
    /// # Errors
    /// What is wrong with them; everything stays as it was.
    pub(crate) fn reload(&self, paths: &[PathBuf]) -> Result<(), String> {
        let _reloading = self.reloading.lock();
        self.reload_alone(paths)
    }

    /// As [`Self::reload`], while no other reload runs.
    fn reload_alone(&self, paths: &[PathBuf]) -> Result<(), String> {
        // Reading may take long; the state is shown meanwhile.
        let read = Adopted::read(paths, &self.data).map_err(|error| error.to_string());
        let mut state = self.state.lock();
        let reloaded = read.and_then(|adopted| {
            adopted.warn();
            self.scraper.apply(adopted.scrape_configs)?;
            self.remote_storage.apply(adopted.remote_write, &adopted.external_labels)?;
            self.alertmanagers.apply(adopted.alerting, adopted.external_labels.clone())?;
            self.receiver.translate(translation(adopted.otlp));
            self.dashboards.apply(adopted.grafana);
            let settings = rule_settings(&adopted.external_labels, &self.external_url);
            let groups = adopted.rules.groups(true);
            state.rule_files = adopted.rules.paths();
            Handle::current().block_on(self.rules.update(settings, groups));
            state.external_labels = adopted.external_labels;
            state.prometheus_yaml = adopted.prometheus_yaml;
            Ok(())
        });
        state.reload.is_successful = reloaded.is_ok();
        match &reloaded {
            Ok(()) => {
                state.reload.at = self.clock.now();
                tracing::info!("the adopted files were read again");
            }
            Err(error) => tracing::error!(error, "the adopted files are not used"),
        }
        reloaded
    }

    /// Ends all jobs.
    pub(crate) async fn close(&self) {
        self.scraper.close();
        self.remote_storage.close();
        self.rules.stop().await;
        self.alertmanagers.drain(ALERTS_DRAIN_MAX).await;
    }

    /// The texts of the files of rules.
    pub(crate) fn rule_files(&self) -> RuleFileList {
        let files = self.state.lock().rule_files.clone();
        own_files::list(&own_files::folder(&self.data), &files)
    }

    /// Writes a file of rules in the data folder, and uses it.
    ///
    /// # Errors
    /// [`RuleFileFault`]; everything stays as it was.
    pub(crate) fn save_rule_file(
        &self,
        name: &str,
        save: &RuleFileSave,
        paths: &[PathBuf],
    ) -> Result<RuleFileEntry, RuleFileFault> {
        let _reloading = self.reloading.lock();
        let folder = own_files::folder(&self.data);
        own_files::save(&folder, name, save, || self.reload_alone(paths))
    }

    /// Where alerts are sent.
    pub(crate) fn alertmanagers(&self) -> AlertmanagersStatus {
        self.alertmanagers.status()
    }

    /// The groups of rules.
    pub(crate) fn rules(&self) -> &Arc<Groups> {
        &self.rules
    }

    /// The files of dashboards.
    pub(crate) fn dashboards(&self) -> Arc<DashboardFiles> {
        Arc::clone(&self.dashboards)
    }

    /// The state of the servers of remote write.
    pub(crate) fn remote_write_servers(&self) -> Vec<ServerStatus> {
        self.remote_storage.status()
    }

    /// The external labels of all `prometheus.yml`.
    pub(crate) fn external_labels(&self) -> Labels {
        self.state.lock().external_labels.clone()
    }

    /// The text of all `prometheus.yml`, without secrets.
    pub(crate) fn prometheus_yaml(&self) -> String {
        self.state.lock().prometheus_yaml.clone()
    }

    /// When the files were read last.
    pub(crate) fn last_reload(&self) -> Reload {
        self.state.lock().reload
    }

    /// The jobs with their targets.
    pub(crate) fn pools(&self) -> Vec<ScrapePool> {
        let pool = |pool: PoolStatus| ScrapePool {
            name: pool.job,
            active: pool.targets.into_iter().map(active).collect(),
            dropped: pool.dropped,
            dropped_count: pool.dropped_count,
        };
        self.scraper.status().into_iter().map(pool).collect()
    }

    /// The metadata of the metrics of each target.
    pub(crate) fn metadata(&self) -> Vec<TargetMetadata> {
        let targets = self.scraper.status().into_iter().flat_map(|pool| pool.targets);
        let metadata = |target: TargetStatus| {
            let mut metrics = target.metadata();
            metrics.sort_by(|a, b| a.metric.cmp(&b.metric));
            TargetMetadata { labels: target.labels, metrics }
        };
        targets.map(metadata).collect()
    }
}

fn rule_settings(external_labels: &Labels, external_url: &str) -> Settings {
    let labels = external_labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let external_labels = labels.collect();
    Settings { external_labels, external_url: external_url.to_owned(), ..Settings::default() }
}

/// How OTLP metrics are translated, in the words of the receiver.
fn translation(otlp: Otlp) -> Translation {
    Translation {
        strategy: match otlp.translation_strategy {
            TranslationStrategy::UnderscoreEscapingWithSuffixes => {
                Strategy::UnderscoreEscapingWithSuffixes
            }
            TranslationStrategy::UnderscoreEscapingWithoutSuffixes => {
                Strategy::UnderscoreEscapingWithoutSuffixes
            }
            TranslationStrategy::NoUtf8EscapingWithSuffixes => Strategy::NoUtf8EscapingWithSuffixes,
            TranslationStrategy::NoTranslation => Strategy::NoTranslation,
        },
        promoted_resource_attributes: if otlp.promote_all_resource_attributes {
            PromotedAttributes::AllBut(otlp.ignore_resource_attributes)
        } else {
            PromotedAttributes::These(otlp.promote_resource_attributes)
        },
        promotes_scope: otlp.promote_scope_metadata,
        keeps_identifying_attributes: otlp.keep_identifying_resource_attributes,
        uses_custom_bounds: otlp.convert_histograms_to_nhcb,
        keeps_leading_underscores: !otlp.label_name_underscore_sanitization,
        collapses_underscores: !otlp.label_name_preserve_multiple_underscores,
    }
}

fn active(target: TargetStatus) -> ActiveTarget {
    ActiveTarget {
        discovered: target.discovered,
        labels: target.labels,
        url: target.url,
        health: match target.last.health {
            Health::Unknown => "unknown",
            Health::Up => "up",
            Health::Down => "down",
        },
        last_error: target.last.error,
        last_scrape: target.last.started_at,
        last_duration: target.last.duration,
        interval: duration_text(target.interval),
        timeout: duration_text(target.timeout),
    }
}
