//! A file that is read piece by piece.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::{ENDS, Error};

/// Number of bytes that are read at a time, unless more are asked for.
const PIECE_BYTES: u64 = 256 << 10;

/// A file with one piece of it in memory. Its length is that at the time of opening: what is
/// appended later is not seen.
#[derive(Debug)]
pub(crate) struct Pieces {
    path: PathBuf,
    file: File,
    length: u64,
    /// Where `piece` begins in the file.
    start: u64,
    piece: Vec<u8>,
}

impl Pieces {
    /// Opens a regular file. Others are refused because a pipe may never end.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::unreadable(path, source);
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(unreadable(std::io::Error::other("not a regular file")));
        }
        let file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        Ok(Self { path: path.to_owned(), file, length, start: 0, piece: Vec::new() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn damaged(&self, offset: u64, reason: &'static str) -> Error {
        Error::damaged(&self.path, offset, reason)
    }

    /// The bytes from `offset` on, `length` of them. The caller bounds the length.
    pub(crate) fn get(&mut self, offset: u64, length: u64) -> Result<&[u8], Error> {
        let end = offset.checked_add(length).filter(|end| *end <= self.length);
        let end = end.ok_or_else(|| self.damaged(offset, ENDS))?;
        if offset < self.start || end > self.start + self.piece.len() as u64 {
            self.load(offset, length)?;
        }
        let from = (offset - self.start) as usize;
        let bytes = self.piece.get(from..from + length as usize);
        bytes.ok_or_else(|| Error::damaged(&self.path, offset, ENDS))
    }

    /// The bytes from `offset` on, fewer than `length` at the end of the file.
    pub(crate) fn get_up_to(&mut self, offset: u64, length: u64) -> Result<&[u8], Error> {
        self.get(offset, length.min(self.length.saturating_sub(offset)))
    }

    fn load(&mut self, offset: u64, length: u64) -> Result<(), Error> {
        let wanted = length.max(PIECE_BYTES).min(self.length - offset);
        self.piece.clear();
        self.piece.shrink_to(PIECE_BYTES as usize);
        self.start = offset;
        let unreadable = |source| Error::unreadable(&self.path, source);
        self.file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
        // A file that became shorter gives fewer bytes, which `get` reports.
        (&self.file).take(wanted).read_to_end(&mut self.piece).map_err(unreadable)?;
        Ok(())
    }
}

/// Reads a whole file of a bounded length.
pub(crate) fn whole(path: &Path, what: &'static str, bytes_max: u64) -> Result<Vec<u8>, Error> {
    let mut pieces = Pieces::open(path)?;
    let bytes = pieces.length();
    if bytes > bytes_max {
        return Err(Error::TooLarge { file: path.to_owned(), what, bytes, bytes_max });
    }
    pieces.get(0, bytes).map(<[u8]>::to_vec)
}
