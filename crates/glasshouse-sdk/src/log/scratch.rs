//! Per-thread buffers, reused so that a line needs no allocation.

use std::cell::Cell;

use opentelemetry::Context;

use super::clock::SecondText;

/// Larger buffers are freed after a line.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// Buffers for one line.
#[derive(Default)]
pub(crate) struct Scratch {
    /// The line.
    pub(crate) line: Vec<u8>,
    /// Its fields, encoded.
    pub(crate) fields: Vec<u8>,
    /// The unescaped message.
    pub(crate) message: String,
    /// A formatted value.
    pub(crate) value: String,
    /// The session.
    pub(crate) session: String,
    /// The text of the current second.
    pub(crate) second: SecondText,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = {
        // Thread-locals are dropped in reverse order of initialisation: while these buffers exist,
        // the current OpenTelemetry context is accessible, even while the thread exits.
        Context::map_current(|_| ());
        Cell::new(None)
    };
}

/// Lends this thread's buffers, cleared. `None` while the thread exits. An event logged during the
/// formatting of another one gets new buffers.
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
