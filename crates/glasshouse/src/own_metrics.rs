//! The process's own metrics: histograms of the crates, and values read at scrape time.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, prometheus_text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use receive::alertmanagers::Counts;
use receive::remote_storage::ServerStatus;
use receive::statistics;
use signals::Signal;
use store::{SignalStatus, Status};

use crate::process::Usage;
use crate::run::memory::Budgets;

/// The content type of [`expose`].
pub(crate) const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Values read at scrape time.
#[derive(Debug)]
pub(crate) struct Numbers {
    pub(crate) received: statistics::Snapshot,
    pub(crate) budgets: Budgets,
    pub(crate) remote_write: Vec<ServerStatus>,
    /// Alertmanagers by their URL.
    pub(crate) alertmanagers: BTreeMap<String, Counts>,
    pub(crate) store: Status,
    pub(crate) connections: usize,
    pub(crate) connections_refused: u64,
    pub(crate) connections_timed_out: u64,
    pub(crate) usage: Usage,
    pub(crate) started_at_s: f64,
}

/// The histograms and values in the Prometheus text format.
pub(crate) fn expose(histograms: &Registry, numbers: Numbers) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(numbers));
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = prometheus_text::encode(&mut text, &registry);
    let _ = prometheus_text::encode(&mut text, histograms);
    text
}

impl Collector for Numbers {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut families = Families(encoder);
        let version = env!("CARGO_PKG_VERSION");
        let build = [(version, 1)];
        families.gauges("glasshouse_build_info", "Version of the program.", "version", build)?;
        self.receivers(&mut families)?;
        self.remote_write(&mut families)?;
        self.alertmanagers(&mut families)?;
        self.memory(&mut families)?;
        self.store(&mut families)?;
        self.connections(&mut families)?;
        self.process(&mut families)
    }
}

/// Encodes families of counters and gauges.
struct Families<'e>(DescriptorEncoder<'e>);

impl Families<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: &impl EncodeGaugeValue) -> fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(value)
    }

    fn gauges<'l>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'l str, u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        values
            .into_iter()
            .try_for_each(|(of, value)| family.encode_family(&[(label, of)])?.encode_gauge(&value))
    }

    /// A counter; the encoder appends `_total`.
    fn counter(&mut self, name: &str, help: &str, value: &impl EncodeCounterValue) -> fmt::Result {
        let mut counter = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        counter.encode_counter::<[(&str, &str); 0], _, u64>(value, None)
    }

    /// Labelled counters; the encoder appends `_total`.
    fn counters<'l>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'l str, u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        values.into_iter().try_for_each(|(of, value)| {
            let labels = [(label, of)];
            let mut counter = family.encode_family(&labels)?;
            counter.encode_counter::<[(&str, &str); 0], _, u64>(&value, None)
        })
    }
}

impl Numbers {
    fn receivers(&self, families: &mut Families<'_>) -> fmt::Result {
        let protocols = |value: fn(&statistics::ProtocolCounts) -> u64| {
            let protocols = self.received.protocols.iter();
            protocols.map(move |(protocol, counts)| (protocol.name(), value(counts)))
        };
        let name = "glasshouse_receiver_requests";
        let help = "Requests that brought data, good and bad.";
        families.counters(name, help, "protocol", protocols(|counts| counts.requests))?;
        let name = "glasshouse_receiver_errors";
        let help = "Requests of which nothing was kept.";
        families.counters(name, help, "protocol", protocols(|counts| counts.errors))?;

        let signals = |value: fn(&statistics::SignalCounts) -> u64| {
            let signals = Signal::ALL.iter().zip(&self.received.signals);
            signals.map(move |(signal, counts)| (signal.name(), value(counts)))
        };
        let name = "glasshouse_received_items";
        let help = "Spans, log records and samples that were stored.";
        families.counters(name, help, "signal", signals(|counts| counts.accepted))?;
        let name = "glasshouse_rejected_items";
        let help = "Spans, log records and data points that were refused one by one.";
        families.counters(name, help, "signal", signals(|counts| counts.rejected))?;
        let name = "glasshouse_truncated_values";
        let help = "Values that were cut, and attributes, events and links that were left out.";
        families.counters(name, help, "signal", signals(|counts| counts.truncated))
    }

    fn alertmanagers(&self, families: &mut Families<'_>) -> fmt::Result {
        type Value = fn(&Counts) -> u64;
        if self.alertmanagers.is_empty() {
            return Ok(());
        }
        let counters: [(&str, &str, Value); 3] = [
            ("sent", "Alerts that were sent to an Alertmanager.", |counts| counts.sent),
            ("errors", "Alerts that could not be sent to an Alertmanager.", |counts| counts.errors),
            (
                "dropped",
                "Alerts that were not sent to an Alertmanager: sending failed, or the queue was full.",
                |counts| counts.dropped,
            ),
        ];
        let values = |value: Value| {
            self.alertmanagers.iter().map(move |(url, counts)| (url.as_str(), value(counts)))
        };
        for (name, help, value) in counters {
            let name = format!("prometheus_notifications_{name}");
            families.counters(&name, help, "alertmanager", values(value))?;
        }
        let help = "Alerts that wait to be sent to an Alertmanager.";
        let queued = values(|counts| counts.queued as u64);
        families.gauges("prometheus_notifications_queue_length", help, "alertmanager", queued)
    }

