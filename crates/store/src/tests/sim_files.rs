//! In-memory files that track what was synced: for tests of crashes, power loss and full disks.
//!
//! Every modifying operation has a number. At a chosen one an error occurs, or the machine loses
//! power in the middle of it. After [`SimFiles::lose_power`] only synced data is guaranteed to
//! exist; unsynced data survives in part, as the seed decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use signals::Clock;

use crate::files::{FileReader, FileStat, FileWriter, Files, FolderEntry};

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails, once.
    Error(io::ErrorKind),
    /// It fails, and so does everything after it: the process is gone.
    Crash,
    /// As `Crash`, but half of the bytes of a write are written.
    TornCrash,
}

#[derive(Debug, Clone)]
pub(crate) struct SimFiles {
    disk: Arc<Mutex<Disk>>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
struct Disk {
    contents: HashMap<u64, Content>,
    names: BTreeMap<String, u64>,
    folders: BTreeSet<String>,
    durable_names: BTreeMap<String, u64>,
    durable_folders: BTreeSet<String>,
    /// Changes of names that are not durable yet, oldest first.
    pending: Vec<NameChange>,
    next_number: u64,
    operations: u64,
    fault: Option<(u64, Fault)>,
    has_faulted: bool,
    is_off: bool,
    is_locked: bool,
    capacity: Option<u64>,
    /// Locks and writers from before a restart are released.
    generation: u64,
}

#[derive(Debug, Default, Clone)]
struct Content {
    live: Vec<u8>,
    durable: Vec<u8>,
    modified: i64,
}

#[derive(Debug, Clone)]
enum NameChange {
    Set(String, u64),
    Remove(String),
    Rename(String, String, u64),
    Folder(String),
}

impl NameChange {
    fn is_in(&self, folder: &str) -> bool {
        match self {
            Self::Set(path, _)
            | Self::Remove(path)
            | Self::Rename(_, path, _)
            | Self::Folder(path) => parent(path) == folder,
        }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl SimFiles {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let mut disk = Disk::default();
        disk.folders.insert(String::new());
        disk.durable_folders.insert(String::new());
        Self { disk: Arc::new(Mutex::new(disk)), clock }
    }

    /// Injects a fault at the n-th modifying operation from now, counted from 1.
    pub(crate) fn fail_at(&self, operation: u64, fault: Fault) {
        let mut disk = self.disk.lock();
        disk.fault = Some((disk.operations + operation, fault));
        disk.has_faulted = false;
    }

    pub(crate) fn has_faulted(&self) -> bool {
        self.disk.lock().has_faulted
    }

    /// Sets the capacity of the disk in bytes.
    pub(crate) fn set_capacity(&self, bytes: Option<u64>) {
        self.disk.lock().capacity = bytes;
    }

    pub(crate) fn used(&self) -> u64 {
        self.disk.lock().used()
    }

    /// Kills the process; the operating system keeps what was written.
    pub(crate) fn kill(&self) {
        let mut disk = self.disk.lock();
        disk.is_off = false;
        disk.is_locked = false;
        disk.fault = None;
        disk.generation += 1;
    }

    /// Cuts the power: unsynced data is lost in whole or in part.
    pub(crate) fn lose_power(&self, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut disk = self.disk.lock();
        let kept = random.random_range(0..=disk.pending.len());
        let pending: Vec<NameChange> = disk.pending.drain(..).take(kept).collect();
        for change in &pending {
            disk.make_durable(change);
        }
        disk.names = disk.durable_names.clone();
        disk.folders = disk.durable_folders.clone();
        let named: BTreeSet<u64> = disk.names.values().copied().collect();
        disk.contents.retain(|number, _| named.contains(number));
        let mut numbers: Vec<u64> = disk.contents.keys().copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            let content = disk.contents.get_mut(&number).unwrap();
            content.live = after_power_loss(content, &mut random);
            content.durable = content.live.clone();
        }
        drop(disk);
        self.kill();
    }

    /// Modifies a file without the store's knowledge.
    pub(crate) fn tamper(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.disk.lock();
        let number = disk.names[path];
        let content = disk.contents.get_mut(&number).unwrap();
        change(&mut content.live);
        content.durable = content.live.clone();
    }

    /// Creates a file without the store's knowledge.
    pub(crate) fn create_unknown(&self, path: &str, bytes: &[u8]) {
        let mut disk = self.disk.lock();
        let number = disk.next_number;
        disk.next_number += 1;
        disk.contents
            .insert(number, Content { live: bytes.into(), durable: bytes.into(), modified: 0 });
        disk.names.insert(path.into(), number);
        disk.durable_names.insert(path.into(), number);
    }

