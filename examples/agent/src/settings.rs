//! What a start is told: addresses, pace, failures, and where telemetry goes.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use glasshouse_sdk::Configuration;

/// Makes the telemetry configuration of the service with this name; called once for each of the
/// three.
pub type Configure = Arc<dyn Fn(&str) -> Configuration + Send + Sync>;

/// How the services run.
#[derive(Clone)]
pub struct Settings {
    /// Where the agent and its page listen. Port 0 lets the system choose, here and below.
    pub address: SocketAddr,
    /// Where the model gateway listens.
    pub gateway_address: SocketAddr,
    /// Where the MCP server listens.
    pub tools_address: SocketAddr,
    /// Where the agent's metrics are scraped; the gateway's and the tools' are on the next two
    /// ports. `None` leaves it to the environment.
    pub metrics_address: Option<SocketAddr>,
    /// Whether visitors come.
    pub traffic: bool,
    /// Whether the model and the tools fail now and then.
    pub failures: bool,
    /// How long models and tools take, as a multiple of what is usual; 0 for no waiting at all.
    pub pace: f64,
    /// How long the agent waits for the next piece of a model's answer.
    pub model_timeout: Duration,
    /// Where Glasshouse is, for the links on the page.
    pub glasshouse_url: Option<String>,
    /// The telemetry of each service, but for its name.
    pub configure: Configure,
}

impl Default for Settings {
    fn default() -> Self {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 8090)),
            gateway_address: any,
            tools_address: any,
            metrics_address: None,
            traffic: false,
            failures: true,
            pace: 1.0,
            model_timeout: Duration::from_secs(8),
            glasshouse_url: None,
            configure: Arc::new(|_| glasshouse_sdk::configure()),
        }
    }
}

impl Settings {
    /// The telemetry of the service that is the `index`-th of the three.
    pub(crate) fn configuration(&self, name: &str, index: u16) -> Configuration {
        let configuration = (self.configure)(name).service_version(env!("CARGO_PKG_VERSION"));
        let Some(mut address) = self.metrics_address else { return configuration };
        if address.port() != 0 {
            address.set_port(address.port().saturating_add(index));
        }
        configuration.metrics_address(address)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("address", &self.address)
            .field("traffic", &self.traffic)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

/// How long things take here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace(pub(crate) f64);

impl Pace {
    /// Lets the time pass that this would take.
    pub(crate) async fn wait(self, usual: Duration) {
        let time = usual.mul_f64(self.0.clamp(0.0, 100.0));
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }
}
