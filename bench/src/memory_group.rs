//! A memory cgroup (version 1 or 2) for the server under test; needs root.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

const V1: &str = "/sys/fs/cgroup/memory";
const V2: &str = "/sys/fs/cgroup";
/// Attempts to remove a cgroup, which is busy for a moment after its last process ends.
const REMOVALS_MAX: u32 = 50;

/// A cgroup that is removed on drop.
pub(crate) struct MemoryGroup {
    folder: PathBuf,
    /// The file with the kernel's OOM kill count.
    events: &'static str,
}

impl MemoryGroup {
    /// Creates a cgroup with this limit.
    pub(crate) fn new(mib: u64) -> Result<Self> {
        let (root, limit, events) = if Path::new(V1).join("memory.limit_in_bytes").exists() {
            (V1, "memory.limit_in_bytes", "memory.oom_control")
        } else if Path::new(V2).join("cgroup.controllers").exists() {
            // Fails if the controller is enabled already and the file is read-only.
            let _enabled = fs::write(Path::new(V2).join("cgroup.subtree_control"), "+memory");
            (V2, "memory.max", "memory.events")
        } else {
            bail!("--memory-group: no memory control groups are mounted at {V2}");
        };
        let folder = Path::new(root).join(format!("glasshouse-bench-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| {
            format!("--memory-group needs root: cannot make {}", folder.display())
        })?;
        let group = Self { folder, events };
        let limit = group.folder.join(limit);
        fs::write(&limit, (mib << 20).to_string()).with_context(|| {
            format!("--memory-group needs root: cannot write {}", limit.display())
        })?;
        Ok(group)
    }

    /// The file to which a process writes its PID to join.
    pub(crate) fn processes(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }

    /// Number of OOM kills in the cgroup.
    pub(crate) fn kills(&self) -> u64 {
        let events = fs::read_to_string(self.folder.join(self.events)).unwrap_or_default();
        events
            .lines()
            .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
            .unwrap_or_default()
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        for _ in 0..REMOVALS_MAX {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
