//! Where targets come from: `static_configs` and the kinds of `*_sd_configs`.

mod unsupported;

use std::path::{Path, PathBuf};
use std::time::Duration;

use signals::Labels;
use signals::relabel::NameScheme;

use super::relabel::{label_name, label_value};
use crate::error::{Error, Fault, Read};
use crate::http::{self, HttpClientConfig};
use crate::url::Url;
use crate::yaml::{Document, Fields, Node};

/// Targets with common labels.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetGroup {
    /// Addresses, the values of `__address__`.
    pub targets: Vec<String>,
    /// Labels of all of them.
    pub labels: Labels,
}

/// A source of targets.
#[derive(Debug, Clone, PartialEq)]
pub enum Discovery {
    /// Targets in the configuration.
    Static(Vec<TargetGroup>),
    /// Targets in files.
    File(FileDiscovery),
    /// Targets from an HTTP server.
    Http(HttpDiscovery),
    /// Targets from DNS records.
    Dns(DnsDiscovery),
    /// Containers of a Docker server.
    Docker(DockerDiscovery),
}

/// Targets in files.
#[derive(Debug, Clone, PartialEq)]
pub struct FileDiscovery {
    /// Patterns of file names.
    pub files: Vec<PathBuf>,
    /// How often the files are read, apart from changes.
    pub refresh_interval: Duration,
}

/// Targets from an HTTP server.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpDiscovery {
    /// The address.
    pub url: Url,
    /// How often it is asked.
    pub refresh_interval: Duration,
    /// How requests are made.
    pub http: HttpClientConfig,
}

/// Targets from DNS records.
#[derive(Debug, Clone, PartialEq)]
pub struct DnsDiscovery {
    /// Names to look up.
    pub names: Vec<String>,
    /// The kind of record.
    pub record: DnsRecord,
    /// The port of targets from records without one.
    pub port: u16,
    /// How often the names are looked up.
    pub refresh_interval: Duration,
}

/// A kind of DNS record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsRecord {
    /// `A`.
    A,
    /// `AAAA`.
    Aaaa,
    /// `MX`.
    Mx,
    /// `NS`.
    Ns,
    /// `SRV`.
    Srv,
}

/// Containers of a Docker server.
#[derive(Debug, Clone, PartialEq)]
pub struct DockerDiscovery {
    /// The address of the server, such as `unix:///var/run/docker.sock`.
    pub host: Url,
    /// The port of containers that expose none.
    pub port: u16,
    /// Which containers are found.
    pub filters: Vec<DockerFilter>,
    /// The address of containers in the host's network.
    pub host_networking_host: String,
    /// Whether only the first network of a container is used.
    pub match_first_network: bool,
    /// How often the server is asked.
    pub refresh_interval: Duration,
    /// How requests are made.
    pub http: HttpClientConfig,
}

/// A filter of Docker's API.
#[derive(Debug, Clone, PartialEq)]
pub struct DockerFilter {
    /// What is filtered by.
    pub name: String,
    /// Accepted values.
    pub values: Vec<String>,
}

/// Reads all sources of a section, and notes those that are not supported.
pub(super) fn read(fields: &mut Fields<'_>) -> Read<Vec<Discovery>> {
    let mut found = Vec::new();
    let groups = sections(fields, "static_configs", target_group)?;
    if !groups.is_empty() {
        found.push(Discovery::Static(groups));
    }
    found.extend(sections(fields, "file_sd_configs", file)?.into_iter().map(Discovery::File));
    found
        .extend(sections(fields, "http_sd_configs", http_server)?.into_iter().map(Discovery::Http));
    found.extend(sections(fields, "dns_sd_configs", dns)?.into_iter().map(Discovery::Dns));
    found.extend(sections(fields, "docker_sd_configs", docker)?.into_iter().map(Discovery::Docker));
    unsupported::read(fields)?;
    Ok(found)
}

/// Reads a list of sections, none of which may be null or empty.
fn sections<T>(
    fields: &mut Fields<'_>,
    key: &str,
    read: impl Fn(&Document, &Node) -> Read<T>,
) -> Read<Vec<T>> {
    let document = fields.document;
    let section = |node: &Node| {
        if node.is_null() {
            return Err(node.fault(format!("empty or null section in {key}")));
        }
        read(document, node)
    };
    fields.elements(key)?.iter().map(|node| section(node)).collect()
}

/// Fails if an address of static targets is a URL.
pub(super) fn check_addresses(fields: &Fields<'_>, found: &[Discovery]) -> Read<()> {
    let groups = found.iter().filter_map(|discovery| match discovery {
        Discovery::Static(groups) => Some(groups),
        _ => None,
    });
    let mut addresses = groups.flatten().flat_map(|group| &group.targets);
    match addresses.find(|address| address.contains('/')) {
        None => Ok(()),
        Some(address) => {
            let reason = format!("{address:?} is not a valid hostname");
            Err(fields.fault("static_configs", reason))
        }
    }
}

fn target_group(document: &Document, node: &Node) -> Read<TargetGroup> {
    let mut fields = Fields::new(document, node, "struct { Targets; Labels }")?;
    let targets = fields.texts("targets")?;
    let mut labels = Vec::new();
    if let Some(pairs) = fields.take("labels") {
        for (name, value) in pairs.node_pairs("model.LabelSet")? {
            labels.push((label_name(name, NameScheme::Utf8)?, label_value(value)?));
        }
    }
    fields.finish()?;
    Ok(TargetGroup { targets, labels: Labels::from_pairs(labels) })
}

