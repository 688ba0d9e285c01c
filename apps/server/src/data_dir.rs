//! The directory that keeps the private database and the key files.

use std::{
    env,
    ffi::OsString,
    fs::{self, DirBuilder, Permissions},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

/// The hint that ends every complaint about the directory.
pub const CHOOSE_ANOTHER: &str = "choose another with --data-dir or BOXOFFICE_DATA_DIR";

/// The directory that was named, or else the default one, as an absolute path.
pub fn choose(named: Option<&PathBuf>) -> Result<PathBuf> {
    let path = match named {
        Some(named) => named.clone(),
        None => default(is_root(), env::var_os("XDG_DATA_HOME"), env::var_os("HOME"))?,
    };
    std::path::absolute(&path).with_context(|| format!("{} is no path", path.display()))
}

/// Makes the directory if it is missing.
///
/// PostgreSQL does not run as root: the user it runs as instead has to pass through what root made.
pub fn make(path: &Path) -> Result<()> {
    let mode = if is_root() { 0o711 } else { 0o700 };
    let mut missing: Vec<_> = path.ancestors().take_while(|path| !path.exists()).collect();
    missing.reverse();
    for directory in missing {
        let result = DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(directory);
        // Once more, as the umask may have taken something away.
        result
            .and_then(|()| fs::set_permissions(directory, Permissions::from_mode(mode)))
            .with_context(|| {
                format!(
                    "cannot make the data directory {} ({CHOOSE_ANOTHER})",
                    path.display()
                )
            })?;
    }
    ensure!(
        path.is_dir(),
        "{} is not a directory: {CHOOSE_ANOTHER}",
        path.display()
    );
    Ok(())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn default(is_root: bool, xdg: Option<OsString>, home: Option<OsString>) -> Result<PathBuf> {
    if is_root {
        return Ok(PathBuf::from("/var/lib/boxoffice"));
    }
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    if let Some(xdg) = xdg.and_then(absolute) {
        return Ok(xdg.join("boxoffice"));
    }
    if let Some(home) = home.and_then(absolute) {
        return Ok(home.join(".local/share/boxoffice"));
    }
    bail!("there is no home directory to keep data in: name one with --data-dir")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default_for(is_root: bool, xdg: &str, home: &str) -> Option<PathBuf> {
        let given = |text: &str| {
            Some(text)
                .filter(|text| !text.is_empty())
                .map(OsString::from)
        };
        default(is_root, given(xdg), given(home)).ok()
    }

    #[test]
    fn the_default_is_where_programs_keep_data() {
        let expect = |found: Option<PathBuf>, path| assert_eq!(found, Some(PathBuf::from(path)));
        expect(default_for(true, "/x", "/root"), "/var/lib/boxoffice");
        expect(default_for(false, "/x", "/home/a"), "/x/boxoffice");
        expect(
            default_for(false, "", "/home/a"),
            "/home/a/.local/share/boxoffice",
        );
        expect(
            default_for(false, "relative", "/home/a"),
            "/home/a/.local/share/boxoffice",
        );
    }

    #[test]
    fn without_a_home_the_directory_has_to_be_named() {
        assert_eq!(default_for(false, "", ""), None);
        assert!(choose(Some(&PathBuf::from("here"))).unwrap().is_absolute());
    }

    #[test]
    fn it_is_made_with_all_above_it_and_a_file_in_its_place_is_refused() {
        let root = env::temp_dir().join(format!("boxoffice-dir-{}", std::process::id()));
        let path = root.join("a/b");
        make(&path).unwrap();
        make(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if is_root() { 0o711 } else { 0o700 });
        fs::write(root.join("file"), "").unwrap();
        let refused = make(&root.join("file")).unwrap_err().to_string();
        assert!(refused.contains("--data-dir"), "{refused}");
        fs::remove_dir_all(&root).unwrap();
    }
}
