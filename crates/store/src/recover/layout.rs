//! Files and folders that are in each other's place or unreadable: a file where a folder belongs, a
//! folder where a file belongs, names without permission. They are quarantined before anything
//! relies on their paths.

use std::io;

use signals::Signal;

use super::{IDENTITY, LOCK};
use crate::calendar;
use crate::files::Files;
use crate::manifest::origin::PARTS;
use crate::objects::IN_PROGRESS;
use crate::write_ahead::quarantine::{self, Quarantine, Quarantined};

const REASON: &str = "not what belongs here";

/// Whether an error is permanent and concerns the file itself.
pub(crate) fn is_permanent_failure(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, PermissionDenied};
    matches!(error.kind(), IsADirectory | NotADirectory | PermissionDenied)
        || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Makes room for the lock and for quarantine itself.
pub(crate) fn prepare(files: &dyn Files, quarantine: &Quarantine) -> io::Result<Vec<Quarantined>> {
    if let Err(error) = files.list(quarantine::FOLDER)
        && is_permanent_failure(&error)
    {
        let time = calendar::compact_time(quarantine.clock.now());
        let to = format!("{}-{time}", quarantine::FOLDER);
        tracing::error!(to, "the path of the quarantine folder was not a folder and was renamed");
        files.rename(quarantine::FOLDER, &to)?;
    }
    let mut aside = Vec::new();
    for name in [LOCK, IDENTITY] {
        if files.list("")?.iter().any(|entry| entry.name == name && entry.is_folder) {
            aside.push(quarantine.take(name, REASON, None)?);
        }
    }
    Ok(aside)
}

/// Quarantines what prevents the folders from being read.
pub(crate) fn check(
    files: &dyn Files,
    quarantine: &Quarantine,
    has_objects: bool,
) -> io::Result<Vec<Quarantined>> {
    let mut aside = Vec::new();
    let mut folder = |path: &str| {
        if let Err(error) = files.list(path)
            && is_permanent_failure(&error)
        {
            aside.push(quarantine.take(path, REASON, None)?);
        }
        Ok::<_, io::Error>(())
    };
    folder(crate::write_ahead::FOLDER)?;
    if !has_objects {
        return Ok(aside);
    }
    folder(IN_PROGRESS)?;
    let mut days = Vec::new();
    for root in [crate::manifest::FOLDER, PARTS] {
        folder(root)?;
        for signal in Signal::ALL {
            let path = format!("{root}/{}", signal.name());
            folder(&path)?;
            for day in files.list(&path)? {
                if calendar::parse_day(&day.name).is_some() {
                    let path = format!("{path}/{}", day.name);
                    folder(&path)?;
                    days.push(path);
                }
            }
        }
    }
    for day in days {
        let is_manifest = day.starts_with(crate::manifest::FOLDER);
        for entry in files.list(&day)? {
            let path = format!("{day}/{}", entry.name);
            let read = || files.open(&path)?.read_at(&mut [0], 0);
            let is_unreadable = is_manifest && read().is_err_and(|e| is_permanent_failure(&e));
            if entry.is_folder || is_unreadable {
                aside.push(quarantine.take(&path, REASON, None)?);
            }
        }
    }
    Ok(aside)
}
