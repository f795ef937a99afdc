//! `http_sd_configs`: groups that an HTTP endpoint lists.

use std::sync::Arc;
use std::time::Duration;

use adopt::prometheus as config;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use signals::MemoryBudget;
use url::Url;

use super::{TargetGroup, Updates, pause, read_groups};
use http_client::{Get, HostAddresses, HttpClient};

/// The label with the endpoint of a target.
const URL_LABEL: &str = "__meta_url";
/// Maximum size of a response.
const BODY_BYTES_MAX: usize = 32 << 20;
/// Maximum wait for a response.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks an endpoint again and again.
#[derive(Debug)]
pub(super) struct HttpDiscovery {
    client: HttpClient,
    url: Url,
    interval: Duration,
    memory: MemoryBudget,
}

impl HttpDiscovery {
    /// # Errors
    /// What is wrong with the URL or the settings of the client.
    pub(super) fn new(
        config: &config::HttpDiscovery,
        addresses: &Arc<HostAddresses>,
    ) -> Result<Self, String> {
        Ok(Self {
            client: HttpClient::new(&config.http, addresses)?,
            url: Url::parse(config.url.reveal())
                .map_err(|error| format!("{:?}: {error}", config.url))?,
            interval: config.refresh_interval,
            memory: MemoryBudget::new("the response of a discovery", BODY_BYTES_MAX),
        })
    }

    pub(super) async fn run(self, updates: Updates) {
        let mut last = None;
        loop {
            let fetched = tokio::time::timeout(TIMEOUT.min(self.interval), self.groups()).await;
            match fetched.unwrap_or_else(|_elapsed| Err("no answer in time".to_owned())) {
                Ok(groups) if last.as_ref() != Some(&groups) => {
                    last = Some(groups.clone());
                    if !updates.send(groups).await {
                        return;
                    }
                }
                Ok(_same) => {}
                Err(error) => updates.warn("http", &error),
            }
            if updates.sender.is_closed() {
                return;
            }
            pause(self.interval).await;
        }
    }

    async fn groups(&self) -> Result<Vec<TargetGroup>, String> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let interval = self.interval.as_secs_f64().to_string();
        if let Ok(interval) = HeaderValue::try_from(interval) {
            headers.insert("x-prometheus-refresh-interval-seconds", interval);
        }
        let memory = self.memory.reservation();
        let get = Get { url: &self.url, headers, body_bytes_max: BODY_BYTES_MAX, memory: &memory };
        let too_large = "the response is too large";
        let fetched = self.client.get(get).await.map_err(|error| error.message(too_large))?;
        let content_type = fetched.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/json") {
            return Err(format!("unsupported content type {:?}", content_type.unwrap_or_default()));
        }
        read_groups(fetched.body.into(), URL_LABEL, self.url.as_str())
    }
}
