//! The demo: the example agent with simulated visitors, monitored by this process.
//!
//! The agent uses the SDK like any program and sends OTLP to our own port. Requires the feature
//! `demo`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use agent::Settings;
use agent::sdk::{self, LogFormat};
use anyhow::Context;

use crate::app::App;
use crate::config::ports::Port;

/// Port of the agent's page, before the offset.
const PAGE_PORT: u16 = 8090;
/// Port of the agent's metrics, before the offset: the SDK's default. Its other two services use
/// the next two ports.
const METRICS_PORT: u16 = 9464;
/// Interval between metric exports: short, so that every view soon shows data.
const METRIC_INTERVAL: Duration = Duration::from_secs(5);
/// Supports the dashboards and rules of ALEX and those for OpenTelemetry's names. Spans use the
/// names of the first profile.
const NAMING_PROFILES: [&str; 2] = ["alex", "otel"];

/// Maximum duration of the shutdown and its final export; slightly above the agent's own limit.
const STOP_MAX: Duration = Duration::from_secs(6);

/// The running demo.
pub(crate) struct Demo(agent::Running);

/// Starts the agent and its visitors. If their ports are taken, the page uses another port and
/// metrics are not exposed for scraping.
///
/// # Errors
/// If threads or sockets cannot be created, or the server does not receive OTLP.
pub(crate) fn start(app: &App, port_offset: u16) -> anyhow::Result<Demo> {
    let otlp = *app.addresses.get(&Port::OtlpHttp).context("the demo needs ports.otlp_http")?;
    let endpoint = format!("http://{}", reachable(otlp));
    let page = app.addresses.get(&Port::Page);
    let with_offset = |port: u16| u32::from(port) + u32::from(port_offset);
    let configure = move |_service: &str| {
        sdk::configure()
            .environment("demo")
            .otlp_endpoint(&endpoint)
            .naming_profiles(NAMING_PROFILES)
            .metric_interval(METRIC_INTERVAL)
            // rmcp logs the start and end of each request.
            .log_level("info,rmcp=warn")
            // The server's own log already goes to the terminal.
            .log_format(LogFormat::Off)
    };
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let settings = Settings {
        address: free(PAGE_PORT, 1, port_offset).unwrap_or(any),
        metrics_address: free(METRICS_PORT, 3, port_offset),
        traffic: true,
        glasshouse_url: page.map(|page| format!("http://{}", reachable(*page))),
        configure: Arc::new(configure),
        ..Settings::default()
    };
    let running = agent::start(&settings).context("cannot start the demo")?;
    if settings.address.port() == 0 {
        let (taken, page) = (with_offset(PAGE_PORT), running.page());
        tracing::warn!("port {taken} is taken: the demo's page is at http://{page}");
    }
    if settings.metrics_address.is_none() {
        let (first, last) = (with_offset(METRICS_PORT), with_offset(METRICS_PORT + 2));
        tracing::warn!("one of the ports {first} to {last} is taken: the demo cannot be scraped");
    }
    for problem in running.problems() {
        tracing::warn!("demo: {problem}");
    }
    Ok(Demo(running))
}

impl Demo {
    /// Stops the demo after exporting its pending telemetry.
    pub(crate) async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || self.0.stop());
        if !matches!(tokio::time::timeout(STOP_MAX, stopped).await, Ok(Ok(true))) {
            tracing::warn!("the demo did not end in time");
        }
    }

    /// Lines for the banner: addresses and descriptions.
    pub(crate) fn addresses(&self) -> Vec<(String, &'static str)> {
        let page =
            (format!("http://{}", self.0.page()), "an AI agent that sends its telemetry here");
        let metrics = self.0.metrics().map(|metrics| {
            (format!("http://{metrics}/metrics"), "the same metrics, to be scraped")
        });
        std::iter::once(page).chain(metrics).collect()
    }
}

/// The first of consecutive loopback ports, if all of them are free.
fn free(port: u16, count: u16, offset: u16) -> Option<SocketAddr> {
    let first = port.checked_add(offset)?;
    let last = first.checked_add(count - 1)?;
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    (first..=last).all(is_free).then(|| SocketAddr::from((Ipv4Addr::LOCALHOST, first)))
}

/// A connectable form of a listening address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => {
            address.set_ip(std::net::Ipv6Addr::LOCALHOST.into());
        }
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_only_when_all_of_them_are() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(free(port, 1, 0), None);
        assert_eq!(free(port - 1, 2, 0), None);
        assert_eq!(free(u16::MAX, 2, 0), None);
        assert_eq!(free(1, 1, u16::MAX), None);
    }

    #[test]
    fn what_listens_on_every_interface_is_reached_on_this_machine() {
        for (listens, connects) in [
            ("0.0.0.0:4318", "127.0.0.1:4318"),
            ("[::]:1", "[::1]:1"),
            ("10.0.0.7:1", "10.0.0.7:1"),
        ] {
            assert_eq!(reachable(listens.parse().unwrap()).to_string(), connects);
        }
    }
}
