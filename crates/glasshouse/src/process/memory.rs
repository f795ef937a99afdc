//! Memory available to the process: the minimum of physical memory, cgroup limits and the limit of
//! its address space.

use std::path::Path;

/// Bytes of memory available to the process; `None` if unknown.
pub(crate) fn available() -> Option<u64> {
    least(Path::new("/"))
}

/// The minimum of all limits, with the system's files below `root`.
fn least(root: &Path) -> Option<u64> {
    let bounds = [installed(root), control_groups(root), address_space(root)];
    bounds.into_iter().flatten().min()
}

/// The limit of the address space (`ulimit -v`).
fn address_space(root: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(root.join("proc/self/limits")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Physical memory.
fn installed(root: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The lowest limit of the process's cgroups and their ancestors.
///
/// Inside a container the path is often that of the host, and only the root of the hierarchy
/// exists: so all ancestors are checked, and missing ones are ignored.
fn control_groups(root: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let bounds = text.lines().flat_map(|line| {
        // Version 2 is `0::/path`, version 1 is `4:memory,cpu:/path`.
        let mut fields = line.splitn(3, ':').skip(1);
        let controllers = fields.next().unwrap_or_default();
        let path = Path::new(fields.next().unwrap_or_default().trim_start_matches('/'));
        let (mount, file) = if controllers.is_empty() {
            ("sys/fs/cgroup", "memory.max")
        } else if controllers.split(',').any(|controller| controller == "memory") {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            return Vec::new();
        };
        path.ancestors()
            .filter_map(|group| number(&root.join(mount).join(group).join(file)))
            .collect::<Vec<_>>()
    });
    bounds.min()
}

/// The number in a file; `None` for `max`.
fn number(path: &Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Paths and contents.
    type Files<'a> = &'a [(&'a str, &'a str)];

    /// Creates a fake root file system.
    fn system(files: Files<'_>) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_least_bound_counts() {
        let machine = ("proc/meminfo", "MemTotal:  8388608 kB\nMemFree: 1 kB\n");
        let unlimited =
            ("proc/self/limits", "Max address space         unlimited    unlimited    bytes\n");
        let limited =
            ("proc/self/limits", "Max cpu time 1 1\nMax address space  536870912  unlimited\n");
        let v2 = ("proc/self/cgroup", "0::/a/b\n");
        let v1 = ("proc/self/cgroup", "9:cpu:/x\n4:memory,hugetlb:/docker/c\n0::/\n");
        let file_v1 = "sys/fs/cgroup/memory/memory.limit_in_bytes";
        let file_v1_inside = "sys/fs/cgroup/memory/docker/c/memory.limit_in_bytes";
        let no_bound_v2 = ("sys/fs/cgroup/a/b/memory.max", "max\n");
        let cases: [(Files<'_>, Option<u64>); 9] = [
            (&[], None),
            (&[machine], Some(8192 * MIB)),
            (&[machine, unlimited], Some(8192 * MIB)),
            (&[machine, limited], Some(512 * MIB)),
            (&[machine, v2, no_bound_v2], Some(8192 * MIB)),
            (
                &[machine, v2, no_bound_v2, ("sys/fs/cgroup/a/memory.max", "1073741824\n")],
                Some(1024 * MIB),
            ),
            // The path is the host's; the container's own cgroup is mounted at the root.
            (&[machine, v2, ("sys/fs/cgroup/memory.max", "268435456\n")], Some(256 * MIB)),
            (&[machine, v1, (file_v1, "536870912\n")], Some(512 * MIB)),
            // Version 1 expresses "no limit" as the largest number of pages.
            (&[machine, v1, (file_v1_inside, "9223372036854771712\n")], Some(8192 * MIB)),
        ];
        for (files, expected) in cases {
            assert_eq!(least(system(files).path()), expected, "{files:?}");
        }
    }

    #[test]
    fn damaged_files_bound_nothing() {
        for text in ["", "MemTotal:", "MemTotal: x kB", "MemTotal: 99999999999999999999 kB"] {
            let files = ["proc/meminfo", "proc/self/cgroup", "proc/self/limits"];
            assert_eq!(least(system(&files.map(|file| (file, text))).path()), None, "{text:?}");
        }
    }
}
