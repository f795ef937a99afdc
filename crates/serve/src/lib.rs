//! The HTTP APIs of Prometheus, Loki, Tempo and Jaeger, the native API, and the page.
//!
//! Handlers translate an HTTP request into a query and encode the result in the format that the
//! clients of the respective system expect. This crate has no sockets and no storage.

mod admin;
mod alerting;
mod alertmanager;
mod allowed_origins;
mod dashboards;
mod error;
mod go_float;
mod host_check;
mod jaeger;
mod json;
mod loki;
mod page;
mod parameters;
mod prometheus;
mod redirect;
mod routers;
mod scraping;
mod server_info;
mod sql;
mod tempo;
mod time_format;
mod warnings;

pub use admin::Admin;
pub use alerting::{ReceiverTests, Replays, RuleFileFault, RuleFiles};
pub use allowed_origins::AllowedOrigins;
pub use dashboards::{DashboardFault, Dashboards};
pub use host_check::HostCheck;
pub use redirect::PagePort;
pub use routers::{Api, ApiRouters};
pub use scraping::{ActiveTarget, ScrapePool, TargetMetadata};
pub use server_info::{Reload, ServerInfo};
