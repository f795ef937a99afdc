//! Calls to language models.

pub mod error_class;
pub mod usage;

pub use error_class::ErrorClass;
pub use usage::Usage;
