//! The files and the environment that a configuration refers to.

use std::ffi::OsString;
use std::io;
use std::path::Path;

/// Access to files and to the environment, passed in so that reading a configuration has no other
/// input.
pub trait Files {
    /// The content of a file.
    ///
    /// # Errors
    /// As [`std::fs::read`].
    fn read(&self, file: &Path) -> io::Result<Vec<u8>>;

    /// The names in a folder.
    ///
    /// # Errors
    /// As [`std::fs::read_dir`].
    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>>;

    /// Whether there is a file or folder with this path.
    fn exists(&self, path: &Path) -> bool;

    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The files of the system and the environment of the process.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(file)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn exists(&self, path: &Path) -> bool {
        std::fs::symlink_metadata(path).is_ok()
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}