    fn remote_write(&self, families: &mut Families<'_>) -> fmt::Result {
        type Value = fn(&ServerStatus) -> u64;
        if self.remote_write.is_empty() {
            return Ok(());
        }
        let counters: [(&str, &str, Value); 5] = [
            ("samples", "Samples that other servers accepted.", |server| server.sent),
            ("samples_failed", "Samples that other servers refused for good.", |server| {
                server.failed
            }),
            ("samples_retried", "Samples that were sent again.", |server| server.retried),
            (
                "samples_dropped",
                "Samples that were not sent: too old, dropped by relabelling, or native histograms that are not to be sent.",
                |server| server.dropped,
            ),
            ("sent_bytes", "Bytes of the bodies that other servers accepted.", |server| {
                server.sent_bytes
            }),
        ];
        for (name, help, value) in counters {
            let values =
                self.remote_write.iter().map(|server| (server.name.as_str(), value(server)));
            families.counters(
                &format!("glasshouse_remote_write_{name}"),
                help,
                "server",
                values,
            )?;
        }
        let lost =
            self.remote_write.iter().map(|server| (server.name.as_str(), server.lost_records));
        let name = "glasshouse_remote_write_lost_records";
        let help = "Records of the write-ahead log that were removed before they were read.";
        families.counters(name, help, "server", lost)?;
        let gauges: [(&str, &str, Value); 2] = [
            (
                "pending_records",
                "Records of the write-ahead log that were not read yet.",
                |server| server.behind,
            ),
            ("shards", "Requests that are sent at the same time.", |server| server.shards),
        ];
        for (name, help, value) in gauges {
            let values =
                self.remote_write.iter().map(|server| (server.name.as_str(), value(server)));
            families.gauges(&format!("glasshouse_remote_write_{name}"), help, "server", values)?;
        }
        Ok(())
    }

    fn memory(&self, families: &mut Families<'_>) -> fmt::Result {
        let uses = self.budgets.uses();
        let taken = uses.map(|(used_for, budget)| (used_for, budget.bytes_taken() as u64));
        let name = "glasshouse_memory_bytes";
        families.gauges(name, "Memory that data take, by what for.", "for", taken)?;
        let max = uses.map(|(used_for, budget)| (used_for, budget.bytes_max() as u64));
        let name = "glasshouse_memory_bytes_max";
        families.gauges(name, "Memory that data may take, by what for.", "for", max)?;
        let ceiling = self.budgets.ceiling.bytes_max() as u64;
        let help = "Memory that all data together may take.";
        families.gauge("glasshouse_memory_ceiling_bytes", help, &ceiling)
    }

    fn store(&self, families: &mut Families<'_>) -> fmt::Result {
        type Value = fn(&SignalStatus) -> u64;
        let status = &self.store;
        let signals = [
            (Signal::Spans, &status.spans),
            (Signal::Logs, &status.logs),
            (Signal::Metrics, &status.metrics),
        ];
        let by_signal: [(&str, &str, Value); 5] = [
            ("glasshouse_store_head_rows", "Rows in memory.", |s| s.head_rows),
            ("glasshouse_store_head_bytes", "Memory of the rows in memory.", |s| s.head_bytes),
            ("glasshouse_store_parts", "Immutable files.", |s| s.parts),
            ("glasshouse_store_part_rows", "Rows in immutable files.", |s| s.part_rows),
            ("glasshouse_store_part_bytes", "Size of immutable files.", |s| s.part_bytes),
        ];
        for (name, help, value) in by_signal {
            let values = signals.map(|(signal, status)| (signal.name(), value(status)));
            families.gauges(name, help, "signal", values)?;
        }
        for (name, help, value) in [
            ("active_series", "Metric series in memory.", status.active_series),
            ("log_bytes", "Size of the write-ahead log.", status.log_bytes),
            ("disk_low", "1 while the disk is too full to store more.", status.is_disk_low.into()),
            ("missing_parts", "Parts that should be there and are not.", status.missing_parts),
            (
                "missing_segments",
                "Segments of the write-ahead log that were gone at the start, with acknowledged rows.",
                status.missing_segments,
            ),
            (
                "failed",
                "1 when the write-ahead log failed permanently.",
                status.fatal.is_some().into(),
            ),
        ] {
            families.gauge(&format!("glasshouse_store_{name}"), help, &value)?;
        }
        let help = "Damaged pieces that were quarantined since the start.";
        families.counter("glasshouse_store_quarantined", help, &status.quarantined)
    }

    fn connections(&self, families: &mut Families<'_>) -> fmt::Result {
        let help = "Open connections of all ports.";
        families.gauge("glasshouse_connections", help, &(self.connections as u64))?;
        let help = "Connections closed at once because too many were open, of all or of one peer.";
        families.counter("glasshouse_connections_refused", help, &self.connections_refused)?;
        let help = "Connections closed because the other side was too slow.";
        families.counter("glasshouse_connections_timed_out", help, &self.connections_timed_out)
    }

    fn process(&self, families: &mut Families<'_>) -> fmt::Result {
        let usage = &self.usage;
        let help = "Total user and system CPU time spent in seconds.";
        families.counter("process_cpu_seconds", help, &usage.cpu.as_secs_f64())?;
        for (name, help, value) in [
            ("resident_memory_bytes", "Resident memory size in bytes.", usage.resident_bytes),
            ("virtual_memory_bytes", "Virtual memory size in bytes.", usage.virtual_bytes),
            ("open_fds", "Number of open file descriptors.", usage.open_files),
            ("threads", "Number of threads.", usage.threads),
        ] {
            families.gauge(&format!("process_{name}"), help, &value)?;
        }
        let help = "Start time of the process since unix epoch in seconds.";
        families.gauge("process_start_time_seconds", help, &self.started_at_s)
    }
}
