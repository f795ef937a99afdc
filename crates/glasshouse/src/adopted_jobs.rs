//! What adopted files are used for, scraping, remote write, rules and dashboards, and their reload.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adopt::prometheus::{Otlp, TranslationStrategy, duration_text};
use alertmanager::{Live, Notifiers};
use page_api::{
    ReceiverTest, ReplayAnswer, ReplayRequest, RuleFileEntry, RuleFileList, RuleFileSave,
};
use parking_lot::Mutex;
use query::{Engine, QueryError};
use receive::alertmanagers::{Alertmanagers, AlertmanagersStatus};
use receive::remote_storage::{RemoteStorage, ServerStatus};
use receive::scrape::{Health, PoolStatus, Scraper, TargetStatus};
use receive::{HostAddresses, Receiver};
use rules::{Groups, Settings};
use serve::{ActiveTarget, Reload, RuleFileFault, ScrapePool, TargetMetadata};
use signals::{Clock, Labels};
use store::Store;
use tokio::runtime::Handle;
use wire::otlp::metrics::{PromotedAttributes, Strategy, Translation};

use crate::adopted::Adopted;
use crate::alerting::replay::{self, InUse};
use crate::alerting::self_alerts::Watched;
use crate::alerting::{Routing, RuleFiles, own_files, receiver_test};
use crate::config::{Config, ConfigError};
use crate::dashboards::DashboardFiles;

/// How long alerts may take to be sent at the end.
const ALERTS_DRAIN_MAX: Duration = Duration::from_secs(5);

/// What uses the adopted files.
pub(crate) struct Parts {
    pub(crate) scraper: Scraper,
    pub(crate) remote_storage: RemoteStorage,
    pub(crate) receiver: Arc<Receiver>,
    /// Answers replays.
    pub(crate) engine: Engine,
    pub(crate) rules: Arc<Groups>,
    /// Those of the section `alerting`.
    pub(crate) alertmanagers: Arc<Alertmanagers>,
    /// That of this server.
    pub(crate) alertmanager: Live,
    pub(crate) dashboards: Arc<DashboardFiles>,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// Addresses of host names.
    pub(crate) resolved: HostAddresses,
    /// The URL under which users reach the page.
    pub(crate) external_url: String,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What uses the adopted files, with the configuration that it has.
pub(crate) struct AdoptedJobs {
    parts: Parts,
    state: Mutex<State>,
    /// Serialises reloads and changes of files.
    reloading: Mutex<()>,
}

struct State {
    external_labels: Labels,
    prometheus_yaml: String,
    rules: RuleFiles,
    routing: Routing,
    notifiers: Notifiers,
    reload: Reload,
}

impl AdoptedJobs {
    /// Starts the jobs of adopted files.
    ///
    /// # Errors
    /// What is wrong with a job.
    pub(crate) async fn start(parts: Parts, adopted: Adopted) -> Result<Self, ConfigError> {
        let state = State {
            external_labels: Labels::empty(),
            prometheus_yaml: String::new(),
            rules: RuleFiles::default(),
            routing: Routing::nobody()?,
            notifiers: Notifiers::new(),
            reload: Reload { at: parts.clock.now(), is_successful: true },
        };
        let jobs = Self { parts, state: Mutex::new(state), reloading: Mutex::default() };
        let applied = jobs.apply(adopted, false).await;
        applied.map_err(|message| ConfigError::new("adopt", message))?;
        Ok(jobs)
    }

    /// Uses the adopted files. The times of pending alerts must be restored unless they
    /// `are_restored`.
    async fn apply(&self, adopted: Adopted, are_restored: bool) -> Result<(), String> {
        adopted.warn();
        let Parts { external_url, .. } = &self.parts;
        let labels = adopted.external_labels;
        let routing = adopted.routing.map_or_else(Routing::nobody, Ok);
        let routing = routing.map_err(|error| error.to_string())?;
        // First, so that nothing that is scraped is missed.
        self.parts.remote_storage.apply(adopted.remote_write, &labels)?;
        self.parts.scraper.apply(adopted.scrape_configs)?;
        self.parts.alertmanagers.apply(adopted.alerting, labels.clone())?;
        let notifiers = routing.notifiers(external_url, &self.parts.resolved)?;
        let configuration = routing.configuration(external_url);
        self.parts.alertmanager.reload(configuration, notifiers.clone());
        self.parts.receiver.translate(translation(adopted.otlp));
        self.parts.dashboards.apply(adopted.grafana);
        let groups = adopted.rules.groups(are_restored);
        self.parts.rules.update(rule_settings(&labels, external_url), groups).await;
        let mut state = self.state.lock();
        state.external_labels = labels;
        state.prometheus_yaml = adopted.prometheus_yaml;
        state.rules = adopted.rules;
        state.routing = routing;
        state.notifiers = notifiers;
        Ok(())
    }

