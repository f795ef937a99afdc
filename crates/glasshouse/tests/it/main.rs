//! End to end: the real program, every way in, every way out, and what goes wrong at start.

mod http;
mod requests;
mod server;

mod faults;
mod start;
mod through;
