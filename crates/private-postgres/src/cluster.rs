//! A running cluster, from its start to its end.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::binaries::Binaries;
use crate::create;
use crate::error::{Error, failed};
use crate::guard::Guard;
use crate::launch;
use crate::layout::Layout;
use crate::postmaster::{Postmaster, answers};
use crate::process;
use crate::settings::Settings;

/// A PostgreSQL of one's own. It stops when this value is dropped, and when the process dies.
#[derive(Debug)]
pub struct Cluster {
    layout: Layout,
    database: String,
    disposable: bool,
    first_start: bool,
    guard: Option<Guard>,
    postgres: u32,
    _lock: File,
}

impl Cluster {
    /// Starts the cluster, making it first when it does not exist, and returns when it answers.
    ///
    /// What a process that was killed left behind is put right: a PostgreSQL that still runs is
    /// stopped, a cluster that was never finished is made anew, a crash is recovered from.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] when another live process runs it; otherwise whatever keeps PostgreSQL
    /// from running, see [`Error`].
    pub fn start(settings: &Settings) -> Result<Self, Error> {
        require_valid_name(&settings.database)?;
        let layout = Layout::of(&settings.data_dir)?;
        let data = layout.data();
        let account = Account::for_data(&data)?;
        account.require_reach(layout.root())?;
        layout.make_root(&account, settings.is_disposable())?;
        let lock = layout.lock()?;
        let started = run(&layout, &account, settings);
        if started.is_err() && settings.is_disposable() {
            // The error is worth more than a failure to clean up after it.
            let _ = fs::remove_dir_all(layout.root());
        }
        let (guard, first_start) = started?;
        Ok(Self {
            postgres: guard.program,
            guard: Some(guard),
            layout,
            database: settings.database.clone(),
            disposable: settings.is_disposable(),
            first_start,
            _lock: lock,
        })
    }

    /// The URL of the settings' database in a cluster that some live process runs on their data
    /// directory; nothing when none does.
    ///
    /// # Errors
    ///
    /// When the path is too long, or only another user may look into the directory.
    pub fn running(settings: &Settings) -> Result<Option<String>, Error> {
        let layout = Layout::of(&settings.data_dir)?;
        let answer = match Postmaster::read(&layout.data()) {
            Ok(found) if found.ready => answers(&layout),
            Ok(_) => Ok(false),
            Err(error) => Err(error),
        };
        match answer {
            Ok(true) => Ok(Some(layout.url(&settings.database))),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                Err(failed("look into", layout.root())(error))
            }
            _ => Ok(None),
        }
    }

    /// The directory of the PostgreSQL that would run the cluster, without starting or changing
    /// anything.
    ///
    /// # Errors
    ///
    /// When there is none, or none of the version that the data was made by.
    pub fn programs(settings: &Settings) -> Result<PathBuf, Error> {
        let data = Layout::of(&settings.data_dir)?.data();
        let version = fs::read_to_string(data.join("PG_VERSION")).unwrap_or_default();
        let version = version.trim().parse().ok();
        let binaries = Binaries::find(version.map(|version| (data.as_path(), version)))?;
        Ok(binaries.directory)
    }

    /// The URL of the database that was named in the settings.
    pub fn url(&self) -> String {
        self.url_for(&self.database)
    }

    /// The URL of another database of this cluster.
    pub fn url_for(&self, database: &str) -> String {
        self.layout.url(database)
    }

    /// Whether this start made the cluster.
    pub fn first_start(&self) -> bool {
        self.first_start
    }

    /// Whether PostgreSQL still runs; when not, it ended by itself and its log says why.
    pub fn is_alive(&self) -> bool {
        process::is_postmaster(self.postgres, &self.layout.data())
    }

    /// PostgreSQL's log file.
    pub fn log(&self) -> PathBuf {
        self.layout.log()
    }

    /// Stops PostgreSQL in order, breaking off what its clients are doing.
    ///
    /// # Errors
    ///
    /// [`Error::StillRunning`] when it can in no way be stopped.
    pub fn stop(mut self) -> Result<(), Error> {
        self.shut_down()
    }

    fn shut_down(&mut self) -> Result<(), Error> {
        let Some(mut guard) = self.guard.take() else {
            return Ok(());
        };
        let ended = launch::stop(&mut guard, &self.layout);
        if self.disposable {
            // The guard has removed what it could.
            let _ = fs::remove_dir_all(self.layout.root());
        }
        ended
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Whoever wants to know calls `stop`.
        let _ = self.shut_down();
    }
}

/// Runs the cluster that we hold the lock of, and says whether it had to be made first.
fn run(layout: &Layout, account: &Account, settings: &Settings) -> Result<(Guard, bool), Error> {
    let data = layout.data();
    end_what_is_left(&data)?;
    create::remove_unfinished(layout);
    let version = create::version_of(&data)?;
    let binaries = Binaries::find(version.map(|version| (data.as_path(), version)))?;
    account.require_reach(&binaries.directory)?;
    if version.is_none() {
        create::create(layout, account, &binaries, settings)?;
    }
    layout.make_socket_dir(account)?;
    let guard = launch::launch(layout, account, &binaries, settings)?;
    Ok((guard, version.is_none()))
}

/// Stops a PostgreSQL whose owner is dead (we hold the lock), and clears a pid file that names a
/// process which is none: PostgreSQL itself would refuse to start beside it.
fn end_what_is_left(data: &Path) -> Result<(), Error> {
    let Some(left) = Postmaster::of(data) else {
        return Ok(());
    };
    if !process::end_postmaster(left.pid, data) {
        return Err(Error::StillRunning { pid: left.pid });
    }
    let file = data.join("postmaster.pid");
    match fs::remove_file(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", &file)(error)),
        _ => Ok(()),
    }
}

fn require_valid_name(database: &str) -> Result<(), Error> {
    if database.is_empty() || database.chars().any(char::is_control) {
        return Err(Error::InvalidDatabase(database.to_owned()));
    }
    Ok(())
}
