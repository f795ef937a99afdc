//! Seeded series that look like what hosts and services expose, and series from real scrapes.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use signals::Labels;
use signals::metric::NAME_LABEL;

/// One series.
pub(crate) struct Series {
    pub(crate) timestamps: Vec<i64>,
    pub(crate) values: Vec<f64>,
}

pub(crate) type Shape = Vec<Series>;

/// 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;

/// Ten labels as an exporter behind service discovery has them.
pub(crate) fn host_labels(metric: usize, host: usize) -> Labels {
    Labels::from_pairs([
        (NAME_LABEL, format!("metric_{metric:03}_total")),
        ("cluster", "eu-central-1-production".to_owned()),
        ("datacenter", format!("fra-{}", host % 3)),
        ("device", format!("nvme{}n1", metric % 4)),
        ("environment", "production".to_owned()),
        ("instance", format!("host-{host}:9100")),
        ("job", "node-exporter".to_owned()),
        ("mode", ["idle", "user", "system", "iowait"][metric % 4].to_owned()),
        ("rack", format!("rack-{}", host % 100)),
        ("team", format!("team-{}", host % 17)),
    ])
}

/// Times of scrapes: on the grid, as Prometheus aligns them, but for one in fifty.
fn times(random: &mut StdRng, count: usize, step_ms: i64) -> Vec<i64> {
    (0..count as i64)
        .map(|i| {
            START_MS
                + i * step_ms
                + if random.random_ratio(1, 50) { random.random_range(2..20) } else { 0 }
        })
        .collect()
}

/// The mix that the metrics of a host and its services have; of twenty series six never change.
pub(crate) fn scrape_like(series: usize, samples: usize, step_ms: i64) -> Shape {
    let mut random = StdRng::seed_from_u64(2);
    let seconds = step_ms as f64 / 1000.0;
    (0..series)
        .map(|i| {
            let timestamps = times(&mut random, samples, step_ms);
            let mut value = f64::from(random.random_range(0..1_000_000));
            let rate = 10.0_f64.powf(random.random_range(-1.0..2.0)) * seconds;
            let values = (0..samples).map(|_| {
                let noise = random.random_range(0.5..1.5);
                match i % 20 {
                    0..=5 => {}
                    // Rare events, requests, buckets, bytes.
                    6..=8 => value += f64::from(random.random_ratio(1, 40)),
                    9..=11 => value += (rate * noise).round(),
                    12..=14 => value += (rate * noise / 8.0).round(),
                    15 => value += (rate * noise * 1e5).round(),
                    // CPU seconds, in hundredths.
                    16 => value = ((value + seconds * noise * 0.3) * 100.0).round() / 100.0,
                    // Goroutines, memory in pages, temperatures.
                    17 => value = (value + f64::from(random.random_range(-3..=3))).max(0.0),
                    18 => {
                        let change = f64::from(random.random_range(-9..=9)) * 4096.0;
                        value = (value + change).max(4096.0);
                    }
                    _ => {
                        let moved = value % 100.0 + random.random_range(-0.5..0.5);
                        value = (moved * 10.0).round() / 10.0;
                    }
                }
                value
            });
            Series { timestamps, values: values.collect() }
        })
        .collect()
}

/// Gauges that move at random by up to one, with so many decimals.
pub(crate) fn random_walk(series: usize, samples: usize, decimals: i32) -> Shape {
    let mut random = StdRng::seed_from_u64(3);
    let scale = 10.0_f64.powi(decimals);
    (0..series)
        .map(|_| {
            let timestamps = times(&mut random, samples, 10_000);
            let mut value: f64 = random.random_range(10.0..1000.0);
            let values = (0..samples).map(|_| {
                value += random.random_range(-1.0..1.0);
                if decimals < 16 { (value * scale).round() / scale } else { value }
            });
            Series { timestamps, values: values.collect() }
        })
        .collect()
}

/// Series of the file that `GLASSHOUSE_SCRAPES` names.
pub(crate) fn scraped() -> Option<Shape> {
    let text = std::fs::read_to_string(std::env::var_os("GLASSHOUSE_SCRAPES")?).ok()?;
    let point = |point: &str| -> Option<(i64, f64)> {
        let (timestamp, value) = point.split_once(':')?;
        Some((timestamp.parse().ok()?, value.parse().ok()?))
    };
    let series = text.lines().filter_map(|line| line.split_once('\t')).map(|(_, points)| {
        let (timestamps, values): (Vec<i64>, Vec<f64>) =
            points.split(' ').filter_map(point).unzip();
        Series { timestamps, values }
    });
    Some(series.collect())
}
