//! Integrations against servers in this process, with the exact requests.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

mod chats;
mod corpora;
mod failures;
mod hostile;
mod incidents;
mod issues;
mod mail;
mod support;
mod templates;
mod webhooks;
