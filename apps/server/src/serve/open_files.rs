//! How many connections the system lets this process have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lifts the limit of open files as far as it may be. The usual one, 1024, is meant for programs of
/// another time; each client who listens to the queue holds a connection.
pub fn allow_many() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        let now = limit.current.unwrap_or(u64::MAX);
        tracing::warn!("no more than {now} files can be open at a time: {error}");
    }
}
