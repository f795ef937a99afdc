//! Our own metrics: every name, type and help text of them.

use receive::statistics;
use signals::Signal;
use store::Status;

use crate::exposition::Exposition;
use crate::process::Usage;
use crate::run::memory::Budgets;

/// Everything that they are made from.
pub(crate) struct Numbers<'a> {
    pub(crate) received: &'a statistics::Snapshot,
    pub(crate) budgets: &'a Budgets,
    pub(crate) store: &'a Status,
    pub(crate) connections: usize,
    pub(crate) connections_refused: u64,
    pub(crate) connections_timed_out: u64,
    pub(crate) usage: Usage,
    pub(crate) started_at_s: f64,
}

/// The document.
pub(crate) fn expose(numbers: &Numbers<'_>) -> String {
    let mut out = Exposition::default();
    one(
        &mut out,
        "glasshouse_build_info",
        "gauge",
        "Version of the program.",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1.0,
    );
    receivers(&mut out, numbers);
    memory(&mut out, numbers.budgets);
    store(&mut out, numbers.store);
    process(&mut out, numbers);
    out.finish()
}

fn one(
    out: &mut Exposition,
    name: &str,
    kind: &str,
    help: &str,
    labels: &[(&str, &str)],
    value: f64,
) {
    out.family(name, kind, help);
    out.sample(name, labels.iter().copied(), value);
}

fn receivers(out: &mut Exposition, numbers: &Numbers<'_>) {
    let protocols = &numbers.received.protocols;
    let name = "glasshouse_receiver_requests_total";
    out.family(name, "counter", "Requests that brought data, good and bad.");
    for (protocol, counts) in protocols {
        out.sample(name, [("protocol", protocol.name())], counts.requests as f64);
    }
    let name = "glasshouse_receiver_errors_total";
    out.family(name, "counter", "Requests of which nothing was kept.");
    for (protocol, counts) in protocols {
        out.sample(name, [("protocol", protocol.name())], counts.errors as f64);
    }
    let signals = || Signal::ALL.iter().zip(&numbers.received.signals);
    let name = "glasshouse_received_items_total";
    out.family(name, "counter", "Spans, log records and samples that were stored.");
    for (signal, counts) in signals() {
        out.sample(name, [("signal", signal.name())], counts.accepted as f64);
    }
    let name = "glasshouse_rejected_items_total";
    out.family(name, "counter", "Spans, log records and data points that were refused one by one.");
    for (signal, counts) in signals() {
        out.sample(name, [("signal", signal.name())], counts.rejected as f64);
    }
    let name = "glasshouse_truncated_values_total";
    let help = "Values that were cut, and attributes, events and links that were left out.";
    out.family(name, "counter", help);
    for (signal, counts) in signals() {
        out.sample(name, [("signal", signal.name())], counts.truncated as f64);
    }
}

fn memory(out: &mut Exposition, budgets: &Budgets) {
    let name = "glasshouse_memory_bytes";
    out.family(name, "gauge", "Memory that data take, by what for.");
    for (used_for, budget) in budgets.uses() {
        out.sample(name, [("for", used_for)], budget.bytes_taken() as f64);
    }
    let name = "glasshouse_memory_bytes_max";
    out.family(name, "gauge", "Memory that data may take, by what for.");
    for (used_for, budget) in budgets.uses() {
        out.sample(name, [("for", used_for)], budget.bytes_max() as f64);
    }
    let ceiling = budgets.ceiling.bytes_max() as f64;
    let help = "Memory that all data together may take.";
    one(out, "glasshouse_memory_ceiling_bytes", "gauge", help, &[], ceiling);
}

/// What a family shows of one signal.
type Value = fn(&store::SignalStatus) -> u64;

fn store(out: &mut Exposition, status: &Status) {
    let signals = [
        (Signal::Spans, &status.spans),
        (Signal::Logs, &status.logs),
        (Signal::Metrics, &status.metrics),
    ];
    let families: [(&str, &str, Value); 5] = [
        ("glasshouse_store_head_rows", "Rows in memory.", |s| s.head_rows),
        ("glasshouse_store_head_bytes", "Memory of the rows in memory.", |s| s.head_bytes),
        ("glasshouse_store_parts", "Immutable files.", |s| s.parts),
        ("glasshouse_store_part_rows", "Rows in immutable files.", |s| s.part_rows),
        ("glasshouse_store_part_bytes", "Size of immutable files.", |s| s.part_bytes),
    ];
    for (name, help, value) in families {
        out.family(name, "gauge", help);
        for (signal, status) in signals {
            out.sample(name, [("signal", signal.name())], value(status) as f64);
        }
    }
    one(
        out,
        "glasshouse_store_active_series",
        "gauge",
        "Metric series in memory.",
        &[],
        status.active_series as f64,
    );
    one(
        out,
        "glasshouse_store_log_bytes",
        "gauge",
        "Size of the write-ahead log.",
        &[],
        status.log_bytes as f64,
    );
    let is_low = f64::from(u8::from(status.is_disk_low));
    one(
        out,
        "glasshouse_store_disk_low",
        "gauge",
        "1 while the disk has too little room to take data in.",
        &[],
        is_low,
    );
    let help = "Damaged pieces that were quarantined since the start.";
    one(out, "glasshouse_store_quarantined_total", "counter", help, &[], status.quarantined as f64);
    let help = "Parts that should be there and are not.";
    one(out, "glasshouse_store_missing_parts", "gauge", help, &[], status.missing_parts as f64);
    let help =
        "Segments of the write-ahead log that were gone at the start, with acknowledged rows.";
    let missing = status.missing_segments as f64;
    one(out, "glasshouse_store_missing_segments", "gauge", help, &[], missing);
    let is_fatal = f64::from(u8::from(status.fatal.is_some()));
    one(
        out,
        "glasshouse_store_failed",
        "gauge",
        "1 when the write-ahead log failed for good.",
        &[],
        is_fatal,
    );
}

fn process(out: &mut Exposition, numbers: &Numbers<'_>) {
    let usage = &numbers.usage;
    one(
        out,
        "glasshouse_connections",
        "gauge",
        "Open connections of all ports.",
        &[],
        numbers.connections as f64,
    );
    let refused = numbers.connections_refused as f64;
    let help = "Connections closed at once because too many were open, of all or of one peer.";
    one(out, "glasshouse_connections_refused_total", "counter", help, &[], refused);
    let timed_out = numbers.connections_timed_out as f64;
    let help = "Connections closed because the other side was too slow.";
    one(out, "glasshouse_connections_timed_out_total", "counter", help, &[], timed_out);
    let cpu = usage.cpu.as_secs_f64();
    one(
        out,
        "process_cpu_seconds_total",
        "counter",
        "Total user and system CPU time spent in seconds.",
        &[],
        cpu,
    );
    let resident = usage.resident_bytes as f64;
    one(
        out,
        "process_resident_memory_bytes",
        "gauge",
        "Resident memory size in bytes.",
        &[],
        resident,
    );
    let address_space = usage.virtual_bytes as f64;
    one(
        out,
        "process_virtual_memory_bytes",
        "gauge",
        "Virtual memory size in bytes.",
        &[],
        address_space,
    );
    one(
        out,
        "process_open_fds",
        "gauge",
        "Number of open file descriptors.",
        &[],
        usage.open_files as f64,
    );
    one(out, "process_threads", "gauge", "Number of threads.", &[], usage.threads as f64);
    let help = "Start time of the process since unix epoch in seconds.";
    one(out, "process_start_time_seconds", "gauge", help, &[], numbers.started_at_s);
}
