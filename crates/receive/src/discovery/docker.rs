//! `docker_sd_configs`: the containers of a Docker daemon.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adopt::prometheus as config;
use http::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use signals::{Labels, MemoryBudget};
use url::Url;

use super::{ADDRESS, TargetGroup, Updates, label_name, pause};
use http_client::{Get, HostAddresses, HttpClient, without_password};

/// Maximum size of a response.
const BODY_BYTES_MAX: usize = 32 << 20;

/// Asks a daemon again and again.
#[derive(Debug)]
pub(super) struct DockerDiscovery {
    client: HttpClient,
    containers: Url,
    networks: Url,
    config: config::DockerDiscovery,
    memory: MemoryBudget,
}

/// A container, as `GET /containers/json` lists it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Container {
    id: String,
    names: Vec<String>,
    image: String,
    #[serde(rename = "ImageID")]
    image_id: String,
    ports: Vec<ContainerPort>,
    labels: Option<BTreeMap<String, String>>,
    host_config: HostConfig,
    network_settings: NetworkSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ContainerPort {
    #[serde(rename = "IP")]
    ip: String,
    private_port: u16,
    public_port: u16,
    #[serde(rename = "Type")]
    protocol: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct HostConfig {
    network_mode: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct NetworkSettings {
    networks: Option<BTreeMap<String, Option<Endpoint>>>,
}

/// A container in a network.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Endpoint {
    #[serde(rename = "NetworkID")]
    network_id: String,
    #[serde(rename = "IPAddress")]
    ip_address: String,
    #[serde(rename = "GlobalIPv6Address")]
    ip_v6_address: String,
}

/// A network, as `GET /networks` lists it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Network {
    id: String,
    name: String,
    scope: String,
    internal: bool,
    ingress: bool,
    labels: Option<BTreeMap<String, String>>,
}

type Pairs = Vec<(String, String)>;

impl DockerDiscovery {
    /// # Errors
    /// What is wrong with the host or the settings of the client.
    pub(super) fn new(
        config: &config::DockerDiscovery,
        addresses: &Arc<HostAddresses>,
    ) -> Result<Self, String> {
        let host = config.host.reveal();
        let (client, base) = if let Some(socket) = host.strip_prefix("unix://") {
            (HttpClient::on_socket(Path::new(socket))?, "http://localhost".to_owned())
        } else {
            let base = host.strip_prefix("tcp://").map(|host| format!("http://{host}"));
            let base = base.unwrap_or_else(|| host.to_owned());
            (HttpClient::new(&config.http, addresses)?, base)
        };
        let url = |path: &str| {
            Url::parse(&base)
                .and_then(|base| base.join(path))
                .map_err(|error| format!("{}: {error}", config.host))
        };
        let mut containers = url("/containers/json")?;
        if !config.filters.is_empty() {
            let filters: BTreeMap<&str, &[String]> = config
                .filters
                .iter()
                .map(|filter| (filter.name.as_str(), filter.values.as_slice()))
                .collect();
            let filters = serde_json::to_string(&filters).map_err(|error| error.to_string())?;
            containers.query_pairs_mut().append_pair("filters", &filters);
        }
        let memory = MemoryBudget::new("the responses of a discovery", 2 * BODY_BYTES_MAX);
        Ok(Self { client, containers, networks: url("/networks")?, config: config.clone(), memory })
    }

    pub(super) async fn run(self, updates: Updates) {
        let interval = self.config.refresh_interval;
        let timeout = interval.max(Duration::from_secs(1));
        loop {
            let groups = tokio::time::timeout(timeout, self.targets()).await;
            match groups.unwrap_or_else(|_elapsed| Err("no answer in time".to_owned())) {
                Ok(targets) => {
                    let group = TargetGroup { targets, labels: Labels::empty() };
                    if !updates.send(vec![group]).await {
                        return;
                    }
                }
                Err(error) => updates.warn("docker", &error),
            }
            if updates.sender.is_closed() {
                return;
            }
            pause(interval).await;
        }
    }

