//! Files on a real disk.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use super::{FileReader, FileStat, FileWriter, Files, FolderEntry};

/// Telemetry holds prompts and names, so folders and files are accessible to our own user only.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// A folder of the machine.
#[derive(Debug)]
pub struct DiskFiles {
    root: PathBuf,
}

impl DiskFiles {
    /// Does not create the folder; [`Files::create_folder`] with an empty path does.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn path(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    /// Adds the path, which errors of the system lack.
    fn named<T>(&self, path: &str, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path(path).display()))
        })
    }
}

impl Files for DiskFiles {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn create_folder(&self, path: &str) -> io::Result<()> {
        let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(self.path(path));
        self.named(path, made)
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(FILE_MODE);
        let file = options.open(self.path(path));
        Ok(Box::new(DiskFile(self.named(path, file)?)))
    }

    fn edit(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        let file = OpenOptions::new().write(true).open(self.path(path));
        Ok(Box::new(DiskFile(self.named(path, file)?)))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn FileReader>> {
        Ok(Box::new(DiskFile(self.named(path, File::open(self.path(path)))?)))
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        self.named(to, fs::hard_link(self.path(from), self.path(to)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.named(to, fs::rename(self.path(from), self.path(to)))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.named(path, fs::remove_file(self.path(path)))
    }

    fn list(&self, path: &str) -> io::Result<Vec<FolderEntry>> {
        let folder = match fs::read_dir(self.path(path)) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return self.named(path, Err(error)),
        };
        let mut entries = Vec::new();
        for entry in folder {
            let entry = self.named(path, entry)?;
            // Our own names are all UTF-8.
            if let Ok(name) = entry.file_name().into_string() {
                let is_folder = self.named(path, entry.file_type())?.is_dir();
                entries.push(FolderEntry { name, is_folder });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn stat(&self, path: &str) -> io::Result<FileStat> {
        let metadata = self.named(path, fs::metadata(self.path(path)))?;
        let modified = metadata.modified()?;
        let modified = match modified.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            Err(_) => 0,
        };
        Ok(FileStat { bytes: metadata.len(), modified })
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        self.named(path, File::open(self.path(path)).and_then(|folder| folder.sync_all()))
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn Send + Sync>> {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(self.path(path));
        let mut file = self.named(path, opened)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The process id is only informative; the lock itself is what counts.
                let _ = Read::by_ref(&mut file).take(32).read_to_string(&mut holder);
                let holder = holder.trim();
                let holder = if holder.is_empty() { "unknown" } else { holder };
                return Err(io::Error::new(io::ErrorKind::WouldBlock, format!("process {holder}")));
            }
            Err(TryLockError::Error(error)) => return self.named(path, Err(error)),
        }
        // On a full disk the process id is missing, which must not prevent a start.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Box::new(file))
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.root).map_err(io::Error::from);
        let stat = self.named("", stat)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

#[derive(Debug)]
struct DiskFile(File);

impl FileWriter for DiskFile {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }
}

impl FileReader for DiskFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match self.0.read_at(rest, offset + read as u64) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_on_a_folder_names_the_process_that_has_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let files = DiskFiles::new(folder.path());
        let first = files.lock("lock").unwrap();
        let error = files.lock("lock").map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        drop(first);
        files.lock("lock").unwrap();
    }

    #[test]
    fn what_is_made_is_for_our_user_only() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let files = DiskFiles::new(folder.path().join("data"));
        files.create_folder("").unwrap();
        files.create_folder("a/b").unwrap();
        files.create("a/b/file").unwrap();
        let _lock = files.lock("lock").unwrap();
        for (path, expected) in
            [("", 0o700), ("a", 0o700), ("a/b", 0o700), ("a/b/file", 0o600), ("lock", 0o600)]
        {
            let mode = fs::metadata(files.path(path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, expected, "{path}");
        }
        // The mode of an existing folder is not changed.
        fs::set_permissions(files.path("a"), fs::Permissions::from_mode(0o750)).unwrap();
        files.create_folder("a").unwrap();
        let mode = fs::metadata(files.path("a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o750);
    }

    #[test]
    fn what_is_written_at_an_offset_is_read_at_it() {
        let folder = tempfile::tempdir().unwrap();
        let files = DiskFiles::new(folder.path().join("made/by/us"));
        files.create_folder("").unwrap();
        let mut file = files.create("a").unwrap();
        file.write_at(b"hello world", 0).unwrap();
        file.truncate(5).unwrap();
        file.write_at(b"!", 5).unwrap();
        file.sync().unwrap();
        assert_eq!(files.create("a").map(|_| ()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(super::super::read_all(&files, "a", 100).unwrap(), b"hello!");
        assert_eq!(files.stat("a").unwrap().bytes, 6);
        assert!(files.free_bytes().unwrap() > 0);
    }
}
