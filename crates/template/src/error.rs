//! Errors of templates, in the words of Go.

/// Why a template is refused or fails. The text starts with `template: NAME:LINE`, as in Go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no template.
    #[error("{0}")]
    Parse(String),
    /// The execution fails, exceeds a limit or is cancelled.
    #[error("{0}")]
    Execute(String),
}
