//! Measurements of the metrics store.

pub(crate) mod probes;