    /// An independent disk with the same content.
    pub(crate) fn fork(&self) -> Self {
        let disk = self.disk.lock();
        let copy = Disk {
            contents: disk.contents.clone(),
            names: disk.names.clone(),
            folders: disk.folders.clone(),
            durable_names: disk.names.clone(),
            durable_folders: disk.folders.clone(),
            next_number: disk.next_number,
            ..Disk::default()
        };
        Self { disk: Arc::new(Mutex::new(copy)), clock: Arc::clone(&self.clock) }
    }

    /// Paths of all files below a folder.
    pub(crate) fn paths(&self, below: &str) -> Vec<String> {
        self.disk.lock().names.keys().filter(|path| path.starts_with(below)).cloned().collect()
    }

    fn change<T>(&self, work: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        let mut disk = self.disk.lock();
        disk.step()?;
        work(&mut disk)
    }
}

fn after_power_loss(content: &Content, random: &mut StdRng) -> Vec<u8> {
    if content.live == content.durable {
        return content.durable.clone();
    }
    if !content.live.starts_with(&content.durable) {
        return if random.random() { content.live.clone() } else { content.durable.clone() };
    }
    let kept = random.random_range(content.durable.len()..=content.live.len());
    let mut bytes = content.live[..kept].to_vec();
    if random.random_ratio(1, 3) {
        // The length is durable, but not all of the sectors.
        let from = random.random_range(content.durable.len()..=kept);
        let to = random.random_range(from..=kept);
        bytes[from..to].fill(0);
    }
    bytes
}

impl Disk {
    fn step(&mut self) -> io::Result<()> {
        self.operations += 1;
        if self.is_off {
            return Err(io::Error::other("the machine is off"));
        }
        match self.fault {
            Some((at, fault)) if at == self.operations => {
                self.has_faulted = true;
                match fault {
                    Fault::Error(kind) => Err(kind.into()),
                    Fault::Crash | Fault::TornCrash => {
                        self.is_off = true;
                        Err(io::Error::other("the machine goes off"))
                    }
                }
            }
            _ => Ok(()),
        }
    }

    fn used(&self) -> u64 {
        self.contents.values().map(|content| content.live.len() as u64).sum()
    }

    fn number(&self, path: &str) -> io::Result<u64> {
        if self.is_off {
            return Err(io::Error::other("the machine is off"));
        }
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("{path}: not found"));
        self.names.get(path).copied().ok_or_else(missing)
    }

    fn make_durable(&mut self, change: &NameChange) {
        match change {
            NameChange::Set(path, number) => {
                self.durable_names.insert(path.clone(), *number);
            }
            NameChange::Remove(path) => {
                self.durable_names.remove(path);
            }
            NameChange::Rename(from, to, number) => {
                self.durable_names.remove(from);
                self.durable_names.insert(to.clone(), *number);
            }
            NameChange::Folder(path) => {
                self.durable_folders.insert(path.clone());
            }
        }
        // A file whose folder is gone is gone.
        let folders = self.durable_folders.clone();
        self.durable_names.retain(|path, _| folders.contains(parent(path)));
    }

    fn drop_unnamed(&mut self) {
        let pending = self.pending.iter().filter_map(|change| match change {
            NameChange::Set(_, number) | NameChange::Rename(_, _, number) => Some(number),
            NameChange::Remove(_) | NameChange::Folder(_) => None,
        });
        let named: BTreeSet<u64> = self
            .names
            .values()
            .chain(self.durable_names.values())
            .chain(pending)
            .copied()
            .collect();
        self.contents.retain(|number, _| named.contains(number));
    }

