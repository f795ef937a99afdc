//! CPU time and memory of the process, from `/proc` if available.

use crate::metrics::{Definition, Kind, Metric, Registry};

/// Clock ticks per second in `/proc/self/stat`: 100 on every Linux architecture since 2.6
/// (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;
const KIBIBYTE: f64 = 1024.0;

const CPU: Definition<0> = Definition {
    name: "process.cpu.time",
    unit: "s",
    description: "CPU time that the process has used",
    labels: [],
};
const MEMORY: Definition<0> = Definition {
    name: "process.memory.usage",
    unit: "By",
    description: "Physical memory that the process uses",
    labels: [],
};

/// Registers the metrics of the process.
pub(super) fn observe(registry: &Registry) {
    registry.produce(|| {
        let cpu = std::fs::read_to_string("/proc/self/stat").ok();
        let cpu = cpu.and_then(|stat| cpu_seconds(&stat));
        let memory = std::fs::read_to_string("/proc/self/status").ok();
        let memory = memory.and_then(|status| resident_bytes(&status));
        let only = |value: Option<f64>| value.map(|value| (Vec::new(), value));
        vec![
            Metric::made(CPU, Kind::Counter, only(cpu)),
            Metric::made(MEMORY, Kind::UpDown, only(memory)),
        ]
    });
}

/// User and system time from `/proc/self/stat` (proc(5), fields 14 and 15).
fn cpu_seconds(stat: &str) -> Option<f64> {
    // The process name is in parentheses and may contain any character.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let user: f64 = fields.nth(11)?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

/// `VmRSS` from `/proc/self/status`, in bytes.
fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kibibytes * KIBIBYTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_a_strange_name_is_read() {
        let stat = "42 (a) b (c) R 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 100 1 1";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("42 (x"), None);
        assert_eq!(resident_bytes("Name:\tx\nVmRSS:\t    2048 kB\n"), Some(2_097_152.0));
        assert_eq!(resident_bytes("VmRSS: lots"), None);
    }
}
