//! The sections of `remote_write` and `remote_read`.

use std::time::Duration;

use signals::relabel::{NameScheme, Rule};

use super::relabel::{label_name, label_value, rules};
use crate::error::Read;
use crate::http::{self, Authentication, HttpClientConfig, RESERVED};
use crate::url::Url;
use crate::yaml::{Document, Fields, Node};

const KIND: &str = "config.plain";

/// A server that gets all samples.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteWrite {
    /// The address.
    pub url: Url,
    /// A unique name, or none.
    pub name: Option<String>,
    /// How long a request may take.
    pub remote_timeout: Duration,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Rules for the labels of samples.
    pub write_relabel_configs: Vec<Rule>,
    /// Whether exemplars are sent.
    pub send_exemplars: bool,
    /// Whether native histograms are sent.
    pub send_native_histograms: bool,
    /// Whether the addresses of the name are used in turn.
    pub round_robin_dns: bool,
    /// The format of requests.
    pub message: RemoteWriteMessage,
    /// How requests are made.
    pub http: HttpClientConfig,
    /// How samples wait.
    pub queue: QueueConfig,
    /// How metadata is sent.
    pub metadata: MetadataConfig,
}

/// A format of remote write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteWriteMessage {
    /// `prometheus.WriteRequest`.
    V1,
    /// `io.prometheus.write.v2.Request`.
    V2,
}

/// How samples wait for a request.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueConfig {
    /// Samples per shard.
    pub capacity: u64,
    /// Most requests at a time.
    pub max_shards: u64,
    /// Fewest requests at a time.
    pub min_shards: u64,
    /// Samples of a request.
    pub max_samples_per_send: u64,
    /// How long a sample waits for others.
    pub batch_send_deadline: Duration,
    /// The first pause after a failure.
    pub min_backoff: Duration,
    /// The longest pause.
    pub max_backoff: Duration,
    /// Whether status 429 is tried again.
    pub retry_on_http_429: bool,
    /// The age of samples that are not sent any more; `None` is any.
    pub sample_age_limit: Option<Duration>,
}

/// How metadata is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataConfig {
    /// Whether it is.
    pub send: bool,
    /// How often.
    pub send_interval: Duration,
    /// Metric families of a request.
    pub max_samples_per_send: u64,
}

/// A server that is asked for samples.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteRead {
    /// The address.
    pub url: Url,
    /// A unique name, or none.
    pub name: Option<String>,
    /// How long a request may take.
    pub remote_timeout: Duration,
    /// Bytes of a frame.
    pub chunked_read_limit: u64,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Whether it is asked for times that are stored here.
    pub read_recent: bool,
    /// Labels that a query must have.
    pub required_matchers: Vec<(String, String)>,
    /// Whether queries get the external labels.
    pub filter_external_labels: bool,
    /// How requests are made.
    pub http: HttpClientConfig,
}

/// Reads a list of servers with unique names.
pub(super) fn servers<T>(
    fields: &mut Fields<'_>,
    key: &str,
    what: &str,
    read: impl Fn(&Document, &Node) -> Read<T>,
    name: impl Fn(&T) -> &Option<String>,
) -> Read<Vec<T>> {
    let mut servers: Vec<T> = Vec::new();
    for element in fields.elements(key)? {
        if element.is_null() {
            return Err(element.fault(format!("empty or null {what} config section")));
        }
        let server = read(fields.document, element)?;
        if let Some(own) = name(&server)
            && servers.iter().any(|known| name(known).as_ref() == Some(own))
        {
            let reason = format!("found multiple {what} configs with job name {own:?}");
            return Err(element.fault(reason));
        }
        servers.push(server);
    }
    Ok(servers)
}

