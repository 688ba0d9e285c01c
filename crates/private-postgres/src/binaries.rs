//! Where PostgreSQL's programs are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;

/// Directories whose entries each hold one version: parent, start of the entries' names, and
/// where their programs are.
const PER_VERSION: [(&str, &str, &str); 6] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// One installed PostgreSQL.
pub(crate) struct Binaries {
    pub(crate) directory: PathBuf,
}

impl Binaries {
    /// The installation to use: the first found, or, for existing data, the first of its version.
    pub(crate) fn find(data: Option<(&Path, u32)>) -> Result<Self, Error> {
        let candidates = candidates()?;
        let Some((path, wanted)) = data else {
            return candidates
                .into_iter()
                .next()
                .map(Self::at)
                .ok_or(Error::NotFound);
        };
        let mut installed = Vec::new();
        for directory in candidates {
            match major_version(&directory) {
                Some(version) if version == wanted => return Ok(Self::at(directory)),
                Some(version) if !installed.contains(&version) => installed.push(version),
                _ => {}
            }
        }
        if installed.is_empty() {
            return Err(Error::NotFound);
        }
        Err(Error::OtherVersion {
            path: path.to_owned(),
            data: wanted,
            installed,
        })
    }

    fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }
}

/// Every directory that holds the programs, best first. `PG_BINDIR` tolerates no other.
fn candidates() -> Result<Vec<PathBuf>, Error> {
    if let Some(chosen) = env::var_os("PG_BINDIR").filter(|value| !value.is_empty()) {
        let chosen = PathBuf::from(chosen);
        let found = std::path::absolute(&chosen)
            .ok()
            .filter(|path| is_bin_dir(path));
        return found
            .map(|path| vec![path])
            .ok_or(Error::WrongBinDir(chosen));
    }
    let versions = PER_VERSION.iter().flat_map(|(parent, start, bin)| {
        newest_first(Path::new(parent), start)
            .into_iter()
            .map(move |path| path.join(bin))
    });
    let found = on_path()
        .into_iter()
        .chain(told_by_pg_config())
        .chain(versions);
    Ok(found.filter(|path| is_bin_dir(path)).collect())
}

fn is_bin_dir(path: &Path) -> bool {
    path.join("initdb").is_file() && path.join("postgres").is_file()
}

/// Where the `initdb` on PATH really is: its neighbours are found beside it, not beside a link.
fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut found = env::split_paths(&path).map(|directory| directory.join("initdb"));
    let initdb = fs::canonicalize(found.find(|initdb| initdb.is_file())?).ok()?;
    Some(initdb.parent()?.to_owned())
}

fn told_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

fn newest_first(parent: &Path, start: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let rest = name.strip_prefix(start)?;
            let version = rest.trim_start_matches(['@', '-']).parse().unwrap_or(0.0);
            Some((version, parent.join(name)))
        })
        .collect();
    found.sort_by(|(one, _), (other, _)| f64::total_cmp(other, one));
    found.into_iter().map(|(_, path)| path).collect()
}

fn major_version(directory: &Path) -> Option<u32> {
    let output = Command::new(directory.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    major_in(&String::from_utf8(output.stdout).ok()?)
}

/// The 17 of `postgres (PostgreSQL) 17.2 (Debian …)` and of `postgres (PostgreSQL) 17beta1`.
fn major_in(text: &str) -> Option<u32> {
    let version = text.split("(PostgreSQL)").nth(1)?.trim_start();
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        assert_eq!(
            major_in("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_in("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_in("no such program\n"), None);
    }

    #[test]
    fn versions_are_ordered_by_number_not_by_letter() {
        let parent = env::temp_dir().join(format!("pp-versions-{}", std::process::id()));
        for name in ["pg-9.6", "pg-17", "pg-8", "other-18"] {
            fs::create_dir_all(parent.join(name)).unwrap();
        }
        let found = newest_first(&parent, "pg-");
        fs::remove_dir_all(&parent).unwrap();
        assert_eq!(
            found,
            ["pg-17", "pg-9.6", "pg-8"].map(|name| parent.join(name))
        );
    }
}
