//! `chunks/000001` and following, the chunks of a block.
//!
//! Source: Prometheus' document `chunks.md` and its package `chunks`.

use std::path::PathBuf;

use crate::error::{CHECKSUM, Error};
use crate::fields::Fields;
use crate::limits::CHUNK_BYTES_MAX;
use crate::pieces::Pieces;

const MAGIC: u32 = 0x85bd_40dd;
const VERSION: u8 = 1;
/// Magic number, version and padding.
const HEADER_BYTES: u64 = 8;
const LENGTH_BYTES_MAX: u64 = 10;
const ENCODING_BYTES: u64 = 1;
const CHECKSUM_BYTES: u64 = 4;

/// The segments of a block, one of them open.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    open: Option<(u64, Pieces)>,
}

/// A chunk with a correct checksum.
pub(crate) struct Chunk<'a> {
    pub(crate) encoding: u8,
    pub(crate) data: &'a [u8],
    /// Where the data begins in the file.
    pub(crate) start: u64,
}

impl Segments {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, open: None }
    }

    /// The file of a chunk.
    pub(crate) fn file(&self, reference: u64) -> PathBuf {
        // Files count from 1.
        self.folder.join(format!("{:06}", (reference >> 32) + 1))
    }

    /// Reads the chunk with a reference of the index.
    pub(crate) fn read(&mut self, reference: u64) -> Result<Chunk<'_>, Error> {
        let segment = reference >> 32;
        if self.open.as_ref().is_none_or(|(open, _)| *open != segment) {
            self.open = None;
            let mut pieces = Pieces::open(&self.file(reference))?;
            check_header(&mut pieces)?;
            self.open = Some((segment, pieces));
        }
        match &mut self.open {
            Some((_, pieces)) => chunk(pieces, reference & u64::from(u32::MAX)),
            None => Err(Error::damaged(&self.folder, 0, "the segment is not open")),
        }
    }
}

fn check_header(pieces: &mut Pieces) -> Result<(), Error> {
    let mut header = Fields::new(pieces.get(0, HEADER_BYTES)?);
    let (magic, version) = (header.u32(), header.u8());
    if magic != Ok(MAGIC) {
        return Err(pieces.damaged(0, "the file is not a segment of chunks"));
    }
    if version != Ok(VERSION) {
        return Err(pieces.damaged(4, "the version is unknown"));
    }
    Ok(())
}

fn chunk(pieces: &mut Pieces, offset: u64) -> Result<Chunk<'_>, Error> {
    let mut prefix = Fields::new(pieces.get_up_to(offset, LENGTH_BYTES_MAX)?);
    let length = prefix.uvarint();
    let start = offset + prefix.position() as u64;
    let length = length.map_err(|fault| pieces.damaged(offset, fault.reason))?;
    if length > CHUNK_BYTES_MAX {
        return Err(pieces.damaged(offset, "the length of the chunk is invalid"));
    }
    let file = pieces.path().to_owned();
    let bytes = pieces.get(start, ENCODING_BYTES + length + CHECKSUM_BYTES)?;
    let start = start + ENCODING_BYTES;
    match bytes.split_last_chunk::<{ CHECKSUM_BYTES as usize }>() {
        Some((content @ [encoding, data @ ..], checksum))
            if crc32c::crc32c(content) == u32::from_be_bytes(*checksum) =>
        {
            Ok(Chunk { encoding: *encoding, data, start })
        }
        _ => Err(Error::damaged(&file, offset, CHECKSUM)),
    }
}
