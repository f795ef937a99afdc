//! Chunks: the compressed samples of a series, in every encoding of Prometheus 3.14.
//!
//! Source: Prometheus' document `chunks.md` and its package `chunkenc`.

mod bits;
mod histograms;
mod start;
mod value;
mod xor;
mod xor2;

use self::bits::Bits;
use self::histograms::Histograms;
use self::xor::Xor;
use self::xor2::Xor2;
use crate::batch::Outgoing;
use crate::error::{ENDS, Fault};
use crate::report::Report;
use crate::time_range::{Fate, Kept};

/// Bytes of the header that begin with the number of samples.
const COUNT_BYTES: usize = 2;
/// Histogram chunks and those with start times have one byte more.
const LONG_HEADER_BYTES: usize = 3;
/// Of the number of samples of a histogram chunk with start times: two bits are the kind of reset.
const COUNT_MASK: u16 = 0x3fff;
/// The kind of reset of gauge histograms.
const GAUGE: u8 = 0b11;

/// Decodes a chunk sample by sample. The decoder can pause: its state is that after a sample.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    bits: Bits,
    /// Samples that are not decoded yet.
    left: u16,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    None,
    Xor(Xor),
    Xor2(Xor2),
    Histograms(Box<Histograms>),
}

impl Decoder {
    /// Begins a chunk, with its encoding and the data after it.
    ///
    /// # Errors
    /// If the encoding is unknown or the header is incomplete.
    pub(crate) fn load(&mut self, encoding: u8, data: &[u8]) -> Result<(), Fault> {
        self.left = 0;
        let fault = |reason| Fault { at: 0, reason };
        let (Some(count), third) = (data.first_chunk::<COUNT_BYTES>(), data.get(COUNT_BYTES))
        else {
            return Err(fault(ENDS));
        };
        let count = u16::from_be_bytes(*count);
        let third = || third.copied().ok_or(fault(ENDS));
        let top = (count >> 14) as u8;
        let (header, left, state) = match encoding {
            1 => (COUNT_BYTES, count, State::Xor(Xor::default())),
            4 => (LONG_HEADER_BYTES, count, State::Xor2(Xor2::new(third()?))),
            2 | 3 => {
                let is_gauge = third()? >> 6 == GAUGE;
                let state = Histograms::new(encoding == 3, is_gauge, None);
                (LONG_HEADER_BYTES, count, State::Histograms(Box::new(state)))
            }
            5 | 6 => {
                let state = Histograms::new(encoding == 6, top == GAUGE, Some(third()?));
                let state = State::Histograms(Box::new(state));
                (LONG_HEADER_BYTES, count & COUNT_MASK, state)
            }
            _ => return Err(fault("the encoding of the chunk is unknown")),
        };
        self.bits.load(data, header);
        (self.left, self.state) = (left, state);
        Ok(())
    }

    /// Puts samples into a batch until the batch is full or the chunk is at its end, and returns
    /// whether it is.
    ///
    /// # Errors
    /// A broken sample. The chunk has ended then.
    pub(crate) fn drain(
        &mut self,
        kept: Kept<'_>,
        out: &mut Outgoing,
        report: &mut Report,
    ) -> Result<bool, Fault> {
        let done = self.decode(kept, out, report);
        if done.is_err() {
            self.left = 0;
        }
        done
    }

    fn decode(
        &mut self,
        kept: Kept<'_>,
        out: &mut Outgoing,
        report: &mut Report,
    ) -> Result<bool, Fault> {
        let bits = &mut self.bits;
        while self.left > 0 {
            if out.is_full() {
                return Ok(false);
            }
            let time_ms = match &mut self.state {
                State::None => return Ok(true),
                State::Xor(xor) => xor.advance(bits)?,
                State::Xor2(xor2) => xor2.advance(bits)?,
                State::Histograms(histograms) => histograms.advance(bits)?,
            };
            self.left -= 1;
            match kept.fate(time_ms) {
                Fate::OutOfRange => continue,
                Fate::Deleted => {
                    report.deleted += 1;
                    continue;
                }
                Fate::Kept => {}
            }
            match &self.state {
                State::None => {}
                State::Xor(xor) => out.sample(time_ms, xor.value(), 0),
                State::Xor2(xor2) => out.sample(time_ms, xor2.value(), xor2.start_ms()),
                State::Histograms(histograms) => {
                    let histogram = histograms.histogram();
                    let histogram = histogram.map_err(|reason| bits.fault(reason))?;
                    out.histogram(time_ms, histogram, histograms.start_ms());
                }
            }
        }
        Ok(true)
    }
}
