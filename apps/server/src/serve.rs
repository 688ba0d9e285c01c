//! `boxoffice serve`: puts the parts together, runs them, and takes them down in order.

mod api;
mod greeting;
mod open_files;
mod running;

use std::{net::TcpListener, path::PathBuf, process::ExitCode};

use adapters_http::Listeners;
use anyhow::{Context, Result};

pub use self::greeting::reachable;
use self::{greeting::Greeting, running::Running};
use crate::{cli::Serve, config::Key, data_dir, database::Opened, keys::Secrets, signals};

/// Runs the command until it is told to stop.
pub async fn run(options: &Serve) -> Result<ExitCode> {
    options.check()?;
    let stop = signals::stop_token().context("cannot wait for signals")?;
    open_files::allow_many();
    // First, as this is what fails most often, and nothing has been made yet.
    let listeners = listen(options)?;
    let data_dir = needed_data_dir(options)?;
    let secrets = Secrets::obtain(&options.keys, data_dir.as_deref())?;

    let pool_size = options.connections.pool_size;
    let greeting = Greeting::new(&listeners, options, data_dir.as_deref(), &secrets)?;
    let opened = Opened::for_server(&options.location, data_dir.as_deref(), pool_size).await?;
    let started = tokio::select! {
        started = Running::start(options, &secrets, &opened, listeners, &stop) => started.map(Some),
        // Nothing runs yet that would have to be finished.
        () = stop.cancelled() => Ok(None),
    };
    let served = match started {
        Ok(Some(running)) => {
            greeting.show();
            running
                .until(&stop, options.listening.shutdown_timeout)
                .await
        }
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    let closed = opened.close().await;
    served.and(closed)?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// The data directory, unless everything that would be kept there is given.
fn needed_data_dir(options: &Serve) -> Result<Option<PathBuf>> {
    let keys_given = [Key::Operator, Key::Token]
        .into_iter()
        .all(|key| options.keys.given(key).is_some());
    if keys_given && options.location.database_url().is_some() {
        return Ok(None);
    }
    let path = data_dir::choose(options.location.data_dir())?;
    data_dir::make(&path)?;
    Ok(Some(path))
}

/// How many connections may wait to be accepted, if the system allows as many. The standard library
/// has room for 128: of thousands who arrive at once the others would try again a second later.
const BACKLOG: i32 = 4_096;

fn listen(options: &Serve) -> Result<Listeners> {
    let at_admin = &options.listening.admin_listen;
    let operator = (!at_admin.is_empty()).then(|| bind(at_admin, "--admin-listen"));
    Ok(Listeners {
        public: bind(&options.listening.listen, "--listen")?,
        operator: operator.transpose()?,
    })
}

fn bind(address: &str, option: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| {
        format!(
            "cannot listen on {address} (choose another address with {option}, such as \
             127.0.0.1:0 for any free port)"
        )
    })?;
    // To listen again changes how many may wait.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}
