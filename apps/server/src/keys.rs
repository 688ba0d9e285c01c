//! The two secrets, given or kept in files.

use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use secrecy::SecretString;

use crate::{
    config::{Key, Keys, token_secrets},
    data_dir::CHOOSE_ANOTHER,
};

/// The secrets that the server works with.
pub struct Secrets {
    /// Opens the operator's routes.
    pub operator: SecretString,
    /// The first signs the tokens; the others have signed some.
    pub token: Vec<SecretString>,
    /// The file that the operator's key is in, unless it was given.
    pub operator_file: Option<PathBuf>,
}

impl Secrets {
    /// The secrets as given, or else those in the files of `data_dir`, made when missing.
    pub fn obtain(keys: &Keys, data_dir: Option<&Path>) -> Result<Self> {
        let obtain = |key: Key| match keys.given(key) {
            Some(given) => Ok((given.clone(), None)),
            None => in_file(key, data_dir),
        };
        let (operator, operator_file) = obtain(Key::Operator)?;
        let (token, _) = obtain(Key::Token)?;
        Ok(Self {
            operator,
            token: token_secrets(&token),
            operator_file,
        })
    }
}

fn in_file(key: Key, data_dir: Option<&Path>) -> Result<(SecretString, Option<PathBuf>)> {
    let path = data_dir
        .context("there is no directory for key files")?
        .join(key.file());
    let secret = match read(&path)? {
        Some(secret) => secret,
        None => make(&path)?,
    };
    key.judge(&secret)
        .with_context(|| format!("in {}", path.display()))?;
    Ok((secret, Some(path)))
}

fn read(path: &Path) -> Result<Option<SecretString>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            warn_if_open(path);
            Ok(Some(SecretString::from(text.trim())))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(error).with_context(|| format!("cannot read {} ({CHOOSE_ANOTHER})", path.display()))
        }
    }
}

/// The mode of a file that others can read or change.
pub fn mode_if_open(path: &Path) -> Option<u32> {
    let mode = fs::metadata(path).map_or(0, |file| file.permissions().mode());
    (mode & 0o077 != 0).then_some(mode & 0o777)
}

fn warn_if_open(path: &Path) {
    if mode_if_open(path).is_some() {
        let path = path.display();
        tracing::warn!("others can read {path}: close it with `chmod 600 {path}`");
    }
}

/// Makes the file unless somebody else is faster; then theirs counts. It appears under its name
/// only when it is complete.
fn make(path: &Path) -> Result<SecretString> {
    let failed = || format!("cannot write {} ({CHOOSE_ANOTHER})", path.display());
    let draft = path.with_extension(format!("new-{}", random_hex(8)?));
    let secret = random_hex(32)?;
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .with_context(failed)?;
    let named = writeln!(file, "{secret}")
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft).with_context(failed)?;
    match named {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(error).with_context(failed);
        }
        _ => {}
    }
    read(path)?.with_context(failed)
}

fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).context("the system gives no random numbers")?;
    let mut hex = String::with_capacity(2 * bytes);
    for byte in random {
        write!(hex, "{byte:02x}")?;
    }
    Ok(hex)
}

#[cfg(test)]
mod tests;
