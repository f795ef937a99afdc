//! The texts of label names and values.

use super::{CHECKSUM_BYTES, checked};
use crate::error::{Error, Fault};
use crate::fields::Fields;
use crate::limits::Limits;
use crate::pieces::Pieces;

/// Bytes of the length before the section, and of the number of symbols at its start.
const LENGTH_BYTES: u64 = 4;

/// The symbol table of an index, wholly in memory.
#[derive(Debug)]
pub(super) struct Symbols {
    /// The content of the section.
    bytes: Vec<u8>,
    places: Places,
}

/// How references lead to symbols.
#[derive(Debug)]
enum Places {
    /// References are offsets in the file; the section begins at this one.
    Offsets(u64),
    /// References are indices into these positions.
    Indices(Vec<u32>),
}

impl Symbols {
    pub(super) fn read(
        pieces: &mut Pieces,
        version: u8,
        offset: u64,
        limits: &Limits,
    ) -> Result<Self, Error> {
        if offset == 0 {
            return Ok(Self { bytes: Vec::new(), places: Places::Indices(Vec::new()) });
        }
        let length = Fields::new(pieces.get(offset, LENGTH_BYTES)?).u32().unwrap_or_default();
        let (bytes, bytes_max) = (u64::from(length), limits.symbols_bytes_max);
        let start = offset + LENGTH_BYTES;
        if bytes > bytes_max && start + bytes + CHECKSUM_BYTES <= pieces.length() {
            let file = pieces.path().to_owned();
            return Err(Error::TooLarge { file, what: "the symbol table", bytes, bytes_max });
        }
        let bytes = checked(pieces, start, bytes)?.to_vec();
        let places = match version {
            1 => Places::Offsets(start),
            _ => Places::Indices(
                places(&bytes)
                    .map_err(|fault| pieces.damaged(fault.offset(start), fault.reason))?,
            ),
        };
        Ok(Self { bytes, places })
    }

    /// The symbol with a reference.
    pub(super) fn get(&self, reference: u64) -> Result<&str, Fault> {
        let outside = Fault { at: 0, reason: "a label is not in the symbol table" };
        let place = match &self.places {
            Places::Offsets(start) => {
                reference.checked_sub(*start).and_then(|place| usize::try_from(place).ok())
            }
            Places::Indices(places) => {
                let index = usize::try_from(reference).ok();
                index.and_then(|index| places.get(index)).map(|place| *place as usize)
            }
        };
        let place = place.filter(|place| *place < self.bytes.len()).ok_or(outside)?;
        Fields::at(&self.bytes, place).text().map_err(|fault| Fault { at: 0, ..fault })
    }
}

/// Positions of all symbols. Each takes a byte at least, which bounds their number.
fn places(bytes: &[u8]) -> Result<Vec<u32>, Fault> {
    let mut fields = Fields::new(bytes);
    let count = fields.u32()?;
    let mut places = Vec::new();
    for _ in 0..count {
        places.push(fields.position() as u32);
        fields.prefixed()?;
    }
    Ok(places)
}
