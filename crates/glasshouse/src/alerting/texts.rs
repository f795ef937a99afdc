//! Configuration files that are not on disk.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use adopt::Files;

/// Texts by path. There are no other files, and no variables of the environment.
#[derive(Debug, Default)]
pub(super) struct Texts(BTreeMap<PathBuf, String>);

impl Texts {
    /// One file.
    pub(super) fn one(path: &Path, text: &str) -> Self {
        Self(BTreeMap::from([(path.to_owned(), text.to_owned())]))
    }
}

impl Files for Texts {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let text = self.0.get(file).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.clone().into_bytes())
    }

    fn names(&self, _folder: &Path) -> io::Result<Vec<OsString>> {
        Ok(Vec::new())
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    fn variable(&self, _name: &str) -> Option<String> {
        None
    }
}
