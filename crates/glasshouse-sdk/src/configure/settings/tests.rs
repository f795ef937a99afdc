//! Tests of what is decided from code, environment and file.
