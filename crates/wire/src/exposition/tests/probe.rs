//! Speed of the text parser on a page like that of a node exporter. Run it with
//! `cargo test --release -p wire --lib exposition::tests::probe -- --ignored --nocapture`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use signals::Clock as _;
use signals::time::SystemClock;

use crate::exposition::{CreatedLines, Entry, PageLimits, TextParser};

/// A page of about 1,000 series with names, labels and values as a node exporter has them.
fn page() -> String {
    let mut page = String::new();
    let mut value = 17_u64;
    let mut next = || {
        value =
            value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        value >> 33
    };
    for cpu in 0..32 {
        if cpu == 0 {
            page.push_str("# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.\n");
            page.push_str("# TYPE node_cpu_seconds_total counter\n");
        }
        for mode in ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"] {
            let seconds = next() as f64 / 100.0;
            let _infallible =
                writeln!(page, "node_cpu_seconds_total{{cpu=\"{cpu}\",mode=\"{mode}\"}} {seconds}");
        }
    }
    for family in 0..20 {
        let name = format!("node_network_statistic_{family}_bytes_total");
        let _infallible = writeln!(page, "# HELP {name} Network device statistic {name}.");
        let _infallible = writeln!(page, "# TYPE {name} counter");
        for device in 0..20 {
            let bytes = next() as f64 * 1000.0;
            let _infallible = writeln!(page, "{name}{{device=\"veth{device:04x}\"}} {bytes:e}");
        }
    }
    for family in 0..200 {
        let name = format!("node_memory_statistic_{family}_bytes");
        let _infallible = writeln!(page, "# HELP {name} Memory information field {name}.");
        let _infallible = writeln!(page, "# TYPE {name} gauge");
        let _infallible = writeln!(page, "{name} {}", next() * 4096);
    }
    for mount in 0..16 {
        for family in ["avail", "free", "size", "files", "files_free", "readonly"] {
            let _infallible = writeln!(
                page,
                "node_filesystem_{family}_bytes{{device=\"/dev/mapper/vg0-lv{mount}\",\
                 fstype=\"ext4\",mountpoint=\"/var/lib/data/{mount}\"}} {}",
                next() * 512
            );
        }
    }
    page
}

fn read<'a>(mut parser: TextParser<'a>, expected: &[&[u8]]) -> Vec<&'a [u8]> {
    let mut series = Vec::with_capacity(1_000);
    loop {
        let guess = expected.get(series.len()).copied().unwrap_or_default();
        match parser.read_expecting(guess) {
            Ok(Some(Entry::Sample(sample))) => series.push(black_box(sample).series),
            Ok(Some(entry)) => drop(black_box(entry)),
            Ok(None) => return series,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The fastest of many runs: the machine is shared.
fn fastest(mut run: impl FnMut()) -> Duration {
    let clock = SystemClock::new();
    let times = (0..2_000).map(|_| {
        let start = clock.monotonic();
        run();
        clock.monotonic().saturating_sub(start)
    });
    times.min().unwrap_or_default()
}

#[test]
#[ignore = "a measurement"]
fn probe_text() {
    let limits = PageLimits::default();
    let prometheus = page();
    let open_metrics = prometheus.clone() + "# EOF\n";
    let series = read(TextParser::prometheus(prometheus.as_bytes(), limits), &[]);
    let report = |name: &str, bytes: usize, time: Duration| {
        let nanos = time.as_nanos() as f64;
        println!(
            "{name}: {:.0} MB/s, {:.1} ns per sample ({} samples, {bytes} bytes)",
            bytes as f64 / nanos * 1e3,
            nanos / series.len() as f64,
            series.len(),
        );
    };
    let parser = || TextParser::prometheus(prometheus.as_bytes(), limits);
    let bytes = prometheus.len();
    report("prometheus", bytes, fastest(|| drop(read(parser(), &[]))));
    report("prometheus, expected", bytes, fastest(|| drop(read(parser(), &series))));
    report("prometheus, exact path", bytes, fastest(|| drop(read(parser().only_exact(), &[]))));
    let parser =
        || TextParser::open_metrics(open_metrics.as_bytes(), limits, CreatedLines::AreStartTimes);
    report("openmetrics", bytes, fastest(|| drop(read(parser(), &[]))));
    let labels = || {
        for series in &series {
            let kind = signals::metric::MetricKind::Counter;
            drop(black_box(crate::exposition::series_labels(series, kind, &limits)));
        }
    };
    report("labels", bytes, fastest(labels));
}
