//! Compares what is read from blocks that `promtool` writes with what it prints of them.
//!
//! `GLASSHOUSE_PROMTOOL` names the program; otherwise it is looked for in `PATH`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::{Item, Numbers, read_whole};

fn promtool() -> Command {
    Command::new(std::env::var_os("GLASSHOUSE_PROMTOOL").unwrap_or_else(|| "promtool".into()))
}

/// Runs it in a folder; the output.
fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = promtool().args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn text() -> String {
    let mut numbers = Numbers(23);
    let mut text = "# TYPE speed gauge\n".to_owned();
    for series in 0..5 {
        let mut time = 1_700_000_000_000_i64;
        for number in 0..700 {
            time += 15_000 + if series % 2 == 0 { 0 } else { (numbers.next() % 40) as i64 };
            let value = match number % 100 {
                13 => "NaN".to_owned(),
                14 => "-Inf".to_owned(),
                15..40 => "0.5".to_owned(),
                _ => (numbers.next() as i32).to_string(),
            };
            let (seconds, rest) = (time / 1000, time % 1000);
            writeln!(text, "speed{{job=\"j{series}\"}} {value} {seconds}.{rest:03}").unwrap();
        }
    }
    text + "# EOF\n"
}

#[test]
fn blocks_of_promtool_are_read_as_promtool_reads_them() {
    if promtool().arg("--version").output().is_err() {
        assert!(std::env::var_os("GLASSHOUSE_PROMTOOL").is_none(), "GLASSHOUSE_PROMTOOL is wrong");
        conformance::say("SKIPPED: promtool: it is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("input.txt"), text()).unwrap();
    run(folder.path(), &["tsdb", "create-blocks-from", "openmetrics", "input.txt", "data"]);
    // Without a log `promtool` refuses to read a folder.
    let data = folder.path().join("data");
    std::fs::create_dir(data.join("wal")).unwrap();
    let found = read_whole(&data);
    let printed = run(folder.path(), &["tsdb", "dump", "data"]);
    let shown = |item: &Item| match item {
        Item::Float(labels, time, bits) => (labels.clone(), *time, number(f64::from_bits(*bits))),
        other => panic!("{other:?}"),
    };
    let mut found: Vec<(String, i64, u64)> = found.iter().map(shown).collect();
    let line = |line: &str| {
        let (rest, time) = line.rsplit_once(' ').unwrap();
        let (labels, value) = rest.rsplit_once(' ').unwrap();
        (labels.to_owned(), time.parse().unwrap(), number(value.parse().unwrap()))
    };
    let mut printed: Vec<(String, i64, u64)> = printed.lines().map(line).collect();
    found.sort_unstable();
    printed.sort_unstable();
    assert_eq!(printed.len(), 3_500);
    assert_eq!(found, printed);
}

/// The bits of a number; of all NaNs those of one.
fn number(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}
