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

/// Maximum size of a file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 32 << 20;

/// The files of the system and the environment of the process. Only regular files are read, because
/// a pipe may never end.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let metadata = std::fs::metadata(file)?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !metadata.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        if metadata.len() > FILE_BYTES_MAX {
            let reason = format!("larger than {FILE_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_a_bounded_size_are_read() {
        let large = std::env::temp_dir().join(format!("adopt-large-{}", std::process::id()));
        std::fs::File::create(&large).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
        for (path, reason) in [
            (large.as_path(), "larger than"),
            (Path::new("/dev/zero"), "not a regular file"),
            (Path::new("/"), "is a directory"),
        ] {
            let error = SystemFiles.read(path).unwrap_err().to_string();
            assert!(error.contains(reason), "{}: {error}", path.display());
        }
        std::fs::remove_file(large).unwrap();
    }
}
