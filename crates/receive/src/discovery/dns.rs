//! `dns_sd_configs`: the records of names.

use std::time::Duration;

use adopt::prometheus::{self as config, DnsRecord};
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use signals::Labels;

use super::{ADDRESS, TargetGroup, Updates, pause};

/// Asks for the records of names again and again.
#[derive(Debug)]
pub(super) struct DnsDiscovery {
    config: config::DnsDiscovery,
    /// The last answer for each name.
    groups: Vec<Option<TargetGroup>>,
}

impl DnsDiscovery {
    pub(super) fn new(config: config::DnsDiscovery) -> Self {
        let groups = vec![None; config.names.len()];
        Self { config, groups }
    }

    pub(super) async fn run(mut self, updates: Updates) {
        let interval = self.config.refresh_interval;
        let timeout = interval.max(Duration::from_secs(1));
        loop {
            for at in 0..self.config.names.len() {
                let asked = tokio::time::timeout(timeout, self.ask(&self.config.names[at])).await;
                match asked.unwrap_or_else(|_elapsed| Err("no answer in time".to_owned())) {
                    Ok(group) => self.groups[at] = Some(group),
                    Err(error) => updates.warn("dns", &error),
                }
            }
            if !updates.send(self.groups.iter().flatten().cloned().collect()).await {
                return;
            }
            pause(interval).await;
        }
    }

    async fn ask(&self, name: &str) -> Result<TargetGroup, String> {
        // The system's configuration is read again each time, as it may change.
        let resolver = TokioResolver::builder_tokio()
            .and_then(hickory_resolver::ResolverBuilder::build)
            .map_err(|error| format!("the system's DNS configuration: {error}"))?;
        let kind = match self.config.record {
            DnsRecord::Srv => RecordType::SRV,
            DnsRecord::A => RecordType::A,
            DnsRecord::Aaaa => RecordType::AAAA,
            DnsRecord::Mx => RecordType::MX,
            DnsRecord::Ns => RecordType::NS,
        };
        let targets = match resolver.lookup(name, kind).await {
            Ok(lookup) => {
                let records = lookup.answers().iter();
                records.filter_map(|record| self.target(name, &record.data)).collect()
            }
            Err(error) if error.is_no_records_found() => Vec::new(),
            Err(error) => return Err(format!("{name}: {error}")),
        };
        Ok(TargetGroup { targets, labels: Labels::empty() })
    }

    /// The target of a record; `None` for other types, such as CNAME.
    fn target(&self, name: &str, record: &RData) -> Option<Labels> {
        let port = self.config.port;
        let host = |name: &str| name.trim_end_matches('.').to_owned();
        let (address, more) = match record {
            RData::SRV(srv) => {
                let target = srv.target.to_string();
                let more = vec![
                    ("__meta_dns_srv_record_target", target.clone()),
                    ("__meta_dns_srv_record_port", srv.port.to_string()),
                ];
                (format!("{}:{}", host(&target), srv.port), more)
            }
            RData::MX(mx) => {
                let target = mx.exchange.to_string();
                let address = format!("{}:{port}", host(&target));
                (address, vec![("__meta_dns_mx_record_target", target)])
            }
            RData::NS(ns) => {
                let target = ns.0.to_string();
                let address = format!("{}:{port}", host(&target));
                (address, vec![("__meta_dns_ns_record_target", target)])
            }
            RData::A(address) => (format!("{}:{port}", address.0), Vec::new()),
            RData::AAAA(address) => (format!("[{}]:{port}", address.0), Vec::new()),
            _ => return None,
        };
        let own = [(ADDRESS, address), ("__meta_dns_name", name.to_owned())];
        Some(Labels::from_pairs(own.into_iter().chain(more)))
    }
}
