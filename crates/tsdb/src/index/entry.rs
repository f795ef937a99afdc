//! The entry of a series: its labels and chunks.

use signals::metric::Labels;

use super::symbols::Symbols;
use crate::error::Fault;
use crate::fields::Fields;
use crate::limits::LABELS_MAX;
use crate::time_range::TimeRange;

/// A series of an index.
#[derive(Debug)]
pub(crate) struct Entry {
    /// By which tombstones name the series.
    pub(crate) reference: u64,
    pub(crate) labels: Labels,
    pub(crate) chunks: Vec<ChunkMeta>,
}

/// A chunk of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkMeta {
    pub(crate) range: TimeRange,
    /// The segment in the upper and the offset in the lower 32 bits.
    pub(crate) reference: u64,
}

impl Default for Entry {
    fn default() -> Self {
        Self { reference: 0, labels: Labels::empty(), chunks: Vec::new() }
    }
}

impl Entry {
    /// Decodes the content of an entry; the allocation of the chunks is reused.
    pub(super) fn decode(&mut self, content: &[u8], symbols: &Symbols) -> Result<(), Fault> {
        let mut fields = Fields::new(content);
        self.labels = labels(&mut fields, symbols)?;
        self.chunks.clear();
        let count = fields.length()?;
        let (mut end_ms, mut reference) = (0_i64, 0_u64);
        for number in 0..count {
            let min_ms = match number {
                0 => fields.varint()?,
                _ => end_ms.wrapping_add(fields.uvarint()? as i64),
            };
            end_ms = min_ms.wrapping_add(fields.uvarint()? as i64);
            reference = match number {
                0 => fields.uvarint()?,
                _ => reference.wrapping_add(fields.varint()? as u64),
            };
            let range = TimeRange { min_ms, max_ms: end_ms };
            self.chunks.push(ChunkMeta { range, reference });
        }
        Ok(())
    }
}

fn labels(fields: &mut Fields<'_>, symbols: &Symbols) -> Result<Labels, Fault> {
    let count = fields.length()?;
    if count > LABELS_MAX {
        return Err(fields.fault("the series has too many labels"));
    }
    let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(count);
    for _ in 0..count {
        let position = *fields;
        let name = symbols.get(fields.uvarint()?);
        let value = symbols.get(fields.uvarint()?);
        let located = |fault: Fault| position.fault(fault.reason);
        pairs.push((name.map_err(located)?, value.map_err(located)?));
    }
    pairs.sort_unstable();
    if pairs.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
        return Err(fields.fault("a label name is repeated"));
    }
    Ok(Labels::from_pairs(pairs))
}
