//! An Alertmanager as users see it, with a simulated clock.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

mod api;
mod clock;
mod corpora;
mod grouping;
mod muting;
mod size;
mod timing;
mod world;
