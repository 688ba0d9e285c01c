//! The small process between us and PostgreSQL that outlives us by as long as it takes to stop it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};

use crate::account::Account;
use crate::error::{Error, failed};

const SCRIPT: &str = include_str!("guard.sh");

/// What to run under guard.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) input: String,
    /// What to remove when we are gone.
    pub(crate) remove: Option<PathBuf>,
}

#[derive(Debug)]
pub(crate) struct Guard {
    process: Child,
    /// The only end of the pipe that is held anywhere: our death closes it.
    tether: Option<ChildStdin>,
    /// The guarded program's process id.
    pub(crate) program: u32,
}

impl Guard {
    /// Starts the guard, which starts the program. Both write to `log`.
    pub(crate) fn launch(program: &Program, account: &Account, log: File) -> Result<Self, Error> {
        let remove = program
            .remove
            .as_deref()
            .map_or(OsStr::new(""), Path::as_os_str);
        let mut command = account.command("/bin/sh");
        command.args(["-c", SCRIPT, "private-postgres"]);
        command
            .arg(remove)
            .arg(&program.input)
            .arg(&program.path)
            .args(&program.arguments);
        // A group of its own: Ctrl-C is for us alone, PostgreSQL stops after us.
        command.process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut process = command.spawn().map_err(failed("run", &program.path))?;
        let tether = process.stdin.take();
        let pid = announced(&mut process).map_err(failed("run", &program.path))?;
        Ok(Self {
            process,
            tether,
            program: pid,
        })
    }

    /// Whether the program, and with it the guard, has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(Some(_)) | Err(_))
    }

    /// Tells the guard to stop the program.
    pub(crate) fn release(&mut self) {
        self.tether = None;
    }

    /// Waits for the end of the program and says whether it was content.
    pub(crate) fn wait(&mut self) -> bool {
        self.process.wait().is_ok_and(|status| status.success())
    }
}

/// The process id that the guard prints first.
fn announced(process: &mut Child) -> io::Result<u32> {
    let mut line = String::new();
    if let Some(stdout) = process.stdout.take() {
        BufReader::new(stdout).read_line(&mut line)?;
    }
    line.trim()
        .parse()
        .map_err(|_| io::Error::other("its guard process did not start"))
}
