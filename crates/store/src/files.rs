//! File access of the store: a small set of operations on one folder, so that tests can simulate
//! power loss, full disks and I/O errors.
//!
//! Paths are relative to the folder, with `/` between names. This module does not know what the
//! files hold. Objects (parts and manifests) use [`crate::objects`], which is built on it.

use std::fmt::Debug;
use std::io;

pub mod disk;

pub use disk::DiskFiles;

/// One folder and everything under it.
///
/// Nothing is durable before it is synced: contents by [`FileWriter::sync`], names by
/// [`Files::sync_folder`] of the folder that holds them.
pub trait Files: Debug + Send + Sync {
    /// The path of the folder, for messages.
    fn location(&self) -> String;
    /// Creates a folder and its parents; an existing folder is not an error.
    ///
    /// # Errors
    /// Any error of the file system.
    fn create_folder(&self, path: &str) -> io::Result<()>;
    /// Creates a new empty file.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if the file exists, and any error of the file system.
    fn create(&self, path: &str) -> io::Result<Box<dyn FileWriter>>;
    /// Opens an existing file for writing.
    ///
    /// # Errors
    /// Any error of the file system.
    fn edit(&self, path: &str) -> io::Result<Box<dyn FileWriter>>;
    /// Opens a file for reading.
    ///
    /// # Errors
    /// Any error of the file system.
    fn open(&self, path: &str) -> io::Result<Box<dyn FileReader>>;
    /// Gives a file another name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if a file has that name, [`io::ErrorKind::Unsupported`]
    /// where a file has only one name, and any error of the file system.
    fn link(&self, _from: &str, _to: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// Renames a file, replacing any file of the new name.
    ///
    /// # Errors
    /// Any error of the file system.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// Any error of the file system.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Lists the entries of a folder, sorted by name; a missing folder has none.
    ///
    /// # Errors
    /// Any error of the file system.
    fn list(&self, path: &str) -> io::Result<Vec<FolderEntry>>;
    /// Size and modification time of a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`], and any error of the file system.
    fn stat(&self, path: &str) -> io::Result<FileStat>;
    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// Any error of the file system.
    fn sync_folder(&self, path: &str) -> io::Result<()>;
    /// Locks the file until the value is dropped or the process ends.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if another process holds the lock, with its process id in the
    /// message.
    fn lock(&self, path: &str) -> io::Result<Box<dyn Send + Sync>>;
    /// Free bytes available to an unprivileged user.
    ///
    /// # Errors
    /// Any error of the file system.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// A file open for writing.
pub trait FileWriter: Send {
    /// Writes all bytes at an offset. A failed call may have written some of them.
    ///
    /// # Errors
    /// Any error of the file system.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes the content and its length durable.
    ///
    /// # Errors
    /// Any error of the file system; the state of earlier writes is then unknown.
    fn sync(&mut self) -> io::Result<()>;
    /// Truncates the file.
    ///
    /// # Errors
    /// Any error of the file system.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// A file that several readers can read concurrently, at any offset.
pub trait FileReader: Debug + Send + Sync {
    /// Reads up to `buffer.len()` bytes and returns how many; fewer only at the end of the file.
    ///
    /// # Errors
    /// Any error of the file system.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Length in bytes.
    ///
    /// # Errors
    /// Any error of the file system.
    fn length(&self) -> io::Result<u64>;
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// The name, without the folder.
    pub name: String,
    /// Whether it is a folder itself.
    pub is_folder: bool,
}

/// Metadata of a file.
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
/// Any error of the file system; [`io::ErrorKind::InvalidData`] if it is larger than `bytes_max`.
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
/// Any error of the file system; the file is then removed if possible.
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
        .and_then(|()| file.sync().map_err(|error| sync_error(&error)));
    if written.is_err() {
        // The next attempt needs the name; the first error is the relevant one.
        let _ = files.remove(path);
    }
    written
}

/// Replaces the content of a file, durably and atomically; `unfinished` is the temporary path.
///
/// # Errors
/// Any error of the file system; the file then has its old or its new content.
pub fn replace(files: &dyn Files, path: &str, unfinished: &str, bytes: &[u8]) -> io::Result<()> {
    if files.stat(unfinished).is_ok() {
        files.remove(unfinished)?;
    }
    write_new(files, unfinished, &[bytes])?;
    files.rename(unfinished, path)?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    files.sync_folder(folder).map_err(|error| sync_error(&error))
}

/// Whether an error means that the disk is full, so that a retry may succeed later.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// The error of a failed sync. It is never a retryable "disk full", whatever the system reports:
/// the state of earlier writes is unknown.
#[must_use]
pub fn sync_error(error: &io::Error) -> io::Error {
    io::Error::other(format!("sync failed: {error}"))
}