pub(super) fn write(document: &Document, node: &Node, names: NameScheme) -> Read<RemoteWrite> {
    let mut fields = Fields::new(document, node, KIND)?;
    let fields = &mut fields;
    let write = RemoteWrite {
        url: url(fields, "remote_write")?,
        name: fields.text("name")?.filter(|name| !name.is_empty()),
        remote_timeout: fields.interval("remote_timeout", Duration::from_secs(30))?,
        headers: headers(fields)?,
        write_relabel_configs: rules(
            fields,
            "write_relabel_configs",
            "relabeling rule in remote write config",
            names,
        )?,
        send_exemplars: fields.flag("send_exemplars", false)?,
        send_native_histograms: fields.flag("send_native_histograms", false)?,
        round_robin_dns: fields.flag("round_robin_dns", false)?,
        message: message(fields)?,
        http: http::read(fields, false)?,
        queue: queue(fields)?,
        metadata: metadata(fields)?,
    };
    // A setting of Prometheus' own log.
    fields.flag("failed_request_logging", false)?;
    if write.round_robin_dns {
        let key = "round_robin_dns";
        fields.document.note_unsupported(key, fields.at(key));
    }
    let cloud = cloud_authentication(fields)?;
    fields.finish()?;
    one_authentication(fields, &write.http, cloud)?;
    Ok(write)
}

fn url(fields: &mut Fields<'_>, section: &str) -> Read<Url> {
    let Some(node) = fields.take("url") else {
        return Err(fields.node.fault(format!("url for {section} is empty")));
    };
    Url::parse(&node.text()?).map_err(|reason| node.fault(reason))
}

/// Headers that the protocol does not need for itself.
fn headers(fields: &mut Fields<'_>) -> Read<Vec<(String, String)>> {
    let headers = fields.text_map("headers")?;
    for (name, _) in &headers {
        if name.eq_ignore_ascii_case("authorization") {
            let reason = "authorization header must be changed via the basic_auth, authorization, \
                          oauth2, sigv4, azuread or google_iam parameter";
            return Err(fields.fault("headers", reason));
        }
        check_header(fields, name)?;
    }
    Ok(headers)
}

/// Fails if a header is reserved.
pub(super) fn check_header(fields: &Fields<'_>, name: &str) -> Read<()> {
    let lower = name.to_ascii_lowercase();
    // The only reserved header of scrapes that is not reserved here.
    if RESERVED.contains(&lower.as_str()) && lower != "x-prometheus-scrape-timeout-seconds" {
        let reason = format!("{name} is a reserved header. It must not be changed");
        return Err(fields.fault("headers", reason));
    }
    Ok(())
}

fn message(fields: &mut Fields<'_>) -> Read<RemoteWriteMessage> {
    let (v1, v2) = ("prometheus.WriteRequest", "io.prometheus.write.v2.Request");
    match fields.text("protobuf_message")?.as_deref() {
        None => Ok(RemoteWriteMessage::V1),
        Some(name) if name == v1 => Ok(RemoteWriteMessage::V1),
        Some(name) if name == v2 => Ok(RemoteWriteMessage::V2),
        Some(name) => Err(fields.fault(
            "protobuf_message",
            format!(
                "invalid protobuf_message value: unknown type for remote write protobuf message \
                 {name}, supported: {v1}, {v2}"
            ),
        )),
    }
}

/// A number that must be greater than 0.
fn positive(fields: &mut Fields<'_>, key: &str, default: u64) -> Read<u64> {
    let number = fields.signed(key)?.map_or(Ok(default), u64::try_from);
    number
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| fields.fault(key, format!("remote write queue {key} must be positive")))
}

fn queue(fields: &mut Fields<'_>) -> Read<QueueConfig> {
    let nothing = Node::nothing();
    let node = fields.take("queue_config").unwrap_or(&nothing);
    let mut section = Fields::new(fields.document, node, "config.QueueConfig")?;
    let section = &mut section;
    let queue = QueueConfig {
        max_shards: positive(section, "max_shards", 50)?,
        min_shards: positive(section, "min_shards", 1)?,
        max_samples_per_send: positive(section, "max_samples_per_send", 2000)?,
        capacity: positive(section, "capacity", 10_000)?,
        batch_send_deadline: section.interval("batch_send_deadline", Duration::from_secs(5))?,
        min_backoff: section.interval("min_backoff", Duration::from_millis(30))?,
        max_backoff: section.interval("max_backoff", Duration::from_secs(5))?,
        retry_on_http_429: section.flag("retry_on_http_429", false)?,
        sample_age_limit: section.duration("sample_age_limit")?.filter(|age| !age.is_zero()),
    };
    section.finish()?;
    if queue.min_shards > queue.max_shards {
        let reason = "remote write queue min_shards must not be greater than max_shards";
        return Err(section.fault("min_shards", reason));
    }
    if queue.max_backoff < queue.min_backoff {
        let reason = "remote write queue max_backoff must not be less than min_backoff";
        return Err(section.fault("max_backoff", reason));
    }
    Ok(queue)
}

