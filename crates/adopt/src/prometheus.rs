//! `prometheus.yml`, read as Prometheus 3 reads it.
//!
//! [`load`] reads the main file and those named by `scrape_config_files`, applies defaults and
//! global settings, and makes the same checks as Prometheus. File names in the result are relative
//! to the folder of the file that mentions them.

mod alerting;
mod discovery;
mod environment;
mod global;
mod otlp;
mod relabel;
mod remote;
mod scrape;
mod storage;

use std::path::{Path, PathBuf};

pub use alerting::{Alerting, AlertmanagerConfig};
pub use discovery::{
    Discovery, DnsDiscovery, DnsRecord, DockerDiscovery, DockerFilter, FileDiscovery,
    HttpDiscovery, TargetGroup, target_groups,
};
pub use global::{EscapingScheme, Global, Limits};
pub use otlp::{Otlp, TranslationStrategy};
pub use remote::{MetadataConfig, QueueConfig, RemoteRead, RemoteWrite, RemoteWriteMessage};
pub use scrape::{ScrapeConfig, ScrapeProtocol};
pub use storage::Storage;

pub use crate::http::{
    Authentication, HttpClientConfig, HttpHeader, OAuth2, Proxy, Source, TlsConfig, TlsVersion,
};
pub use crate::units::{duration as parse_duration, duration_text};

use crate::error::{Error, Fault, Read, Unsupported};
use crate::files::Files;
use crate::glob::matching_files;
use crate::redact::redacted;
use crate::yaml::{Document, Fields, Node};

/// A `prometheus.yml` with the files that it includes.
#[derive(Debug)]
pub struct Config {
    /// Settings of all jobs and rules.
    pub global: Global,
    /// The jobs of the main file, then those of `scrape_config_files`, with global settings applied.
    pub scrape_configs: Vec<ScrapeConfig>,
    /// Patterns of rule files.
    pub rule_files: Vec<PathBuf>,
    /// Patterns of files with further jobs, which [`Self::scrape_configs`] includes.
    pub scrape_config_files: Vec<PathBuf>,
    /// Where alerts are sent.
    pub alerting: Alerting,
    /// Servers that get all samples.
    pub remote_write: Vec<RemoteWrite>,
    /// Servers that are asked for samples.
    pub remote_read: Vec<RemoteRead>,
    /// Settings of the storage.
    pub storage: Storage,
    /// How received OTLP metrics are named.
    pub otlp: Otlp,
    /// What Prometheus accepts and Glasshouse does not support.
    pub unsupported: Vec<Unsupported>,
    /// The text of the main file with `<secret>` in place of secrets, for
    /// `/api/v1/status/config`. Unlike Prometheus' answer it keeps comments and has no defaults.
    pub redacted: String,
}

/// Reads a configuration.
///
/// # Errors
/// The first error, if a file cannot be read or Prometheus would refuse it.
pub fn load(file: &Path, files: &dyn Files) -> Result<Config, Error> {
    let document = read(file, files)?;
    let mut config = main_file(&document, files).map_err(|fault| fault.of(file))?;
    config.unsupported = document.unsupported();
    config.redacted = redacted(&document, &[]);
    include(&mut config, file, files)?;
    Ok(config)
}

fn read(file: &Path, files: &dyn Files) -> Result<Document, Error> {
    let unreadable = |source| Error::Unreadable { file: file.to_owned(), source };
    Document::parse(file, files.read(file).map_err(unreadable)?)
}

const KIND: &str = "config.plain";

