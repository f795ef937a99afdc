//! Checks that other users cannot access our files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Permission bits of group and others: all of them, and write only.
const ANY: u32 = 0o077;
const WRITE: u32 = 0o022;

/// One sentence per path with excessive permissions, including the remedy.
///
/// Telemetry contains prompts and names, so the data folder is private. The configuration has no
/// secrets, but write access to it controls where data goes and who may query.
pub(crate) fn warnings(folder: &Path, config: Option<&Path>) -> Vec<String> {
    let folder = warning(folder, ANY, "data folder", "chmod 700");
    let config = config.and_then(|path| warning(path, WRITE, "configuration file", "chmod go-w"));
    folder.into_iter().chain(config).collect()
}

/// `None` for a missing path: it is created as private, or reported elsewhere.
fn warning(path: &Path, denied: u32, what: &str, remedy: &str) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & denied;
    let may = match (mode & WRITE != 0, mode & !WRITE != 0) {
        (false, false) => return None,
        (true, _) => "write",
        (false, true) => "read",
    };
    let path = path.display();
    Some(format!("other users can {may} the {what} {path}: run `{remedy} {path}`"))
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir, set_permissions, write};

    use super::*;

    #[test]
    fn what_others_may_do_is_named_with_the_remedy() {
        let parent = tempfile::tempdir().unwrap();
        let (folder, config) = (parent.path().join("data"), parent.path().join("c.yaml"));
        assert!(warnings(&folder, Some(&config)).is_empty(), "nothing is there");
        create_dir(&folder).unwrap();
        write(&config, "").unwrap();
        let cases: [(u32, u32, &[&str]); 7] = [
            (0o700, 0o600, &[]),
            (0o700, 0o644, &[]),
            (0o755, 0o644, &["can read the data folder", "chmod 700 "]),
            (0o710, 0o644, &["can read the data folder"]),
            (0o770, 0o644, &["can write the data folder"]),
            (0o700, 0o664, &["can write the configuration file", "chmod go-w "]),
            (0o777, 0o666, &["the data folder", "the configuration file"]),
        ];
        for (folder_mode, config_mode, parts) in cases {
            set_permissions(&folder, Permissions::from_mode(folder_mode)).unwrap();
            set_permissions(&config, Permissions::from_mode(config_mode)).unwrap();
            let said = warnings(&folder, Some(&config)).join("\n");
            assert_eq!(
                said.is_empty(),
                parts.is_empty(),
                "{folder_mode:o} {config_mode:o}: {said}"
            );
            for part in parts {
                assert!(said.contains(part), "{folder_mode:o} {config_mode:o}: {said}");
            }
        }
    }
}
