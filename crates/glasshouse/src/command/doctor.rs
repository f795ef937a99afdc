//! `glasshouse doctor`: diagnoses a server with these settings, running or not, from outside.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::Value;

use store::files::{DiskFiles, Files};

use super::{ServeArguments, print};
use crate::config::Config;
use crate::config::ports::{Listen, Port};
use crate::http_client;
use crate::process::{folder_bytes, permissions};
use crate::run::data_folder;

/// Maximum size of a response.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// Less free space than this is reported.
const FREE_BYTES_LOW: u64 = 1 << 30;

/// Runs the checks and prints a report; returns an error if any check fails.
pub(crate) fn run(arguments: &ServeArguments) -> anyhow::Result<()> {
    let config = arguments.configuration()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::default();
    let overview = runtime.block_on(overview(&config, arguments.port_offset));
    ports(&mut report, &config, arguments.port_offset, overview.is_some());
    let data = data_folder(&config)?;
    folder(&mut report, &data);
    for warning in permissions::warnings(&data, arguments.config.as_deref()) {
        report.bad(warning);
    }
    match &overview {
        Some(overview) => running(&mut report, overview),
        None => report.good("no server answers on the page's port"),
    }
    let wrong = report.wrong;
    print(&report.text)?;
    anyhow::ensure!(wrong == 0, "{wrong} problems found");
    Ok(())
}

#[derive(Default)]
struct Report {
    text: String,
    wrong: usize,
}

impl Report {
    fn good(&mut self, line: impl AsRef<str>) {
        let _ = writeln!(self.text, "ok     {}", line.as_ref());
    }

    fn bad(&mut self, line: impl AsRef<str>) {
        self.wrong += 1;
        let _ = writeln!(self.text, "WRONG  {}", line.as_ref());
    }
}

async fn overview(config: &Config, offset: u16) -> Option<Value> {
    let Listen::On { address, number } = config.ports.get(Port::Page) else { return None };
    let address = SocketAddr::new(address.unwrap_or(config.listen), number.checked_add(offset)?);
    let answer =
        http_client::get(&format!("http://{address}/api/overview"), ANSWER_BYTES_MAX).await.ok()?;
    serde_json::from_slice::<Value>(&answer.body)
        .ok()
        .filter(|overview| overview.get("version").is_some())
}

fn ports(report: &mut Report, config: &Config, offset: u16, is_running: bool) {
    for (port, listen) in config.ports.iter() {
        let Listen::On { address, number } = listen else {
            report.good(format!("ports.{port} is off"));
            continue;
        };
        let Some(number) = number.checked_add(offset) else {
            report.bad(format!("ports.{port}: {number} plus the offset {offset} exceeds 65535"));
            continue;
        };
        let address = SocketAddr::new(address.unwrap_or(config.listen), number);
        match (std::net::TcpListener::bind(address), is_running) {
            (Ok(_), false) => report.good(format!("ports.{port}: {address} is free")),
            (Ok(_), true) => {
                report
                    .bad(format!("ports.{port}: a server runs, but nothing listens on {address}"));
            }
            (Err(_), true) => report.good(format!("ports.{port}: {address} is in use")),
            (Err(error), false) => report.bad(format!("ports.{port}: {address}: {error}")),
        }
    }
}

fn folder(report: &mut Report, folder: &Path) {
    let shown = folder.display();
    if !folder.exists() {
        report.good(format!("data folder {shown} will be created"));
        return;
    }
    match std::fs::read_dir(folder) {
        Ok(_) => {
            report.good(format!("data folder {shown} holds {} MiB", folder_bytes(folder) >> 20));
        }
        Err(error) => report.bad(format!("data folder {shown} cannot be read: {error}")),
    }
    if std::fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().readonly()) {
        report.bad(format!("data folder {shown} cannot be written"));
    }
    match DiskFiles::new(folder).free_bytes() {
        Ok(free) if free < FREE_BYTES_LOW => {
            report.bad(format!("the disk of {shown} has {} MiB left", free >> 20));
        }
        Ok(free) => report.good(format!("the disk of {shown} has {} GiB left", free >> 30)),
        Err(error) => report.bad(format!("cannot determine the free space of {shown}: {error}")),
    }
    let quarantine = folder.join("quarantine");
    let pieces = std::fs::read_dir(&quarantine).map_or(0, Iterator::count);
    if pieces > 0 {
        report.bad(format!(
            "{pieces} damaged pieces of data were quarantined in {}",
            quarantine.display()
        ));
    }
}

fn running(report: &mut Report, overview: &Value) {
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let number =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
    report.good(format!(
        "glasshouse {} has been running for {} s",
        text(overview, "version"),
        number(overview, "uptime_s")
    ));
    for receiver in overview.get("receivers").and_then(Value::as_array).into_iter().flatten() {
        let (protocol, requests) = (text(receiver, "protocol"), number(receiver, "requests_total"));
        report.good(format!(
            "{protocol}: {requests} requests, {} refused",
            number(receiver, "errors_total")
        ));
        if let Some(error) = receiver.get("last_error").filter(|error| !error.is_null()) {
            report.bad(format!("{protocol}: last error: {}", text(error, "message")));
        }
    }
    for hint in overview.get("hints").and_then(Value::as_array).into_iter().flatten() {
        report.good(format!("hint: {}", text(hint, "message")));
    }
}
