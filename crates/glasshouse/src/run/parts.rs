//! What uses the adopted files.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use alertmanager::{Limits, Live, Notifiers, Setup};
use anyhow::Context as _;
use query::promql::PreparedQueries;
use query::{Class, Engine};
use receive::Receiver;
use receive::alertmanagers::Alertmanagers;
use receive::remote_storage::RemoteStorage;
use receive::scrape::Scraper;
use rules::{Groups, Settings};
use signals::Clock;
use store::Store;
use tokio::runtime::Handle;

use super::memory::Budgets;
use super::settings;
use crate::adopted_jobs::Parts;
use crate::alerting::{Routing, ServerEnvironment};
use crate::config::Config;
use crate::config::ports::Port;
use crate::dashboards::{DashboardFiles, Provisioned};

/// What is there once the data folder is open.
pub(super) struct Opened<'a> {
    pub(super) config: &'a Config,
    pub(super) budgets: &'a Budgets,
    pub(super) receiver: &'a Arc<Receiver>,
    pub(super) engine: &'a Engine,
    pub(super) store: &'a Store,
    pub(super) data: &'a Path,
    pub(super) addresses: &'a BTreeMap<Port, SocketAddr>,
    pub(super) clock: &'a Arc<dyn Clock>,
    /// Threads that only evaluate rules.
    pub(super) rules: &'a Handle,
}

impl Opened<'_> {
    /// Starts everything, with no configuration yet.
    pub(super) fn parts(&self) -> anyhow::Result<Parts> {
        let settings = settings::scrape(self.config, self.budgets);
        let statistics = Arc::clone(self.receiver.statistics());
        let resolved = settings.addresses.clone();
        let memory = self.budgets.remote_write.clone();
        let (store, clock) = (self.store.clone(), Arc::clone(self.clock));
        let alertmanagers = Arc::new(Alertmanagers::new(resolved.clone()));
        let external_url = self.config.external_url(self.addresses.get(&Port::Page));
        let alertmanager = self.alertmanager(&external_url)?;
        let environment = ServerEnvironment {
            engine: self.engine.of_class(Class::Rules),
            prepared: PreparedQueries::default(),
            store: store.clone(),
            clock: Arc::clone(&clock),
            alertmanagers: Arc::clone(&alertmanagers),
            alertmanager: alertmanager.clone(),
            external_url: external_url.clone(),
        };
        let rules = Groups::new(
            Settings::default(),
            Arc::new(environment),
            Arc::clone(&clock),
            self.rules.clone(),
        );
        let dashboards = DashboardFiles::new(self.data, Arc::clone(&clock), Provisioned::default());
        let hosts = resolved.clone();
        Ok(Parts {
            scraper: Scraper::new(store.clone(), Arc::clone(&clock), statistics, settings),
            remote_storage: RemoteStorage::new(store, Arc::clone(&clock), hosts, memory),
            receiver: Arc::clone(self.receiver),
            engine: self.engine.clone(),
            rules: Arc::new(rules),
            alertmanagers,
            alertmanager,
            dashboards: Arc::new(dashboards),
            data: self.data.to_owned(),
            resolved,
            external_url,
            clock,
        })
    }

    /// Starts the Alertmanager of this server, whose silences and log are in the data folder.
    fn alertmanager(&self, external_url: &str) -> anyhow::Result<Live> {
        let folder = self.data.join("alertmanager");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.with_context(|| folder.display().to_string())?;
        let setup = Setup {
            configuration: Routing::nobody()?.configuration(external_url),
            notifiers: Notifiers::new(),
            limits: Limits::default(),
            clock: Arc::clone(self.clock),
            folder: Some(folder.clone()),
        };
        let started = Live::start(setup).with_context(|| folder.display().to_string())?;
        Ok(started.0)
    }
}
