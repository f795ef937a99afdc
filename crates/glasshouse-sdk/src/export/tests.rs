//! The export against real servers on loopback.
