//! Resource usage of the process: memory, CPU time, disk and open files.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub(crate) mod memory;
pub(crate) mod permissions;

/// Resource usage of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    /// Resident memory.
    pub(crate) resident_bytes: u64,
    /// Virtual memory.
    pub(crate) virtual_bytes: u64,
    /// CPU time in user and kernel mode.
    pub(crate) cpu: Duration,
    /// Number of threads.
    pub(crate) threads: u64,
    /// Number of open file descriptors.
    pub(crate) open_files: u64,
}

/// `USER_HZ`, the clock ticks per second in `/proc`; 100 on all Linux architectures in use.
const TICKS_PER_SECOND: u64 = 100;

impl Usage {
    /// Reads `/proc`; zeros if it is not available.
    pub(crate) fn read() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name| field(&status, name);
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The process name is in parentheses and may contain any character; fields follow it.
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |i: usize| {
            fields.get(i).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default()
        };
        let milliseconds = (ticks(11) + ticks(12)).saturating_mul(1000) / TICKS_PER_SECOND;
        Self {
            resident_bytes: field("VmRSS:") * 1024,
            virtual_bytes: field("VmSize:") * 1024,
            cpu: Duration::from_millis(milliseconds),
            threads: field("Threads:"),
            open_files: std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64),
        }
    }
}

/// Resident memory, cheap enough to be read often.
#[derive(Debug)]
pub(crate) struct ResidentMemory {
    /// `None` without `/proc`.
    status: Option<File>,
}

impl ResidentMemory {
    pub(crate) fn new() -> Self {
        Self { status: File::open("/proc/self/status").ok() }
    }

    /// Its size; zero if it is unknown.
    pub(crate) fn bytes(&self) -> u64 {
        let mut text = [0; 2048];
        let length = self.status.as_ref().and_then(|status| status.read_at(&mut text, 0).ok());
        let text = text.get(..length.unwrap_or_default()).unwrap_or_default();
        field(&String::from_utf8_lossy(text), "VmRSS:") * 1024
    }
}

/// Parses a number in `/proc/self/status`.
fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Raises the soft limit of open files to the hard limit (`ulimit -Hn`), as Go does at start: the
/// soft limit is often 1,024 for programs that use `select`. Returns the limit.
pub(crate) fn raise_open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // If this fails, the soft limit applies.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
    let current = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(current).unwrap_or(usize::MAX)
}

/// Total size of all files in a folder, without following links.
pub(crate) fn folder_bytes(folder: &Path) -> u64 {
    const FILES_MAX: usize = 1_000_000;
    let mut folders = vec![folder.to_owned()];
    let (mut bytes, mut files) = (0, 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            files += 1;
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() && files < FILES_MAX {
                folders.push(entry.path());
            } else if metadata.is_file() {
                bytes += metadata.len();
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_uses_memory_and_threads() {
        let usage = Usage::read();
        assert!(usage.resident_bytes > 0 && usage.threads > 0 && usage.open_files > 0, "{usage:?}");
        assert!(raise_open_files() as u64 > usage.open_files);
        let resident_bytes = ResidentMemory::new().bytes();
        let range = usage.resident_bytes / 2..usage.resident_bytes * 2;
        assert!(range.contains(&resident_bytes), "{resident_bytes} and {usage:?}");
    }
}
