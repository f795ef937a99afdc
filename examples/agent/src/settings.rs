//! Settings: addresses, pace, failures and telemetry.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use glasshouse_sdk::Configuration;

/// Creates the telemetry configuration of the service with this name; called once per service.
pub type Configure = Arc<dyn Fn(&str) -> Configuration + Send + Sync>;

/// Settings of the services.
#[derive(Clone)]
pub struct Settings {
    /// Address of the agent and its page. Port 0, here and below, lets the system choose.
    pub address: SocketAddr,
    /// Address of the model gateway.
    pub gateway_address: SocketAddr,
    /// Address of the MCP server.
    pub tools_address: SocketAddr,
    /// Address of the agent's metrics endpoint; the gateway and the tools use the next two ports.
    /// `None` leaves it to the environment.
    pub metrics_address: Option<SocketAddr>,
    /// Whether to simulate visitors.
    pub traffic: bool,
    /// Whether the model and the tools fail occasionally.
    pub failures: bool,
    /// Factor for simulated latencies of models and tools; 0 disables them.
    pub pace: f64,
    /// Timeout of the next chunk of a model's answer.
    pub model_timeout: Duration,
    /// Address of Glasshouse, for links on the page.
    pub glasshouse_url: Option<String>,
    /// The telemetry configuration of each service, without its name.
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
    /// The telemetry configuration of the service with this index among the three.
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

/// Factor for simulated latencies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace(pub(crate) f64);

impl Pace {
    /// Waits for the scaled duration.
    pub(crate) async fn wait(self, usual: Duration) {
        let time = usual.mul_f64(self.0.clamp(0.0, 100.0));
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }
}