    async fn targets(&self) -> Result<Vec<Labels>, String> {
        let containers: Vec<Container> = self.get(&self.containers).await?;
        let networks: Vec<Network> = self.get(&self.networks).await?;
        let networks: BTreeMap<String, Pairs> =
            networks.into_iter().map(|network| (network.id.clone(), network.labels())).collect();
        Ok(targets(&containers, &networks, &self.config))
    }

    async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T, String> {
        let memory = self.memory.reservation();
        let (headers, body_bytes_max) = (HeaderMap::new(), BODY_BYTES_MAX);
        let fetched = self.client.get(Get { url, headers, body_bytes_max, memory: &memory }).await;
        let fetched = fetched.map_err(|error| error.message("the response is too large"))?;
        serde_json::from_slice(&fetched.body)
            .map_err(|error| format!("{}: {error}", without_password(url)))
    }
}

/// One target for each network and TCP port of each container.
fn targets(
    containers: &[Container],
    networks: &BTreeMap<String, Pairs>,
    config: &config::DockerDiscovery,
) -> Vec<Labels> {
    let mut targets = Vec::new();
    for container in containers.iter().filter(|container| !container.names.is_empty()) {
        let common = container.labels();
        for endpoint in container.endpoints(containers, config.match_first_network) {
            let none = Vec::new();
            let network = networks.get(&endpoint.network_id).unwrap_or(&none);
            let ip = endpoint.ip();
            let mut push = |address: String, more: Pairs| {
                let own = [
                    (ADDRESS.to_owned(), address),
                    ("__meta_docker_network_ip".to_owned(), ip.to_owned()),
                ];
                let labels = own.into_iter().chain(more);
                let labels = labels.chain(common.iter().cloned()).chain(network.iter().cloned());
                targets.push(Labels::from_pairs(labels));
            };
            let mut has_ports = false;
            for port in container.ports.iter().filter(|port| port.protocol == "tcp") {
                push(join(ip, port.private_port), port.labels());
                has_ports = true;
            }
            if !has_ports && container.host_config.network_mode == "host" {
                push(config.host_networking_host.clone(), Vec::new());
            } else if !has_ports {
                push(join(ip, config.port), Vec::new());
            }
        }
    }
    targets
}

/// An address with a port; IPv6 addresses are put in brackets.
fn join(ip: &str, port: u16) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

impl Container {
    fn labels(&self) -> Pairs {
        let name = |tail: &str| format!("__meta_docker_container_{tail}");
        let mut labels = vec![
            (name("id"), self.id.clone()),
            (name("name"), self.names.first().cloned().unwrap_or_default()),
            (name("network_mode"), self.host_config.network_mode.clone()),
            (name("image"), self.image.clone()),
            (name("image_id"), self.image_id.clone()),
        ];
        for (key, value) in self.labels.iter().flatten() {
            labels.push((label_name(&name("label_"), key), value.clone()));
        }
        labels
    }

    /// Its places in networks; a container that shares those of another has that one's.
    fn endpoints(&self, all: &[Self], only_first: bool) -> Vec<Endpoint> {
        let mut container = self;
        // More steps than containers are a cycle.
        for _ in all {
            let networks = container.network_settings.networks.iter().flatten();
            let endpoints: Vec<Endpoint> =
                networks.filter_map(|(_, endpoint)| endpoint.clone()).collect();
            if !endpoints.is_empty() {
                let count = if only_first { 1 } else { endpoints.len() };
                return endpoints.into_iter().take(count).collect();
            }
            let shared = container.host_config.network_mode.strip_prefix("container:");
            match all.iter().find(|other| Some(other.id.as_str()) == shared) {
                Some(other) => container = other,
                None => break,
            }
        }
        Vec::new()
    }
}

