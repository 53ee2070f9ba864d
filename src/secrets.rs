//! Files that hold secrets: read, and told of where others on this machine may read or change them.
//!
//! What lies in memory (tmpfs) was put there by whoever runs the process: Kubernetes mounts secrets so, readable to all
//! in the container, which is nobody else. Nor is it said of a file in a folder that others don't get into.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Rights of who is neither the owner nor of the group.
const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;
const OTHERS_ENTER: u32 = 0o001;

/// What was told: each file once.
static TOLD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// The text of a file that nobody else should read.
///
/// # Errors
/// When it can't be read.
pub fn read(path: &Path) -> io::Result<String> {
    let text = fs::read_to_string(path)?;
    look(path);
    Ok(text)
}

/// Says so, where others may read a file or change it.
pub fn look(path: &Path) {
    tell(path, others(path));
}

/// Says so, where others may change a file.
pub fn look_changed(path: &Path) {
    tell(path, others(path).filter(|may| *may == May::Change));
}

fn tell(path: &Path, may: Option<May>) {
    let Some(may) = may else { return };
    if TOLD.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned()) {
        tracing::warn!(file = %path.display(), "others on this machine may {} what nobody else should", may.word());
    }
}

/// What others may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum May {
    Read,
    Change,
}

impl May {
    const fn word(self) -> &'static str {
        match self {
            May::Read => "read",
            May::Change => "change",
        }
    }
}

fn others(path: &Path) -> Option<May> {
    // behind the links: Kubernetes has two
    let real = fs::canonicalize(path).ok()?;
    let mode = |path: &Path| fs::metadata(path).map(|found| found.permissions().mode());
    let reached = real.ancestors().skip(1).all(|folder| mode(folder).is_ok_and(|mode| mode & OTHERS_ENTER != 0));
    let mode = mode(&real).ok().filter(|_| reached)?;
    if mode & OTHERS_WRITE != 0 {
        return Some(May::Change);
    }
    (mode & OTHERS_READ != 0 && !in_memory(&real)).then_some(May::Read)
}

/// Whether a file lies in memory; where nobody knows, it does not.
fn in_memory(path: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    kind(&mounts, path).is_some_and(|kind| matches!(kind, "tmpfs" | "ramfs"))
}

/// The kind of file system that a path is on: of the longest mount point, the last of several at one place.
fn kind<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let read = |line: &'a str| {
        let (before, after) = line.split_once(" - ")?;
        let at = before.split(' ').nth(4)?.replace("\\040", " ");
        path.starts_with(&at).then(|| (at.len(), after.split(' ').next().unwrap_or_default()))
    };
    mounts.lines().filter_map(read).max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:24 / /run/secrets ro - tmpfs tmpfs ro
31 22 0:25 / /run/secrets/on\\040disk rw master:1 - xfs /dev/sdb rw
32 22 0:26 / /run rw - ext4 x rw";

    #[test]
    fn a_path_is_on_the_nearest_mount() {
        for (path, expected) in [
            ("/etc/a", "ext4"),
            ("/run/a", "ext4"),
            ("/run/secrets/a", "tmpfs"),
            ("/run/secretsa", "ext4"),
            ("/run/secrets/on disk/a", "xfs"),
        ] {
            assert_eq!(kind(MOUNTS, Path::new(path)), Some(expected), "{path}");
        }
        assert_eq!(kind("", Path::new("/a")), None);
    }

    #[test]
    fn others_are_told_of_where_they_get_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        fs::write(&file, "s").unwrap();
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let reads = if in_memory(&file) { None } else { Some(May::Read) };
        for (folder, mode, told) in [
            (0o755, 0o600, None),
            (0o755, 0o640, None),
            (0o755, 0o660, None),
            (0o755, 0o644, reads),
            (0o755, 0o604, reads),
            (0o755, 0o646, Some(May::Change)),
            (0o700, 0o646, None),
            (0o750, 0o644, None),
        ] {
            set(dir.path(), folder);
            set(&file, mode);
            assert_eq!(others(&file), told, "{folder:o} {mode:o}");
        }
        assert_eq!(others(&dir.path().join("nowhere")), None);
    }
}