    /// Reads the adopted files again and uses them. Blocks.
    ///
    /// # Errors
    /// What is wrong with them; everything stays as it was.
    pub(crate) fn reload(&self, config: &Config) -> Result<(), String> {
        let _reloading = self.reloading.lock();
        self.reload_alone(config)
    }

    /// As [`Self::reload`], while no other reload runs.
    fn reload_alone(&self, config: &Config) -> Result<(), String> {
        let Parts { data, clock, .. } = &self.parts;
        let read = Adopted::read(config, data).map_err(|error| error.to_string());
        let reloaded =
            read.and_then(|adopted| Handle::current().block_on(self.apply(adopted, true)));
        let reload = &mut self.state.lock().reload;
        reload.is_successful = reloaded.is_ok();
        match &reloaded {
            Ok(()) => {
                reload.at = clock.now();
                tracing::info!("the adopted files were read again");
            }
            Err(error) => tracing::error!(error, "the adopted files are not used"),
        }
        reloaded
    }

    /// Ends all jobs.
    pub(crate) async fn close(&self) {
        self.parts.scraper.close();
        self.parts.remote_storage.close();
        self.parts.rules.stop().await;
        self.parts.alertmanagers.drain(ALERTS_DRAIN_MAX).await;
        self.parts.alertmanager.stop(ALERTS_DRAIN_MAX).await;
    }

    /// The Alertmanager.
    pub(crate) fn alertmanager(&self) -> &Live {
        &self.parts.alertmanager
    }

    /// Sends a message to a receiver; `None` if there is no such receiver.
    pub(crate) async fn test_receiver(&self, receiver: &str) -> Option<ReceiverTest> {
        let notifiers = {
            let state = self.state.lock();
            state.routing.has_receiver(receiver).then(|| state.notifiers.clone())?
        };
        let Parts { external_url, clock, .. } = &self.parts;
        Some(receiver_test::send(receiver, &notifiers, external_url, clock.now()).await)
    }

    /// What rules would have done over what is stored.
    ///
    /// # Errors
    /// As [`replay::run`].
    pub(crate) async fn replay(&self, request: ReplayRequest) -> Result<ReplayAnswer, QueryError> {
        let in_use = {
            let state = self.state.lock();
            InUse {
                groups: state.rules.groups(true),
                routing: state.routing.clone(),
                alertmanagers: Arc::clone(&self.parts.alertmanagers),
                settings: rule_settings(&state.external_labels, &self.parts.external_url),
            }
        };
        replay::run(request, in_use, &self.parts.engine).await
    }

    /// What alerts about this server are made from.
    pub(crate) fn watched(&self, store: Store) -> Watched {
        Watched {
            store,
            rules: Arc::clone(&self.parts.rules),
            alertmanagers: Arc::clone(&self.parts.alertmanagers),
            alertmanager: self.parts.alertmanager.clone(),
            external_url: self.parts.external_url.clone(),
            clock: Arc::clone(&self.parts.clock),
        }
    }

    /// The texts of the files of rules.
    pub(crate) fn rule_files(&self) -> RuleFileList {
        let files = self.state.lock().rules.paths();
        own_files::list(&own_files::folder(&self.parts.data), &files)
    }

    /// Writes a file of rules in the data folder, and uses it.
    ///
    /// # Errors
    /// [`RuleFileFault`]; everything stays as it was.
    pub(crate) fn save_rule_file(
        &self,
        name: &str,
        save: &RuleFileSave,
        config: &Config,
    ) -> Result<RuleFileEntry, RuleFileFault> {
        let _reloading = self.reloading.lock();
        let folder = own_files::folder(&self.parts.data);
        own_files::save(&folder, name, save, || self.reload_alone(config))
    }

    /// Where alerts are sent.
    pub(crate) fn alertmanagers(&self) -> AlertmanagersStatus {
        self.parts.alertmanagers.status()
    }

    /// The groups of rules.
    pub(crate) fn rules(&self) -> &Arc<Groups> {
        &self.parts.rules
    }

    /// The files of dashboards.
    pub(crate) fn dashboards(&self) -> Arc<DashboardFiles> {
        Arc::clone(&self.parts.dashboards)
    }

    /// The state of the servers of remote write.
    pub(crate) fn remote_write_servers(&self) -> Vec<ServerStatus> {
        self.parts.remote_storage.status()
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
        self.parts.scraper.status().into_iter().map(pool).collect()
    }

    /// The metadata of the metrics of each target.
    pub(crate) fn metadata(&self) -> Vec<TargetMetadata> {
        let targets = self.parts.scraper.status().into_iter().flat_map(|pool| pool.targets);
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
