//! File access as the store sees it: a handful of operations under one folder, so that power loss,
//! full disks and failing operations can be tested in process.
//!
//! Paths are relative to the folder, with `/` between names. Nothing here knows what the files
//! hold. Objects (parts and manifests) go through [`crate::objects`], which is built on this.

use std::fmt::Debug;
use std::io;

pub mod disk;
#[cfg(test)]
pub(crate) mod sim;

pub use disk::DiskFiles;

/// One folder and everything under it.
///
/// Nothing is durable before it is synced: contents by [`FileWriter::sync`], names by
/// [`Files::sync_folder`] of the folder that holds them.
pub trait Files: Debug + Send + Sync {
    /// Where the folder is, for messages to people.
    fn location(&self) -> String;
    /// Makes a folder and those above it; one that is there already is fine.
    ///
    /// # Errors
    /// As the file system gives them.
    fn create_folder(&self, path: &str) -> io::Result<()>;
    /// Makes a new empty file.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when the name is taken, and as the file system gives them.
    fn create(&self, path: &str) -> io::Result<Box<dyn FileWriter>>;
    /// Opens a file to change it.
    ///
    /// # Errors
    /// As the file system gives them.
    fn edit(&self, path: &str) -> io::Result<Box<dyn FileWriter>>;
    /// Opens a file to read it.
    ///
    /// # Errors
    /// As the file system gives them.
    fn open(&self, path: &str) -> io::Result<Box<dyn FileReader>>;
    /// Gives a file another name, in place of the file that had it.
    ///
    /// # Errors
    /// As the file system gives them.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// As the file system gives them.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// What a folder holds, in order of names; a missing folder holds nothing.
    ///
    /// # Errors
    /// As the file system gives them.
    fn list(&self, path: &str) -> io::Result<Vec<FolderEntry>>;
    /// Size and time of a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`], and as the file system gives them.
    fn stat(&self, path: &str) -> io::Result<FileStat>;
    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// As the file system gives them.
    fn sync_folder(&self, path: &str) -> io::Result<()>;
    /// Takes the file as a lock that lasts until the value is dropped or the process ends.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] with the holder's process number in the message when another
    /// process has it.
    fn lock(&self, path: &str) -> io::Result<Box<dyn Send + Sync>>;
    /// Bytes that an ordinary user may still write.
    ///
    /// # Errors
    /// As the file system gives them.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// A file that can be changed.
pub trait FileWriter: Send {
    /// Writes all bytes at an offset. A failed call may have written some of them.
    ///
    /// # Errors
    /// As the file system gives them.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes the content and its length durable.
    ///
    /// # Errors
    /// As the file system gives them; the state of earlier writes is then unknown.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file.
    ///
    /// # Errors
    /// As the file system gives them.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// A file that can be read at any place, by several readers at once.
pub trait FileReader: Debug + Send + Sync {
    /// Reads up to `buffer.len()` bytes and says how many; fewer only at the end of the file.
    ///
    /// # Errors
    /// As the file system gives them.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Length in bytes.
    ///
    /// # Errors
    /// As the file system gives them.
    fn length(&self) -> io::Result<u64>;
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// The name, without the folder.
    pub name: String,
    /// Whether it is a folder itself.
    pub is_folder: bool,
}

/// What is known of a file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Length in bytes.
    pub bytes: u64,
    /// When its content was last changed, in nanoseconds since 1970.
    pub modified: signals::Timestamp,
}

/// Reads a whole file.
///
/// # Errors
/// As the file system gives them; [`io::ErrorKind::InvalidData`] when it is over `bytes_max`.
pub fn read_all(files: &dyn Files, path: &str, bytes_max: u64) -> io::Result<Vec<u8>> {
    let file = files.open(path)?;
    let length = file.length()?;
    if length > bytes_max {
        let message =
            format!("{path} has {length} bytes, more than the {bytes_max} that were expected");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let mut bytes = vec![0; length as usize];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Writes a new file and makes its content durable, but not yet its name.
///
/// # Errors
/// As the file system gives them; what was written is removed again if possible.
pub fn write_new(files: &dyn Files, path: &str, chunks: &[&[u8]]) -> io::Result<()> {
    let mut file = files.create(path)?;
    let mut offset = 0;
    let written = chunks
        .iter()
        .try_for_each(|chunk| {
            file.write_at(chunk, offset)?;
            offset += chunk.len() as u64;
            Ok(())
        })
        .and_then(|()| file.sync().map_err(|error| in_doubt(&error)));
    if written.is_err() {
        // The name must be free for the next attempt; the first error is the one that tells.
        let _ = files.remove(path);
    }
    written
}

/// Gives a file new content, durably and as a whole; `unfinished` is where it is written first.
///
/// # Errors
/// As the file system gives them; the file is then as it was, or as it should be.
pub fn replace(files: &dyn Files, path: &str, unfinished: &str, bytes: &[u8]) -> io::Result<()> {
    if files.stat(unfinished).is_ok() {
        files.remove(unfinished)?;
    }
    write_new(files, unfinished, &[bytes])?;
    files.rename(unfinished, path)?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    files.sync_folder(folder).map_err(|error| in_doubt(&error))
}

/// Whether an error says that the disk is full, so that the same operation may work later.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// A failed sync is never "full, try again", whatever the system calls it: what was written before
/// is in doubt.
#[must_use]
pub fn in_doubt(error: &io::Error) -> io::Error {
    io::Error::other(format!("sync failed: {error}"))
}
