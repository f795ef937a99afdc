//! Bounds of an expansion, and what is left of them.

use crate::text::Overflow;

/// Bounds of parsing and executing a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of a template's text, in bytes.
    pub text_bytes: usize,
    /// Evaluated nodes, and elements that functions copy.
    pub steps: usize,
    /// Bytes of the output, and of all strings that functions return.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text_bytes: 1 << 20, steps: 1_000_000, output_bytes: 16 << 20 }
    }
}

/// Nested parentheses, control structures and calls of templates. Each takes up to 10 KB of the
/// stack.
pub(crate) const DEPTH_MAX: usize = 100;

/// Nested values: lists of lists and so on.
pub(crate) const VALUE_DEPTH_MAX: usize = 32;

/// How an execution is bounded.
#[derive(Clone, Copy)]
pub struct Run<'r> {
    /// The bounds.
    pub limits: Limits,
    /// Whether the execution should stop; asked at every step.
    pub is_cancelled: &'r dyn Fn() -> bool,
}

impl Default for Run<'_> {
    fn default() -> Self {
        Self { limits: Limits::default(), is_cancelled: &|| false }
    }
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What is left of the bounds.
#[derive(Clone, Copy)]
pub(crate) struct Budget<'r> {
    run: Run<'r>,
    steps: usize,
    bytes: usize,
    depth: usize,
}

impl<'r> Budget<'r> {
    pub(crate) fn new(run: Run<'r>) -> Self {
        Self { run, steps: run.limits.steps, bytes: run.limits.output_bytes, depth: 0 }
    }

    /// The bounds as configured.
    pub(crate) fn limits(&self) -> Limits {
        self.run.limits
    }

    /// What is left, for an execution that continues this one.
    pub(crate) fn left(&self) -> (usize, usize) {
        (self.steps, self.bytes)
    }

    pub(crate) fn set_left(&mut self, (steps, bytes): (usize, usize)) {
        self.steps = steps;
        self.bytes = bytes;
    }

    /// Takes steps.
    pub(crate) fn step(&mut self, count: usize) -> Result<(), String> {
        if (self.run.is_cancelled)() {
            return Err("the expansion is cancelled".to_owned());
        }
        match self.steps.checked_sub(count) {
            Some(rest) => self.steps = rest,
            None => return Err(format!("exceeded the limit of {} steps", self.run.limits.steps)),
        }
        Ok(())
    }

    /// Bytes that are left for output and strings.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes bytes of output or of a string.
    pub(crate) fn take_bytes(&mut self, count: usize) -> Result<(), Overflow> {
        self.bytes = self.bytes.checked_sub(count).ok_or(Overflow)?;
        Ok(())
    }

    /// Enters a nested node; [`Budget::leave`] follows if this succeeds.
    pub(crate) fn enter(&mut self) -> Result<(), String> {
        if self.depth >= DEPTH_MAX {
            return Err(format!("exceeded maximum template depth ({DEPTH_MAX})"));
        }
        self.depth += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}
