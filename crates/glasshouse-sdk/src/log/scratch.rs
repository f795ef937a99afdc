//! Buffers of one thread, kept from line to line: a line allocates nothing.

use std::cell::Cell;

use opentelemetry::Context;

use super::clock::SecondText;

/// Buffers above this size are given back after a line.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// Buffers for one line.
#[derive(Default)]
pub(crate) struct Scratch {
    /// The line.
    pub(crate) line: Vec<u8>,
    /// Its fields, encoded.
    pub(crate) fields: Vec<u8>,
    /// The message as it was said.
    pub(crate) message: String,
    /// A value that had to be formatted.
    pub(crate) value: String,
    /// The session.
    pub(crate) session: String,
    /// Text of the present second.
    pub(crate) second: SecondText,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = {
        // What is set up first is taken down last: while these buffers are there, the current
        // context of OpenTelemetry can be asked, also at the end of a thread.
        Context::map_current(|_| ());
        Cell::new(None)
    };
}

/// Lends this thread's buffers, empty. `None` at the end of a thread, where nothing can be asked.
/// An event that is logged while another one is formatted gets buffers of its own.
pub(crate) fn with_scratch(work: impl FnOnce(&mut Scratch)) -> Option<()> {
    let mut scratch = SCRATCH.try_with(Cell::take).ok()?.unwrap_or_default();
    work(&mut scratch);
    for buffer in [&mut scratch.line, &mut scratch.fields] {
        buffer.clear();
        buffer.shrink_to(KEPT_BYTES_MAX);
    }
    for buffer in [&mut scratch.message, &mut scratch.value, &mut scratch.session] {
        buffer.clear();
        buffer.shrink_to(KEPT_BYTES_MAX);
    }
    SCRATCH.try_with(|slot| slot.set(Some(scratch))).ok()
}
