//! The HTTP client of everything that asks other servers: scrapes, discovery, remote write,
//! notifications.
//!
//! Settings are those of Prometheus' `http_config`. Secrets in files are read again for each
//! request, so that they can be rotated.

mod client;
mod dialer;
mod oauth2;
mod tls;

use std::collections::BTreeMap;
use std::net::IpAddr;

pub use client::{FetchError, Fetched, Get, HttpClient, Posted, secret, without_password};
pub use tls::config as tls_config;

/// Addresses of host names, as in `/etc/hosts`; other names are asked of the system.
pub type HostAddresses = BTreeMap<String, IpAddr>;
