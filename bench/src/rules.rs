//! 10,000 rules over the 100,000 series of [`crate::scrape`], for each system.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::scrape::{FAMILIES, SERIES_PER_FAMILY, TARGETS, Targets};
use crate::server::{Server, System};
use crate::{Options, send};

const GROUPS: u64 = 100;
const RULES_PER_GROUP: u64 = 100;
/// Time between evaluations of a group.
const INTERVAL: Duration = Duration::from_secs(10);

/// Runs all systems; peers only if they are asked for.
pub(crate) fn run(options: &Options) -> Result<Value> {
    let targets = Targets::serve()?;
    let file =
        std::env::temp_dir().join(format!("glasshouse-bench-rules-{}.yml", std::process::id()));
    let measure =
        |system: &System| of(*system, options, &targets, &file).with_context(|| system.name());
    let results: Result<Vec<Value>> = options.systems().iter().map(measure).collect();
    fs::remove_file(&file)?;
    Ok(json!({ "workload": "rules", "systems": results? }))
}

/// The CPU time of evaluations is that with rules less that without.
fn of(system: System, options: &Options, targets: &Targets, file: &Path) -> Result<Value> {
    fs::write(file, "groups: []\n")?;
    let prometheus_yaml =
        format!("rule_files: [{}]\n{}", file.display(), targets.prometheus_yaml());
    let server = Server::of(system, &options.settings, &prometheus_yaml)?;
    // So that all windows of the rules are full.
    std::thread::sleep(Duration::from_secs(75));
    let seconds = Duration::from_secs(options.seconds);
    let cpu_s = || server.cpu_s().unwrap_or_default();
    let before = cpu_s();
    std::thread::sleep(seconds);
    let without_s = cpu_s() - before;
    let rss_without_bytes = server.rss_bytes()?;

    fs::write(file, rules(targets.port))?;
    server.reload()?;
    std::thread::sleep(INTERVAL * 2);
    let (before, evaluated) = (cpu_s(), evaluations(system)?);
    std::thread::sleep(seconds);
    let with_s = cpu_s() - before;
    let evaluations = evaluations(system)? - evaluated;
    let expected =
        (GROUPS * RULES_PER_GROUP) as f64 * seconds.as_secs_f64() / INTERVAL.as_secs_f64();
    ensure!(evaluations > 0.0, "no rule was evaluated");
    let rss_bytes = server.rss_bytes()?;
    server.stop()?;
    Ok(json!({
        "system": system.name(),
        "evaluations": evaluations,
        "evaluations_expected": expected,
        "cpu_s_per_million": (with_s - without_s) * 1e6 / evaluations,
        "cpu_s_without_rules": without_s,
        "rss_bytes": rss_bytes,
        "rss_without_rules_bytes": rss_without_bytes,
    }))
}

/// The number of evaluations so far.
fn evaluations(system: System) -> Result<f64> {
    let mut answer = send::agent().get(system.metrics()).call()?;
    let text = answer.body_mut().with_config().limit(64 << 20).read_to_string()?;
    let lines = text.lines().filter(|line| {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        name.ends_with("_rule_evaluations_total")
    });
    let value = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
    Ok(lines.filter_map(value).sum())
}

/// Two of five rules record, the others alert; a few alerts fire.
fn rules(port: u16) -> String {
    let mut text = "groups:\n".to_owned();
    for group in 0..GROUPS {
        _ = writeln!(text, "- name: group{group}\n  interval: {}s\n  rules:", INTERVAL.as_secs());
        for rule in 0..RULES_PER_GROUP {
            let n = group * RULES_PER_GROUP + rule;
            let metric = format!("app_metric_{}_total", n % FAMILIES);
            let mode = n / FAMILIES % SERIES_PER_FAMILY;
            let instance = format!("127.0.0.{}:{port}", n % TARGETS + 1);
            _ = match rule % 5 {
                0 => writeln!(
                    text,
                    "  - record: device:rate{n}\n    expr: sum by (device) (rate({metric}{{mode=\"m{mode}\"}}[1m]))"
                ),
                1 => writeln!(
                    text,
                    "  - record: instance:rate{n}\n    expr: sum by (instance) (rate({metric}{{instance=~\"127.0.0.{}.:.*\"}}[1m]))",
                    n % 10
                ),
                2 => writeln!(
                    text,
                    "  - alert: High{n}\n    expr: rate({metric}{{instance=\"{instance}\"}}[1m]) > 1e9\n    for: 5m\n    \
                     annotations: {{summary: '{{{{ $labels.device }}}} has {{{{ $value }}}}'}}"
                ),
                3 => writeln!(
                    text,
                    "  - alert: Share{n}\n    expr: sum(rate({metric}{{instance=\"{instance}\",cpu=\"1\"}}[1m])) / sum(rate({metric}{{instance=\"{instance}\"}}[1m])) > 0.99"
                ),
                _ => writeln!(
                    text,
                    "  - alert: Some{n}\n    expr: {metric}{{instance=\"{instance}\",mode=\"m{mode}\"}} > 0\n    labels: {{severity: info}}"
                ),
            };
        }
    }
    text
}
