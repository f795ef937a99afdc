//! End to end: the real program, every way in, every way out, and what goes wrong at start.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "all of this is a test"
)]

mod http;
mod requests;
mod server;

mod alerting;
mod compatibility;
mod connections;
mod damage;
mod faults;
mod prometheus;
mod start;
mod through;
