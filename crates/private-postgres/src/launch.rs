//! Starts PostgreSQL under its guard, and stops the two.

use std::ffi::OsString;
use std::thread;
use std::time::{Duration, Instant};

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::{Error, failed};
use crate::guard::{Guard, Program};
use crate::layout::Layout;
use crate::postmaster::{Postmaster, answers};
use crate::process;
use crate::settings::Settings;

const POLL: Duration = Duration::from_millis(10);
const READY_WITHIN: Duration = Duration::from_mins(1);
/// After a crash PostgreSQL replays its log first, which is worth waiting for.
const RECOVERED_WITHIN: Duration = Duration::from_mins(15);

const PARAMETERS: [(&str, &str); 8] = [
    ("listen_addresses", ""),
    ("port", "5432"),
    ("unix_socket_permissions", "0700"),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    // Short statements only: compiling them costs more than it saves.
    ("jit", "off"),
];

const FORGETFUL: [(&str, &str); 3] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
];

/// Starts PostgreSQL and waits until it answers. Right after a crash the last of its predecessor's
/// processes may still hold the shared memory, so that is tried again.
pub(crate) fn launch(
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
    settings: &Settings,
) -> Result<Guard, Error> {
    let deadline = Instant::now() + READY_WITHIN;
    let log = layout.fresh_log()?;
    let program = postgres(layout, binaries, settings);
    loop {
        let log = log.try_clone().and_then(|log| log.set_len(0).map(|()| log));
        let log = log.map_err(failed("empty", &layout.log()))?;
        let mut guard = Guard::launch(&program, account, log)?;

        match wait_until_ready(layout, &mut guard) {
            Ok(()) => return Ok(guard),
            Err(Error::Exited { tail, .. })
                if tail.contains("is still in use") && Instant::now() < deadline => {}
            Err(error) => {
                // The first error is the one worth telling.
                let _ = stop(&mut guard, layout);
                return Err(error);
            }
        }
    }
}

/// Stops PostgreSQL and its guard.
pub(crate) fn stop(guard: &mut Guard, layout: &Layout) -> Result<(), Error> {
    guard.release();
    if !process::end_postmaster(guard.program, &layout.data()) {
        return Err(Error::StillRunning { pid: guard.program });
    }
    guard.wait();
    Ok(())
}

fn wait_until_ready(layout: &Layout, guard: &mut Guard) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        // Asked before the pid file: PostgreSQL may end between the two.
        let ended = guard.has_ended();
        let own = Postmaster::of(&layout.data()).filter(|found| found.pid == guard.program);
        let limit = match own {
            _ if ended => {
                return Err(Error::Exited {
                    log: layout.log(),
                    tail: layout.end_of_log(),
                });
            }
            Some(own) if own.ready && answers(layout).unwrap_or(false) => return Ok(()),
            Some(own) if !own.ready => RECOVERED_WITHIN,
            _ => READY_WITHIN,
        };
        if start.elapsed() > limit {
            return Err(Error::NotReady {
                log: layout.log(),
                tail: layout.end_of_log(),
            });
        }
        thread::sleep(POLL);
    }
}

fn postgres(layout: &Layout, binaries: &Binaries, settings: &Settings) -> Program {
    let mut arguments: Vec<OsString> = vec!["-D".into(), layout.data().into()];
    // A list of quoted names, or a comma in the path would end it.
    let sockets = layout
        .socket_dir()
        .display()
        .to_string()
        .replace('"', "\"\"");
    let sockets = format!("\"{sockets}\"");
    let forgetful = if settings.is_disposable() {
        FORGETFUL.as_slice()
    } else {
        &[]
    };
    let built_in = PARAMETERS.iter().chain(forgetful).copied();
    let further = settings
        .parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let own = [("unix_socket_directories", sockets.as_str())];
    for (name, value) in built_in.chain(own).chain(further) {
        arguments.extend(["-c".into(), format!("{name}={value}").into()]);
    }
    Program {
        path: binaries.postgres(),
        arguments,
        input: String::new(),
        remove: settings.is_disposable().then(|| layout.root().to_owned()),
    }
}