fn main_file(document: &Document, files: &dyn Files) -> Read<Config> {
    let nothing = Node::nothing();
    let root = document.root.as_deref().unwrap_or(&nothing);
    let mut fields = Fields::new(document, root, KIND)?;
    let global = global::read(fields.section("global", KIND)?, files)?;
    let rule_files = patterns(&mut fields, "rule_files", "rule file path")?;
    let scrape_config_files =
        patterns(&mut fields, "scrape_config_files", "scrape config file path")?;
    let scrape_configs = scrape_configs(&mut fields, &global)?;
    let names = global.metric_name_validation_scheme;
    let alerting = alerting::read(fields.section("alerting", KIND)?, names)?;
    let write = |document: &_, node: &_| remote::write(document, node, names);
    let remote_write =
        remote::servers(&mut fields, "remote_write", "remote write", write, |own| &own.name)?;
    let remote_read =
        remote::servers(&mut fields, "remote_read", "remote read", remote::read, |own| &own.name)?;
    let storage = storage::storage(fields.section("storage", "config.StorageConfig")?)?;
    let otlp = otlp::read(fields.section("otlp", KIND)?, names)?;
    storage::tracing(&mut fields)?;
    storage::runtime(&mut fields)?;
    fields.finish()?;
    Ok(Config {
        global,
        scrape_configs,
        rule_files,
        scrape_config_files,
        alerting,
        remote_write,
        remote_read,
        storage,
        otlp,
        unsupported: Vec::new(),
        redacted: String::new(),
    })
}

/// Patterns of file names with `*` in the last component only.
fn patterns(fields: &mut Fields<'_>, name: &str, what: &str) -> Read<Vec<PathBuf>> {
    let mut patterns = Vec::new();
    for element in fields.elements(name)? {
        let text = element.text()?;
        let is_valid = match text.split_once('*') {
            Some((_, after)) => !after.contains(['*', '/']),
            None => true,
        };
        if !is_valid {
            return Err(element.fault(format!("invalid {what} {text:?}")));
        }
        patterns.push(fields.document.path(&text));
    }
    Ok(patterns)
}

fn scrape_configs(fields: &mut Fields<'_>, global: &Global) -> Read<Vec<ScrapeConfig>> {
    let mut configs: Vec<ScrapeConfig> = Vec::new();
    for element in fields.elements("scrape_configs")? {
        let config = scrape::read(fields.document, element, global)?;
        if configs.iter().any(|known| known.job_name == config.job_name) {
            let job = config.job_name;
            return Err(
                element.fault(format!("found multiple scrape configs with job name {job:?}"))
            );
        }
        configs.push(config);
    }
    Ok(configs)
}

/// Adds the jobs of `scrape_config_files`.
fn include(config: &mut Config, main: &Path, files: &dyn Files) -> Result<(), Error> {
    let mut found_in = vec![main.to_owned(); config.scrape_configs.len()];
    for pattern in &config.scrape_config_files {
        let included = matching_files(pattern, files).map_err(|reason| {
            let pattern = pattern.display();
            let reason = format!("error retrieving scrape config files for {pattern:?}: {reason}");
            Fault { line: 1, column: 1, reason }.of(main)
        })?;
        for file in included {
            let document = read(&file, files)?;
            let fault = |fault: Fault| fault.of(&file);
            for (node, read) in included_jobs(&document, &config.global).map_err(fault)? {
                let known = |job: &ScrapeConfig| job.job_name == read.job_name;
                if let Some(at) = config.scrape_configs.iter().position(known) {
                    let (job, first) = (&read.job_name, &found_in[at]);
                    return Err(fault(node.fault(format!(
                        "found multiple scrape configs with job name {job:?}, first found in {}",
                        first.display()
                    ))));
                }
                config.scrape_configs.push(read);
                found_in.push(file.clone());
            }
            config.unsupported.extend(document.unsupported());
        }
    }
    Ok(())
}

fn included_jobs<'a>(
    document: &'a Document,
    global: &Global,
) -> Read<Vec<(&'a Node, ScrapeConfig)>> {
    let Some(root) = document.root.as_deref() else {
        return Ok(Vec::new());
    };
    let mut fields = Fields::new(document, root, "config.ScrapeConfigs")?;
    let elements = fields.elements("scrape_configs")?;
    fields.finish()?;
    let jobs = elements.iter().map(|node| Ok((&**node, scrape::read(document, node, global)?)));
    jobs.collect()
}

#[cfg(test)]
mod tests;
