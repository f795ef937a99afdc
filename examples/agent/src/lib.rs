//! An AI agent service that is watched through `glasshouse-sdk`.
