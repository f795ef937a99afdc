//! Start times of samples.
//!
//! Source: Prometheus' package `chunkenc`, `st.go`.

use super::bits::Bits;
use crate::error::Fault;

/// The start time of the current sample.
#[derive(Debug)]
pub(super) struct Start {
    /// Whether the first sample has a start time.
    is_first_known: bool,
    /// Index of the first sample whose start time is stored again; 0 if there is none.
    changes_from: u8,
    /// Index of the next sample, up to 255.
    index: u8,
    current_ms: i64,
    /// Time of the previous sample minus the start time.
    difference: i64,
}

impl Start {
    /// From the byte of the header.
    pub(super) fn new(header: u8) -> Self {
        let (is_first_known, changes_from) = (header & 0x80 != 0, header & 0x7f);
        Self { is_first_known, changes_from, index: 0, current_ms: 0, difference: 0 }
    }

    /// The start time in milliseconds since 1970; 0 if it is unknown.
    pub(super) fn start_ms(&self) -> i64 {
        self.current_ms
    }

    /// Reads the start time of the next sample, which has the time `time_ms`; `previous_ms` is the
    /// time of the sample before it.
    #[inline]
    pub(super) fn advance(
        &mut self,
        bits: &mut Bits,
        time_ms: i64,
        previous_ms: i64,
    ) -> Result<(), Fault> {
        let index = self.index;
        self.index = index.saturating_add(1);
        if index == 0 {
            if self.is_first_known {
                self.difference = bits.varint()?;
                self.current_ms = time_ms.wrapping_sub(self.difference);
            }
        } else if self.changes_from > 0 && index >= self.changes_from {
            let difference = bits.varbit()?;
            let is_first = index == self.changes_from;
            let before = if is_first { 0 } else { self.difference };
            self.difference = before.wrapping_add(difference);
            self.current_ms = previous_ms.wrapping_sub(self.difference);
        }
        Ok(())
    }
}
