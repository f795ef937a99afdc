//! The data folder of a Prometheus server.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::block::Block;
use crate::error::Error;
use crate::head::HeadBatches;
use crate::limits::Limits;
use crate::meta::is_ulid;
use crate::time_range::TimeRange;

/// A data folder: its blocks and its head.
///
/// The folder should not be in use: a server that runs deletes blocks and segments while they are
/// read, which is reported as damage.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    blocks: Vec<Block>,
    refused: Vec<Refused>,
    replaced: Vec<String>,
    limits: Limits,
}

/// A block that cannot be read.
#[derive(Debug)]
pub struct Refused {
    /// The name of its folder.
    pub name: String,
    /// Why.
    pub error: Error,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block {}: {}", self.name, self.error)
    }
}

impl Folder {
    /// Finds the blocks of a folder: subfolders whose names are ULIDs. Others are ignored, such as
    /// those that end in `.tmp-for-creation` and `.tmp-for-deletion`.
    ///
    /// # Errors
    /// If the folder cannot be read. A block that cannot be read is listed in [`Self::refused`]; the
    /// symbols are checked of the last block only, so that [`Block::batches`] of another may fail.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, Error> {
        let unreadable = |source| Error::unreadable(path, source);
        let (mut blocks, mut refused) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let folder = entry.path();
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if !is_ulid(&name) || !folder.is_dir() {
                continue;
            }
            match Block::open(folder, name.clone(), limits) {
                Ok(block) => blocks.push(block),
                Err(error) => refused.push(Refused { name, error }),
            }
        }
        refused.sort_by(|a: &Refused, b: &Refused| a.name.cmp(&b.name));
        blocks.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut folder =
            Self { path: path.to_owned(), blocks, refused, replaced: Vec::new(), limits };
        folder.leave_out_replaced();
        folder.check_last();
        Ok(folder)
    }

    /// Refuses the last block if it cannot be opened, then the one before, and so on: samples of the
    /// head are left out only if a block has them.
    fn check_last(&mut self) {
        loop {
            let whole = self.blocks.iter().enumerate().filter(|(_, block)| block.meta.is_whole);
            let Some((last, block)) = whole.max_by_key(|(_, block)| block.meta.end_ms) else {
                return;
            };
            let Err(error) = block.check() else { return };
            let name = self.blocks.remove(last).name().to_owned();
            self.refused.push(Refused { name, error });
            self.refused.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }

    /// Leaves out blocks from which another block was made: a server that ends during a compaction
    /// leaves both.
    fn leave_out_replaced(&mut self) {
        let refused = self.refused.iter().map(|refused| refused.name.as_str());
        let names: HashSet<&str> = self.blocks.iter().map(Block::name).chain(refused).collect();
        let mut replaced: HashSet<String> = HashSet::new();
        // A block is younger than its parents, and its name sorts after theirs.
        let mut children: Vec<&Block> = self.blocks.iter().collect();
        children.sort_by(|a, b| b.name().cmp(a.name()));
        for child in children {
            let is_parent = |parent: &&String| {
                names.contains(parent.as_str()) && parent.as_str() != child.name()
            };
            let parents: Vec<&String> = child.meta.parents.iter().filter(is_parent).collect();
            let is_usable = !replaced.contains(child.name());
            if is_usable && !parents.is_empty() && child.check().is_ok() {
                replaced.extend(parents.into_iter().cloned());
            }
        }
        self.blocks.retain(|block| !replaced.contains(block.name()));
        self.refused.retain(|refused| !replaced.contains(&refused.name));
        self.replaced = replaced.into_iter().collect();
        self.replaced.sort_unstable();
    }

    /// The blocks, by the start of their ranges of time, which may overlap.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The blocks that cannot be read, by name.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Names of the blocks whose samples are all in another block, so that they are left out.
    #[must_use]
    pub fn replaced(&self) -> &[String] {
        &self.replaced
    }

    /// The first time of which the head has samples that are in no block, in milliseconds since
    /// 1970: the end of the last block that was made of the whole head.
    #[must_use]
    pub fn head_start_ms(&self) -> i64 {
        let whole = self.blocks.iter().filter(|block| block.meta.is_whole);
        whole.map(|block| block.meta.end_ms).max().unwrap_or(i64::MIN)
    }

    /// Whether there is a head: a write-ahead log or head chunks.
    #[must_use]
    pub fn has_head(&self) -> bool {
        ["wal", "chunks_head"].iter().any(|name| self.path.join(name).is_dir())
    }

    /// The samples that are in no block yet, in a range of time: those of the write-ahead log, of
    /// head chunks, and those that arrived out of order, with exemplars and metadata. Samples before
    /// [`Self::head_start_ms`] are left out, as Prometheus does, because a block has them; those out
    /// of order are not. The same sample may be given twice.
    ///
    /// # Errors
    /// If a folder cannot be read, or the series take more than [`Limits::head_bytes_max`]. Damages
    /// are in the report.
    pub fn head(&self, range: TimeRange) -> Result<Option<HeadBatches>, Error> {
        if !self.has_head() {
            return Ok(None);
        }
        HeadBatches::open(&self.path, range, self.head_start_ms(), self.limits).map(Some)
    }
}

fn order(block: &Block) -> (TimeRange, &str) {
    (block.range(), block.name())
}
