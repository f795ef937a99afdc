//! All automation of the project: `cargo xtask <task>`. Continuous integration uses only this.

mod bench;
mod browser;
mod compare;
mod dependencies;
mod fetch;
mod python;
mod report;
mod run;
mod server;
mod shell;
mod test;
mod tidy;
mod ui;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <task>

  run [--release] [ARGS]  build page and binary, start Glasshouse with live demo traffic
                          (ARGS go to `glasshouse demo`)
  test [STEP]…            everything: tidy, dependencies, format, lints, Rust, page, real clients,
                          browser; installs what it needs and ends with what ran and what did not
  fetch                   download the crates, npm packages and tools that the steps of `test` need
  tidy [--write]          check the project rules: crate edges, map, sizes, documentation, names;
                          --write first renews what is made from other files
  ui                      build the page into ui/dist
  screenshot              take the pictures of README again, from a running demo
  compare prometheus      the same data and queries to Debian's Prometheus and to Glasshouse
  compare alertmanager    the same alerts and configuration in Debian's Alertmanager and in Glasshouse
  bench [ARGS]            load generator and measurements, in release mode (see bench/README.md)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let result = match task {
        "run" => run::run(rest),
        "test" => test::run(rest),
        "fetch" => fetch::run_all(),
        "tidy" => tidy::run(rest),
        "ui" => ui::build(),
        "screenshot" => browser::screenshot(),
        "compare" => compare::run(rest),
        "bench" => bench::run(rest),
        "help" | "--help" | "-h" => {
            eprint!("{USAGE}");
            Ok(())
        }
        other => Err(anyhow::anyhow!("there is no task {other:?}\n\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