    fn write(&mut self, number: u64, bytes: &[u8], offset: u64, now: i64) -> io::Result<()> {
        let offset = offset as usize;
        let used = self.used();
        let content = self.contents.get_mut(&number).ok_or(io::ErrorKind::NotFound)?;
        let grows = (offset + bytes.len()).saturating_sub(content.live.len()) as u64;
        let mut fits = bytes;
        if let Some(capacity) = self.capacity
            && used + grows > capacity
        {
            let over = (used + grows - capacity) as usize;
            fits = &bytes[..bytes.len().saturating_sub(over)];
        }
        let end = offset + fits.len();
        if content.live.len() < end {
            content.live.resize(end, 0);
        }
        content.live[offset..end].copy_from_slice(fits);
        content.modified = now;
        if fits.len() < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Files for SimFiles {
    fn location(&self) -> String {
        "memory".into()
    }

    fn create_folder(&self, path: &str) -> io::Result<()> {
        if self.disk.lock().folders.contains(path) {
            return Ok(());
        }
        if !parent(path).is_empty() {
            self.create_folder(parent(path))?;
        }
        self.change(|disk| {
            disk.folders.insert(path.into());
            disk.pending.push(NameChange::Folder(path.into()));
            Ok(())
        })
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        self.change(|disk| {
            if disk.names.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            if !disk.folders.contains(parent(path)) {
                return Err(io::Error::new(io::ErrorKind::NotFound, format!("folder of {path}")));
            }
            let number = disk.next_number;
            disk.next_number += 1;
            disk.contents
                .insert(number, Content { modified: self.clock.now(), ..Content::default() });
            disk.names.insert(path.into(), number);
            disk.pending.push(NameChange::Set(path.into(), number));
            Ok(())
        })?;
        self.edit(path)
    }

    fn edit(&self, path: &str) -> io::Result<Box<dyn FileWriter>> {
        let disk = self.disk.lock();
        let (number, generation) = (disk.number(path)?, disk.generation);
        Ok(Box::new(SimWriter { files: self.clone(), number, generation }))
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn FileReader>> {
        let number = self.disk.lock().number(path)?;
        Ok(Box::new(SimReader { files: self.clone(), number }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change(|disk| {
            let number = disk.number(from)?;
            if !disk.folders.contains(parent(to)) {
                return Err(io::ErrorKind::NotFound.into());
            }
            disk.names.remove(from);
            disk.names.insert(to.into(), number);
            disk.pending.push(NameChange::Rename(from.into(), to.into(), number));
            Ok(())
        })
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.change(|disk| {
            disk.number(path)?;
            disk.names.remove(path);
            disk.pending.push(NameChange::Remove(path.into()));
            Ok(())
        })
    }

    fn list(&self, path: &str) -> io::Result<Vec<FolderEntry>> {
        let disk = self.disk.lock();
        if disk.is_off {
            return Err(io::Error::other("the machine is off"));
        }
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let inside = |full: &String| {
            let name = full.strip_prefix(&prefix)?;
            (!name.is_empty() && !name.contains('/')).then(|| name.to_owned())
        };
        let files = disk.names.keys().filter_map(inside).map(|name| (name, false));
        let folders = disk.folders.iter().filter_map(inside).map(|name| (name, true));
        let mut entries: Vec<FolderEntry> =
            files.chain(folders).map(|(name, is_folder)| FolderEntry { name, is_folder }).collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn stat(&self, path: &str) -> io::Result<FileStat> {
        let disk = self.disk.lock();
        let content = &disk.contents[&disk.number(path)?];
        Ok(FileStat { bytes: content.live.len() as u64, modified: content.modified })
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        self.change(|disk| {
            let (now, later): (Vec<_>, Vec<_>) =
                disk.pending.drain(..).partition(|change| change.is_in(path));
            disk.pending = later;
            for change in &now {
                disk.make_durable(change);
            }
            disk.drop_unnamed();
            Ok(())
        })
    }

    fn lock(&self, _path: &str) -> io::Result<Box<dyn Send + Sync>> {
        let mut disk = self.disk.lock();
        if disk.is_locked {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "process 1"));
        }
        disk.is_locked = true;
        Ok(Box::new(SimLock { files: self.clone(), generation: disk.generation }))
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let disk = self.disk.lock();
        Ok(disk.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(disk.used())))
    }
}

struct SimLock {
    files: SimFiles,
    generation: u64,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut disk = self.files.disk.lock();
        if disk.generation == self.generation {
            disk.is_locked = false;
        }
    }
}

struct SimWriter {
    files: SimFiles,
    number: u64,
    generation: u64,
}

impl SimWriter {
    fn change<T>(&self, work: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        self.files.change(|disk| {
            if disk.generation != self.generation {
                return Err(io::Error::other("a file of a process that is gone"));
            }
            work(disk)
        })
    }
}

impl FileWriter for SimWriter {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let now = self.files.clock.now();
        let number = self.number;
        {
            let mut disk = self.files.disk.lock();
            let next = disk.operations + 1;
            if disk.fault == Some((next, Fault::TornCrash)) && disk.generation == self.generation {
                let _ = disk.write(number, &bytes[..bytes.len() / 2], offset, now);
            }
        }
        self.change(|disk| disk.write(number, bytes, offset, now))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.change(|disk| {
            if let Some(content) = disk.contents.get_mut(&self.number) {
                content.durable = content.live.clone();
            }
            Ok(())
        })
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.change(|disk| {
            if let Some(content) = disk.contents.get_mut(&self.number) {
                content.live.truncate(length as usize);
            }
            Ok(())
        })
    }
}

#[derive(Debug)]
struct SimReader {
    files: SimFiles,
    number: u64,
}

impl FileReader for SimReader {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let disk = self.files.disk.lock();
        if disk.is_off {
            return Err(io::Error::other("the machine is off"));
        }
        let content = disk.contents.get(&self.number).ok_or(io::ErrorKind::NotFound)?;
        let rest = content.live.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn length(&self) -> io::Result<u64> {
        let disk = self.files.disk.lock();
        Ok(disk.contents.get(&self.number).ok_or(io::ErrorKind::NotFound)?.live.len() as u64)
    }
}