impl ContainerPort {
    fn labels(&self) -> Pairs {
        let name = |tail: &str| format!("__meta_docker_port_{tail}");
        let mut labels = vec![(name("private"), self.private_port.to_string())];
        if self.public_port > 0 {
            labels.push((name("public"), self.public_port.to_string()));
            labels.push((name("public_ip"), self.ip.clone()));
        }
        labels
    }
}

impl Endpoint {
    fn ip(&self) -> &str {
        if self.ip_address.is_empty() { &self.ip_v6_address } else { &self.ip_address }
    }
}

impl Network {
    fn labels(self) -> Pairs {
        let name = |tail: &str| format!("__meta_docker_network_{tail}");
        let mut labels = vec![
            (name("id"), self.id),
            (name("name"), self.name),
            (name("scope"), self.scope),
            (name("internal"), self.internal.to_string()),
            (name("ingress"), self.ingress.to_string()),
        ];
        for (key, value) in self.labels.into_iter().flatten() {
            labels.push((label_name(&name("label_"), &key), value));
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_a_target_on_each_network_and_port() {
        let containers: Vec<Container> = serde_json::from_str(
            r#"[
  {"Id": "a", "Names": ["/api"], "Image": "api:1", "Ports": [
     {"PrivatePort": 8000, "Type": "tcp"},
     {"IP": "0.0.0.0", "PrivatePort": 9000, "PublicPort": 9001, "Type": "tcp"},
     {"PrivatePort": 53, "Type": "udp"}],
   "Labels": {"com.example/team": "x"},
   "HostConfig": {"NetworkMode": "stack"},
   "NetworkSettings": {"Networks": {
     "z": {"NetworkID": "n2", "IPAddress": "10.0.2.2"},
     "b": {"NetworkID": "n1", "IPAddress": "10.0.1.2"}}}},
  {"Id": "s", "Names": ["/sidecar"], "HostConfig": {"NetworkMode": "container:a"}},
  {"Id": "h", "Names": ["/host"], "HostConfig": {"NetworkMode": "host"},
   "NetworkSettings": {"Networks": {"host": {"NetworkID": "n3", "IPAddress": ""}}}},
  {"Id": "c", "Names": ["/circle"], "HostConfig": {"NetworkMode": "container:c"}},
  {"Id": "u"}]"#,
        )
        .unwrap();
        let networks: Vec<Network> = serde_json::from_str(
            r#"[{"Id": "n1", "Name": "b", "Scope": "local", "Internal": true, "Labels": {"k": "v"}}]"#,
        )
        .unwrap();
        let networks = networks.into_iter().map(|n| (n.id.clone(), n.labels())).collect();
        let text = "scrape_configs: [{job_name: x, docker_sd_configs: [{host: 'unix:///x.sock'}]}]";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let loaded = config::load(file.path(), &adopt::SystemFiles).unwrap();
        let config::Discovery::Docker(mut config) = loaded.scrape_configs[0].discovery[0].clone()
        else {
            panic!("{loaded:?}");
        };
        let addresses = |config: &config::DockerDiscovery| -> Vec<String> {
            let targets = targets(&containers, &networks, config);
            targets.iter().map(|target| target.get(ADDRESS).unwrap().to_owned()).collect()
        };
        let first = ["10.0.1.2:8000", "10.0.1.2:9000", "10.0.1.2:80", "localhost"];
        assert_eq!(addresses(&config), first);
        let found = &targets(&containers, &networks, &config)[1];
        for (name, value) in [
            ("__meta_docker_container_name", "/api"),
            ("__meta_docker_container_label_com_example_team", "x"),
            ("__meta_docker_network_name", "b"),
            ("__meta_docker_network_internal", "true"),
            ("__meta_docker_network_label_k", "v"),
            ("__meta_docker_port_public", "9001"),
            ("__meta_docker_port_public_ip", "0.0.0.0"),
        ] {
            assert_eq!(found.get(name), Some(value), "{name}");
        }
        config.match_first_network = false;
        assert_eq!(addresses(&config).len(), 7);
    }
}
