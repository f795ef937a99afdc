//! Tests of lines and records.