fn metadata(fields: &mut Fields<'_>) -> Read<MetadataConfig> {
    let nothing = Node::nothing();
    let node = fields.take("metadata_config").unwrap_or(&nothing);
    let mut section = Fields::new(fields.document, node, "config.MetadataConfig")?;
    let families = section.unsigned("max_samples_per_send")?;
    let metadata = MetadataConfig {
        send: section.flag("send", true)?,
        send_interval: section.interval("send_interval", Duration::from_secs(60))?,
        max_samples_per_send: if families == 0 { 2000 } else { families },
    };
    section.finish()?;
    Ok(metadata)
}

/// Notes a section with these keys; returns whether it is there.
fn unsupported(fields: &mut Fields<'_>, key: &str, kind: &'static str, keys: &str) -> Read<bool> {
    let Some(mut section) = fields.section(key, kind)? else {
        return Ok(false);
    };
    for key in keys.split_ascii_whitespace() {
        section.take(key);
    }
    section.finish()?;
    fields.document.note_unsupported(key, fields.at(key));
    Ok(true)
}

/// Authentication with the services of clouds, of which none is supported.
fn cloud_authentication(fields: &mut Fields<'_>) -> Read<Vec<&'static str>> {
    let azure = "cloud managed_identity oauth sdk workload_identity scope";
    let found = [
        ("sigv4", http::sigv4(fields)?),
        ("azuread", unsupported(fields, "azuread", "azuread.AzureADConfig", azure)?),
        ("google_iam", unsupported(fields, "google_iam", "googleiam.Config", "credentials_file")?),
    ];
    Ok(found.into_iter().filter(|(_, is_written)| *is_written).map(|(key, _)| key).collect())
}

fn one_authentication(
    fields: &Fields<'_>,
    client: &HttpClientConfig,
    cloud: Vec<&'static str>,
) -> Read<()> {
    let own = client.authentication.as_ref().map(|authentication| match authentication {
        Authentication::Basic { .. } => "basic_auth",
        Authentication::Authorization { .. } => "authorization",
        Authentication::OAuth2(_) => "oauth2",
    });
    let all: Vec<&str> = own.into_iter().chain(cloud).collect();
    if all.len() > 1 {
        return Err(fields.node.fault(format!(
            "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must \
             be configured. Currently configured: [{}]",
            all.join(" ")
        )));
    }
    Ok(())
}

pub(super) fn read(document: &Document, node: &Node) -> Read<RemoteRead> {
    let mut fields = Fields::new(document, node, KIND)?;
    let fields = &mut fields;
    let frame = fields.unsigned("chunked_read_limit")?;
    let read = RemoteRead {
        url: url(fields, "remote_read")?,
        name: fields.text("name")?.filter(|name| !name.is_empty()),
        remote_timeout: fields.interval("remote_timeout", Duration::from_secs(60))?,
        chunked_read_limit: if frame == 0 { 50_000_000 } else { frame },
        headers: headers(fields)?,
        read_recent: fields.flag("read_recent", false)?,
        required_matchers: required_matchers(fields)?,
        filter_external_labels: fields.flag("filter_external_labels", true)?,
        http: http::read(fields, true)?,
    };
    fields.finish()?;
    Ok(read)
}

fn required_matchers(fields: &mut Fields<'_>) -> Read<Vec<(String, String)>> {
    let Some(node) = fields.take("required_matchers") else {
        return Ok(Vec::new());
    };
    let pairs = node.node_pairs("model.LabelSet")?.into_iter();
    let pair = |(name, value)| Ok((label_name(name, NameScheme::Utf8)?, label_value(value)?));
    pairs.map(pair).collect()
}
