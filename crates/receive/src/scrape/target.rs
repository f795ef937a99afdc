//! A target of a job: its labels, its address and how often it is scraped.
//!
//! Source: `PopulateLabels` of Prometheus, and its document "Configuration".

use std::collections::BTreeMap;
use std::time::Duration;

use adopt::prometheus::{ScrapeConfig, duration_text, parse_duration};
use signals::Labels;
use signals::metric::LabelsBuilder;
use signals::relabel;
use url::Url;

const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const PATH: &str = "__metrics_path__";
const INTERVAL: &str = "__scrape_interval__";
const TIMEOUT: &str = "__scrape_timeout__";
const PARAMETER: &str = "__param_";

/// A target, after relabelling.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    /// Labels of its series.
    pub(super) labels: Labels,
    /// Labels before relabelling.
    pub(super) discovered: Labels,
    /// Where its page is.
    pub(super) url: Url,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

/// What becomes of a discovered target.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Discovered {
    Scraped(Target),
    /// Relabelling drops it; these are its labels before.
    Dropped(Labels),
}

impl Target {
    /// Relabels a discovered target of a job.
    ///
    /// # Errors
    /// Prometheus' message if the target cannot be scraped.
    pub(super) fn discover(labels: &Labels, config: &ScrapeConfig) -> Result<Discovered, String> {
        let mut builder = LabelsBuilder::new(labels.clone());
        for (name, value) in [
            ("job", config.job_name.clone()),
            (INTERVAL, duration_text(config.scrape_interval)),
            (TIMEOUT, duration_text(config.scrape_timeout)),
            (PATH, config.metrics_path.clone()),
            (SCHEME, config.scheme.clone()),
        ] {
            if builder.get(name).is_empty() {
                builder.set(name, value);
            }
        }
        for (name, values) in &config.params {
            if let Some(value) = values.first() {
                let name = format!("{PARAMETER}{name}");
                if builder.get(&name).is_empty() {
                    builder.set(&name, value.clone());
                }
            }
        }
        let discovered = builder.labels();
        if !relabel::apply(&config.relabel_configs, &mut builder) {
            return Ok(Discovered::Dropped(discovered));
        }
        let address = builder.get(ADDRESS).to_owned();
        if address.is_empty() {
            return Err("no address".to_owned());
        }
        if address.contains('/') {
            return Err(format!("{address:?} is not a valid hostname"));
        }
        let interval = duration(&builder, INTERVAL, "interval")?;
        let timeout = duration(&builder, TIMEOUT, "timeout")?;
        if timeout > interval {
            return Err(format!(
                "scrape timeout cannot be greater than scrape interval ({:?} > {:?})",
                builder.get(TIMEOUT),
                builder.get(INTERVAL)
            ));
        }
        let url = url(&builder, &address, config)?;
        if builder.get("instance").is_empty() {
            builder.set("instance", address);
        }
        let labels = builder.labels().without(|name| name.starts_with("__"));
        Ok(Discovered::Scraped(Self { labels, discovered, url, interval, timeout }))
    }
}

fn duration(labels: &LabelsBuilder, name: &str, what: &str) -> Result<Duration, String> {
    let duration = parse_duration(labels.get(name))
        .map_err(|error| format!("error parsing scrape {what}: {error}"))?;
    if duration.is_zero() {
        return Err(format!("scrape {what} cannot be 0"));
    }
    Ok(duration)
}

fn url(labels: &LabelsBuilder, address: &str, config: &ScrapeConfig) -> Result<Url, String> {
    let scheme = labels.get(SCHEME);
    if scheme != "http" && scheme != "https" {
        return Err(format!("invalid scheme {scheme:?}, expected http or https"));
    }
    let mut url = Url::parse(&format!("{scheme}://{address}"))
        .map_err(|error| format!("{address:?} is not a valid address: {error}"))?;
    url.set_path(labels.get(PATH));
    let mut parameters: BTreeMap<String, Vec<String>> = config.params.iter().cloned().collect();
    for (name, value) in labels.iter() {
        let Some(name) = name.strip_prefix(PARAMETER) else { continue };
        let values = parameters.entry(name.to_owned()).or_default();
        match values.first_mut() {
            Some(first) => value.clone_into(first),
            None => values.push(value.to_owned()),
        }
    }
    for (name, values) in &parameters {
        for value in values {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    Ok(url)
}