/// Reads a list of target groups: a file of `file_sd_configs`, or the response to
/// `http_sd_configs`. JSON is read as YAML, of which it is a part.
///
/// # Errors
/// If Prometheus would refuse it.
pub fn target_groups(file: &Path, bytes: Vec<u8>) -> Result<Vec<TargetGroup>, Error> {
    let document = Document::parse(file, bytes)?;
    let Some(root) = document.root.as_deref() else {
        return Ok(Vec::new());
    };
    let group = |node: &Node| {
        if node.is_null() {
            return Err(node.fault("nil target group item found"));
        }
        target_group(&document, node)
    };
    let groups = root
        .elements("[]*targetgroup.Group")
        .and_then(|groups| groups.iter().map(|node| group(node)).collect());
    groups.map_err(|fault: Fault| fault.of(file))
}

fn file(document: &Document, node: &Node) -> Read<FileDiscovery> {
    let mut fields = Fields::new(document, node, "file.plain")?;
    let mut files = Vec::new();
    for element in fields.elements("files")? {
        let name = element.text()?;
        if !is_target_file(&name) {
            let reason = format!("path name {name:?} is not valid for file discovery");
            return Err(element.fault(reason));
        }
        files.push(document.path(&name));
    }
    let refresh_interval = fields.interval("refresh_interval", Duration::from_secs(300))?;
    fields.finish()?;
    if files.is_empty() {
        let reason = "file service discovery config must contain at least one path name";
        return Err(fields.fault("files", reason));
    }
    Ok(FileDiscovery { files, refresh_interval })
}

/// `*` only in the last component, and an ending of YAML or JSON.
fn is_target_file(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let has_ending = ["json", "yml", "yaml", "JSON", "YML", "YAML"].contains(&ending);
    let after = name.split_once('*').map_or("", |(_, after)| after);
    has_ending && !after.contains(['*', '/'])
}

fn http_server(document: &Document, node: &Node) -> Read<HttpDiscovery> {
    let mut fields = Fields::new(document, node, "http.plain")?;
    let text = fields.text_or_empty("url")?;
    let refresh_interval = fields.interval("refresh_interval", Duration::from_secs(60))?;
    let http = http::read(&mut fields, true)?;
    fields.finish()?;
    let url = http_url(&fields, &text)?;
    Ok(HttpDiscovery { url, refresh_interval, http })
}

/// The URL of a server.
fn http_url(fields: &Fields<'_>, text: &str) -> Read<Url> {
    if text.is_empty() {
        return Err(fields.fault("url", "URL is missing"));
    }
    let url = Url::parse(text).map_err(|reason| fields.fault("url", reason))?;
    if !matches!(url.scheme().as_str(), "http" | "https") {
        return Err(fields.fault("url", "URL scheme must be 'http' or 'https'"));
    }
    if url.host().is_empty() {
        return Err(fields.fault("url", "host is missing in URL"));
    }
    Ok(url)
}

fn dns(document: &Document, node: &Node) -> Read<DnsDiscovery> {
    let mut fields = Fields::new(document, node, "dns.plain")?;
    let names = fields.texts("names")?;
    let refresh_interval = fields.interval("refresh_interval", Duration::from_secs(30))?;
    let kind = fields.text("type")?.unwrap_or_else(|| "SRV".to_owned());
    let port = port(&mut fields, 0)?;
    fields.finish()?;
    if names.is_empty() {
        let reason = "DNS-SD config must contain at least one SRV record name";
        return Err(fields.fault("names", reason));
    }
    let record = match kind.to_ascii_uppercase().as_str() {
        "SRV" => DnsRecord::Srv,
        "A" => DnsRecord::A,
        "AAAA" => DnsRecord::Aaaa,
        "MX" => DnsRecord::Mx,
        "NS" => DnsRecord::Ns,
        _ => return Err(fields.fault("type", format!("invalid DNS-SD records type {kind}"))),
    };
    if port == 0 && record != DnsRecord::Srv {
        let reason = "a port is required in DNS-SD configs for all record types except SRV";
        return Err(fields.fault("port", reason));
    }
    Ok(DnsDiscovery { names, record, port, refresh_interval })
}

fn docker(document: &Document, node: &Node) -> Read<DockerDiscovery> {
    let mut fields = Fields::new(document, node, "moby.plain")?;
    let host = fields.text_or_empty("host")?;
    if host.is_empty() {
        return Err(fields.fault("host", "host missing"));
    }
    let mut filters = Vec::new();
    for element in fields.elements("filters")? {
        let mut filter = Fields::new(document, element, "moby.Filter")?;
        let name = filter.text_or_empty("name")?;
        filters.push(DockerFilter { name, values: filter.texts("values")? });
        filter.finish()?;
    }
    let discovery = DockerDiscovery {
        host: Url::parse(&host).map_err(|reason| fields.fault("host", reason))?,
        port: port(&mut fields, 80)?,
        filters,
        host_networking_host: fields
            .text("host_networking_host")?
            .unwrap_or_else(|| "localhost".to_owned()),
        match_first_network: fields.flag("match_first_network", true)?,
        refresh_interval: fields.interval("refresh_interval", Duration::from_secs(60))?,
        http: http::read(&mut fields, true)?,
    };
    fields.finish()?;
    Ok(discovery)
}

fn port(fields: &mut Fields<'_>, default: u16) -> Read<u16> {
    let port = fields.signed("port")?.map(u16::try_from);
    let port = port.transpose().map_err(|_| fields.fault("port", "invalid port"))?;
    Ok(port.unwrap_or(default))
}
