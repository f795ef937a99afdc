//! `cargo xtask test`: all checks required before a change lands.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::report::{Report, Tests};
use crate::server::Server;
use crate::shell::{command, output, run as run_command, target, unpacked};
use crate::{browser, dependencies, fetch, python, run as build_and_run, tidy, ui};

/// A step and its name.
type Step = (&'static str, fn(&mut Report) -> Result<()>);

/// Requirements of the tests in `e2e/`.
pub(crate) const PYTHON_TESTS: &str = "e2e/requirements.txt";

/// Free bytes of the disk below which no step starts: Glasshouse itself takes no data with less than
/// 256 MiB.
const FREE_BYTES_MIN: u64 = 1_500_000_000;

/// The steps, cheapest first.
const STEPS: [Step; 11] = [
    ("fetch", |_| fetch::run_all()),
    ("tidy", |_| tidy::check()),
    ("dependencies", dependencies::check),
    ("format", |_| run_command(&mut command("cargo", &["fmt", "--all", "--check"]))),
    ("page", |_| ui::check()),
    ("lints", |_| lints()),
    ("rust", rust),
    ("documentation", |_| documentation()),
    ("clients", clients),
    ("bucket", bucket),
    ("browser", |_| browser::check()),
];

/// The result of a step.
struct Outcome {
    name: &'static str,
    has_passed: bool,
    took: Duration,
    tests: Tests,
}

/// Runs all steps, or the named ones preceded by the first, on which the others depend.
pub(crate) fn run(names: &[String]) -> Result<()> {
    if let Some(name) = names.iter().find(|name| STEPS.iter().all(|(step, _)| step != name)) {
        bail!("there is no step {name:?}: {}", STEPS.map(|(step, _)| step).join(", "));
    }
    let chosen: Vec<&Step> = STEPS
        .iter()
        .filter(|(name, _)| {
            names.is_empty() || *name == STEPS[0].0 || names.iter().any(|chosen| chosen == name)
        })
        .collect();
    let mut report = Report::default();
    let mut outcomes = Vec::new();
    for (i, &&(name, step)) in chosen.iter().enumerate() {
        eprintln!("\n=== {}/{} {name}", i + 1, chosen.len());
        check_free_space()?;
        outcomes.push(timed(name, step, &mut report));
    }
    for line in summary(&outcomes, report.notes()) {
        eprintln!("{line}");
    }
    let failed: Vec<&str> = outcomes.iter().filter(|o| !o.has_passed).map(|o| o.name).collect();
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

/// Fails before a step whose errors would only be those of a full disk.
fn check_free_space() -> Result<()> {
    let folder = target();
    std::fs::create_dir_all(&folder)?;
    let mut df = command("df", &["--output=avail", "--block-size=1"]);
    let free = output(df.arg(&folder))?;
    let bytes: u64 = free.lines().last().unwrap_or_default().trim().parse()?;
    if bytes < FREE_BYTES_MIN {
        bail!(
            "{} MB are free on the disk of {}, the tests need {} MB",
            bytes / 1_000_000,
            folder.display(),
            FREE_BYTES_MIN / 1_000_000
        );
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "how long a step took is only shown")]
fn timed(name: &'static str, step: fn(&mut Report) -> Result<()>, report: &mut Report) -> Outcome {
    let started = Instant::now();
    let result = step(report);
    if let Err(error) = &result {
        eprintln!("=== {name} failed: {error:#}");
    }
    let tests = report.take_tests();
    Outcome { name, has_passed: result.is_ok(), took: started.elapsed(), tests }
}

/// One line per step, the skipped tests with reasons, and a line with totals.
fn summary(outcomes: &[Outcome], notes: &[String]) -> Vec<String> {
    let mut lines = vec!["\n=== summary".to_owned()];
    for Outcome { name, has_passed, took, tests } in outcomes {
        let result = if *has_passed { "passed" } else { "FAILED" };
        let tests = match tests {
            Tests { passed: 0, failed: 0, ignored: 0 } => String::new(),
            Tests { passed, failed, ignored } => {
                format!("   tests: {passed} passed, {failed} failed, {ignored} ignored")
            }
        };
        lines.push(format!("{name:<14}{result:>7}{:>7} s{tests}", took.as_secs()));
    }
    lines.extend_from_slice(notes);
    let passed = outcomes.iter().filter(|outcome| outcome.has_passed).count();
    lines.push(format!("\n{passed} passed, {} failed", outcomes.len() - passed));
    lines
}

/// Tests the workspace; the SDK with all features; and the rig example, as its own workspace
/// because its dependencies would change the features of the engine's build.
fn rust(report: &mut Report) -> Result<()> {
    report.cargo_test(&mut command("cargo", &["test", "--workspace", "--no-fail-fast"]))?;
    let sdk = ["test", "--package", "glasshouse-sdk", "--all-features"];
    report.cargo_test(&mut command("cargo", &sdk))?;
    let rig = ["test", "--locked", "--manifest-path", "examples/rig/Cargo.toml", "--target-dir"];
    report.cargo_test(command("cargo", &rig).arg(target()))
}

fn lints() -> Result<()> {
    for packages in [
        &["--workspace"][..],
        &["--package", "glasshouse", "--no-default-features"],
        &["--package", "glasshouse-sdk", "--no-default-features"],
    ] {
        let mut clippy = command("cargo", &["clippy"]);
        clippy.args(packages).args(["--all-targets", "--", "--deny", "warnings"]);
        run_command(&mut clippy)?;
    }
    // The fuzz targets are run by hand: a change of what they call must not go unnoticed until then.
    let fuzz = ["check", "--locked", "--manifest-path", "fuzz/Cargo.toml", "--no-default-features"];
    run_command(command("cargo", &fuzz).arg("--target-dir").arg(target()))
}

fn documentation() -> Result<()> {
    let arguments = ["doc", "--workspace", "--no-deps", "--document-private-items"];
    run_command(
        command("cargo", &arguments)
            .env("RUSTDOCFLAGS", "--deny warnings --allow rustdoc::private_intra_doc_links"),
    )
}

/// Tests the store against an S3 server, in its own workspace because the client's dependencies
/// would change the features of the engine's build.
fn bucket(report: &mut Report) -> Result<()> {
    let server = python::programs(PYTHON_TESTS)?.join("moto_server");
    let test = ["test", "--locked", "--manifest-path", "e2e/s3/Cargo.toml", "--target-dir"];
    report.cargo_test(command("cargo", &test).arg(target()).env("MOTO_SERVER", server))
}

/// Sends data with the OpenTelemetry Python SDK to a running server and queries each API.
fn clients(report: &mut Report) -> Result<()> {
    let python = python::programs(PYTHON_TESTS)?.join("python").display().to_string();
    let prometheus = unpacked("prometheus")?;
    let both = ["build", "--package", "agent", "--package", "glasshouse"];
    run_command(&mut command("cargo", &both))?;
    let server = Server::start(&["serve"])?;
    let binary = build_and_run::built(false);
    let mut tests = command(&python, &["-m", "pytest", "-q", "e2e"]);
    tests.env("AGENT_BINARY", target().join("debug/agent")).env("PROMETHEUS_BINARY", prometheus);
    tests.env("GLASSHOUSE_PORT_OFFSET", server.port_offset.to_string());
    report.pytest(tests.env("GLASSHOUSE_BINARY", binary))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Outcome, summary};
    use crate::report::Tests;

    #[test]
    fn the_summary_says_what_ran_and_what_did_not() {
        let outcomes = [
            Outcome {
                name: "rust",
                has_passed: true,
                took: Duration::from_secs(812),
                tests: Tests { passed: 2345, failed: 0, ignored: 12 },
            },
            Outcome {
                name: "documentation",
                has_passed: false,
                took: Duration::from_millis(900),
                tests: Tests::default(),
            },
        ];
        let lines = summary(&outcomes, &["SKIPPED: corpus: absent".to_owned()]);
        assert_eq!(
            lines.join("\n"),
            "\n=== summary\n\
             rust           passed    812 s   tests: 2345 passed, 0 failed, 12 ignored\n\
             documentation  FAILED      0 s\n\
             SKIPPED: corpus: absent\n\
             \n1 passed, 1 failed"
        );
    }
}
