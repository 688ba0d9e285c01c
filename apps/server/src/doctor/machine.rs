//! Files, room on the disk, and limits of the system.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Access, access, statvfs},
    process::{Resource, getrlimit},
};
use secrecy::SecretString;

use super::finding::Finding;
use crate::{cli::Serve, config::Key, data_dir, keys::mode_if_open};

/// With less room than this there is soon none.
const LITTLE: u64 = 2 << 30;
/// With less room than this PostgreSQL may stop at any moment.
const TOO_LITTLE: u64 = 200 << 20;
/// Each client who waits holds a connection, and so an open file.
const FEW_FILES: u64 = 4_096;

/// What there is to say of this machine.
pub fn look(options: &Serve) -> Vec<Finding> {
    let mut found = files(options);
    found.push(open_files(getrlimit(Resource::Nofile).maximum));
    found
}

fn files(options: &Serve) -> Vec<Finding> {
    let given = |key: &Key| options.keys.given(*key).is_some();
    let keys = [Key::Operator, Key::Token];
    let needed = !keys.iter().all(given) || options.location.database_url().is_none();
    if !needed {
        return vec![Finding::good("data directory", "not needed: all is given")];
    }
    let path = match data_dir::choose(options.location.data_dir()) {
        Ok(path) => path,
        Err(error) => return vec![Finding::bad("data directory", "there is none", error)],
    };
    let mut found = vec![directory(&path)];
    if options.location.database_url().is_none() {
        found.extend(room("room on the disk", &path));
    }
    let kept = keys.into_iter().filter(|key| !given(key));
    found.extend(kept.map(|key| key_file(key, &path.join(key.file()))));
    found
}

fn directory(path: &Path) -> Finding {
    let (subject, shown) = ("data directory", path.display());
    let there = existing(path);
    if !there.is_dir() {
        let told = format!("{} is not a directory", there.display());
        return Finding::bad(subject, told, data_dir::CHOOSE_ANOTHER);
    }
    if access(&there, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let told = format!("{} cannot be written by this user", there.display());
        let advice = format!("{}, or become its owner", data_dir::CHOOSE_ANOTHER);
        return Finding::bad(subject, told, advice);
    }
    if there == path {
        Finding::good(subject, shown)
    } else {
        Finding::good(subject, format!("{shown}, made at the first start"))
    }
}

/// The path, or the nearest one above it that is there.
fn existing(path: &Path) -> PathBuf {
    let mut above = path.ancestors();
    let there = above.find(|path| path.symlink_metadata().is_ok());
    there.unwrap_or(Path::new("/")).to_owned()
}

/// How much room there is where `path` is or would be; nothing if that cannot be known.
pub fn room(subject: &str, path: &Path) -> Option<Finding> {
    let mut above = path.ancestors();
    let disk = above.find_map(|path| statvfs(path).ok())?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    #[allow(clippy::cast_precision_loss, reason = "it is shown with one decimal")]
    let told = format!("{:.1} GiB free", free as f64 / f64::from(1 << 30));
    let advice = "make room: a full disk stops PostgreSQL, and with it the sale";
    Some(if free < TOO_LITTLE {
        Finding::bad(subject, told, advice)
    } else if free < LITTLE {
        Finding::doubtful(subject, told, advice)
    } else {
        Finding::good(subject, told)
    })
}

fn key_file(key: Key, path: &Path) -> Finding {
    let subject = key.file();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Finding::good(subject, "made at the first start");
        }
        Err(error) => {
            let advice = format!("let this user read {}", path.display());
            return Finding::bad(subject, error, advice);
        }
    };
    if let Err(refusal) = key.judge(&SecretString::from(text.trim())) {
        return Finding::bad(subject, "cannot be used", refusal);
    }
    match mode_if_open(path) {
        None => Finding::good(subject, "readable by its owner alone"),
        Some(mode) => {
            let advice = format!("chmod 600 {}", path.display());
            Finding::doubtful(
                subject,
                format!("others can read it (mode {mode:o})"),
                advice,
            )
        }
    }
}

/// `most` is none when there is no limit.
fn open_files(most: Option<u64>) -> Finding {
    let subject = "open files";
    match most {
        None => Finding::good(subject, "without a limit"),
        Some(most @ ..FEW_FILES) => Finding::doubtful(
            subject,
            format!("up to {most}, and each client who waits holds one"),
            "raise the limit: LimitNOFILE in systemd, ulimit -Hn in a shell, --ulimit nofile in docker",
        ),
        Some(most) => Finding::good(subject, format!("up to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::doctor::finding::Mark;

    #[test]
    fn a_key_file_is_judged_by_what_is_in_it_and_by_who_can_read_it() {
        let path = std::env::temp_dir().join(format!("boxoffice-doctor-{}", std::process::id()));
        let judged = |text: &str, mode: u32| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            key_file(Key::Operator, &path)
        };
        assert_eq!(judged("a-good-operator-key", 0o600).mark, Mark::Good);
        let open = judged("a-good-operator-key", 0o644);
        assert_eq!(open.mark, Mark::Doubtful);
        assert!(open.advice.starts_with("chmod 600"), "{open:?}");
        let weak = judged("weak", 0o600);
        assert!(
            weak.is_bad() && weak.advice.contains("openssl rand"),
            "{weak:?}"
        );
        fs::remove_file(&path).unwrap();
        assert_eq!(key_file(Key::Token, &path).mark, Mark::Good);
    }

    #[test]
    fn a_directory_is_there_or_can_be_made() {
        let here = std::env::temp_dir();
        assert_eq!(directory(&here).told, here.display().to_string());
        let new = directory(&here.join("not-yet/at-all"));
        assert!(new.told.ends_with("made at the first start"), "{new:?}");
        assert!(directory(Path::new("/dev/null/x")).is_bad());
    }

    #[test]
    fn few_open_files_are_doubtful() {
        assert_eq!(open_files(Some(1_024)).mark, Mark::Doubtful);
        assert_eq!(open_files(Some(4_096)).mark, Mark::Good);
        assert_eq!(open_files(None).mark, Mark::Good);
    }
}
