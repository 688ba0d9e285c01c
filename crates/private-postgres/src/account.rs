//! Under whom PostgreSQL runs: under us, or, as it refuses root, under a user without rights.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, failed};

/// All that PostgreSQL gets to see of our environment, which may hold secrets.
const ENVIRONMENT: [&str; 5] = [
    "PATH",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
];

/// Tries to enter each directory in turn and names the first that is closed.
const ENTER_EACH: &str = r#"for d; do cd "$d" 2>/dev/null || { printf %s "$d"; exit 1; }; done"#;

pub(crate) struct Account {
    own_uid: u32,
    switch_to: Option<User>,
}

struct User {
    name: String,
    uid: u32,
    gid: u32,
}

impl Account {
    /// Who runs the cluster whose files are in `data`. Started as root it is whoever the files
    /// belong to, so that installing a user `postgres` later changes nothing, else `postgres`,
    /// else `nobody`.
    pub(crate) fn for_data(data: &Path) -> Result<Self, Error> {
        let own_uid = first_number("id", &["-u"]).ok_or_else(|| Error::Io {
            action: "ask `id -u` for the current user".to_owned(),
            source: ErrorKind::NotFound.into(),
        })?;
        let owner = owner_of(data);
        let switch_to = match (own_uid, owner) {
            (0, Some((0, _))) => {
                return Err(Error::ForeignOwner {
                    path: data.to_owned(),
                    uid: 0,
                });
            }
            (0, Some((uid, gid))) => Some(User {
                name: name_of(uid),
                uid,
                gid,
            }),
            (0, None) => Some(unprivileged_user().ok_or(Error::NoAccount)?),
            (own, Some((uid, _))) if own != uid => {
                return Err(Error::ForeignOwner {
                    path: data.to_owned(),
                    uid,
                });
            }
            _ => None,
        };
        Ok(Self { own_uid, switch_to })
    }

    pub(crate) fn switches(&self) -> bool {
        self.switch_to.is_some()
    }

    /// Whether a directory of this owner is as good as our own.
    pub(crate) fn trusts(&self, uid: u32) -> bool {
        uid == self.own_uid || self.switch_to.as_ref().is_some_and(|user| user.uid == uid)
    }

    /// A command that runs as this account, in `/`, in a bare environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env_clear().stdin(Stdio::null());
        command.envs(
            ENVIRONMENT
                .iter()
                .filter_map(|&name| Some((name, env::var_os(name)?))),
        );
        command.env("LC_ALL", "C").env("TZ", "UTC");
        if let Some(user) = &self.switch_to {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    /// Makes `path` the account's own.
    pub(crate) fn give(&self, path: &Path) -> Result<(), Error> {
        let Some(user) = &self.switch_to else {
            return Ok(());
        };
        std::os::unix::fs::lchown(path, Some(user.uid), Some(user.gid))
            .map_err(failed("change the owner of", path))
    }

    /// Checks that the account can get to `path`, or as near as it exists, and names the directory
    /// that bars its way.
    pub(crate) fn require_reach(&self, path: &Path) -> Result<(), Error> {
        let Some(user) = &self.switch_to else {
            return Ok(());
        };
        let existing = path.ancestors().filter(|path| path.exists());
        let mut way: Vec<_> = existing.collect();
        way.reverse();
        let mut command = self.command("/bin/sh");
        command.args(["-c", ENTER_EACH, "sh"]).args(way);
        let output = command
            .output()
            .map_err(failed("enter, as another user,", path))?;
        if output.status.success() {
            return Ok(());
        }
        let blocked = PathBuf::from(String::from_utf8_lossy(&output.stdout).into_owned());
        Err(Error::Unreachable {
            wanted: path.to_owned(),
            blocked,
            user: user.name.clone(),
        })
    }
}

/// The user and group of a cluster's files, if there is a cluster.
fn owner_of(data: &Path) -> Option<(u32, u32)> {
    let found = match fs::metadata(data.join("PG_VERSION")) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => fs::metadata(data),
        found => found,
    };
    found.ok().map(|found| (found.uid(), found.gid()))
}

fn unprivileged_user() -> Option<User> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"].into_iter().find_map(|name| {
        in_passwd(&passwd, name).or_else(|| {
            // Not every system keeps its users in the file.
            let uid = first_number("id", &["-u", name])?;
            let gid = first_number("id", &["-g", name])?;
            Some(User {
                name: name.to_owned(),
                uid,
                gid,
            })
        })
    })
}

fn in_passwd(passwd: &str, name: &str) -> Option<User> {
    let line = passwd
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let uid = id(fields.next()?)?;
    let gid = id(fields.next()?)?;
    Some(User {
        name: name.to_owned(),
        uid,
        gid,
    })
}

fn name_of(uid: u32) -> String {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut users = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let found = users.find(|fields| fields.get(2).and_then(|field| id(field)) == Some(uid));
    found.map_or_else(|| uid.to_string(), |fields| fields[0].to_owned())
}

/// Some systems write `nobody` as -2.
fn id(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().map(i32::cast_unsigned))
}

fn first_number(program: &str, arguments: &[&str]) -> Option<u32> {
    let output = Command::new(program).args(arguments).output().ok()?;
    id(String::from_utf8(output.stdout).ok()?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
                          postgres-exporter:x:7:8::/:/bin/false\n\
                          postgres:x:101:104:Administrator,,,:/var/lib/postgresql:/bin/bash\n\
                          nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false\n";

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let user = in_passwd(PASSWD, "postgres").unwrap();
        assert_eq!((user.uid, user.gid), (101, 104));
    }

    #[test]
    fn a_negative_user_id_wraps_around() {
        assert_eq!(in_passwd(PASSWD, "nobody").unwrap().uid, u32::MAX - 1);
    }

    #[test]
    fn an_unknown_user_is_not_found() {
        assert!(in_passwd(PASSWD, "post").is_none());
    }
}
