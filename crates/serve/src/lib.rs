//! The ways out: the APIs of Prometheus, Loki, Tempo and Jaeger, our own, and the page.
//!
//! Everything here turns an HTTP request into a question to `query` and its answer into the shape
//! that the clients of the real systems read. There are no sockets and no storage here.

mod failure;
mod guard;
mod house;
mod instant;
mod jaeger;
mod json;
mod loki;
mod number;
mod page;
mod parameters;
mod prometheus;
mod redirect;
mod sql;
mod tempo;
mod warnings;
mod ways;

pub use guard::Guard;
pub use house::{
    Hint, House, LastError, Overview, ReceiverOverview, ServiceOverview, SignalOverview,
};
pub use instant::to_rfc3339;
pub use redirect::PagePort;
pub use ways::Ways;
