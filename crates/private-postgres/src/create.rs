//! Makes a cluster that did not exist.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::{Error, failed};
use crate::guard::{Guard, Program};
use crate::layout::{self, Layout};
use crate::settings::Settings;

/// The major version of the data in `data`, or nothing when there is no data yet.
pub(crate) fn version_of(data: &Path) -> Result<Option<u32>, Error> {
    let text = fs::read_to_string(data.join("PG_VERSION")).unwrap_or_default();
    match text.trim().parse() {
        Ok(version) => Ok(Some(version)),
        // rmdir succeeds on an empty directory only, and those are of no use to anyone.
        Err(_) if !data.exists() || fs::remove_dir(data).is_ok() => Ok(None),
        Err(_) => Err(Error::NotACluster(data.to_owned())),
    }
}

/// Makes the cluster under another name and renames it when it is complete, so that `data` is
/// never half made.
pub(crate) fn create(
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
    settings: &Settings,
) -> Result<(), Error> {
    let unfinished = layout.unfinished();
    layout::make_private(&unfinished, account)?;
    let remove = if settings.is_disposable() {
        layout.root()
    } else {
        &unfinished
    };
    run(
        "initdb",
        layout,
        account,
        &Program {
            path: binaries.initdb(),
            arguments: initdb_arguments(&unfinished, settings),
            input: String::new(),
            remove: Some(remove.to_owned()),
        },
    )?;
    // Some packages ship no client, so the server itself executes the statement.
    run(
        "postgres --single",
        layout,
        account,
        &Program {
            path: binaries.postgres(),
            arguments: single_arguments(&unfinished, settings),
            input: create_database(&settings.database),
            remove: Some(remove.to_owned()),
        },
    )?;
    fs::rename(&unfinished, layout.data()).map_err(failed("rename", &unfinished))?;
    let root = layout.root();
    File::open(root)
        .and_then(|root| root.sync_all())
        .map_err(failed("flush", root))
}

/// Removes what earlier attempts left that did not come to their end. What cannot be removed, for
/// an orphaned `initdb` is still writing, waits for the next start.
pub(crate) fn remove_unfinished(layout: &Layout) {
    let entries = fs::read_dir(layout.root()).into_iter().flatten().flatten();
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with("data.new-") {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn initdb_arguments(data: &Path, settings: &Settings) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["-D".into(), data.into()];
    let options = [
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
    ];
    arguments.extend(options.map(OsString::from));
    if settings.is_disposable() {
        arguments.push("--no-sync".into());
    }
    arguments
}

fn single_arguments(data: &Path, settings: &Settings) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["--single".into(), "-D".into(), data.into()];
    arguments.extend(["-c", "exit_on_error=on"].map(OsString::from));
    if settings.is_disposable() {
        arguments.extend(["-c", "fsync=off"].map(OsString::from));
    }
    arguments.push("postgres".into());
    arguments
}

/// The statement that creates the database, on the one line that ends it; none for the one that
/// every cluster has.
fn create_database(name: &str) -> String {
    if name == "postgres" {
        return String::new();
    }
    format!("CREATE DATABASE \"{}\"\n", name.replace('"', "\"\""))
}

fn run(
    name: &'static str,
    layout: &Layout,
    account: &Account,
    program: &Program,
) -> Result<(), Error> {
    let mut guard = Guard::launch(program, account, layout.fresh_log()?)?;
    if guard.wait() {
        return Ok(());
    }
    Err(Error::Failed {
        program: name,
        output: layout.end_of_log(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_s_name_is_quoted() {
        assert_eq!(create_database("a\"b"), "CREATE DATABASE \"a\"\"b\"\n");
    }
}
