//! `boxoffice ready`: is the server ready that listens there?

use std::{net::ToSocketAddrs, process::ExitCode, time::Duration};

use reqwest::Client;

use crate::serve::reachable;

/// A server that takes longer to say that it is ready is not.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs the command.
pub async fn run(address: &str) -> ExitCode {
    let told = match ask(address).await {
        Some(200) => return ExitCode::SUCCESS,
        Some(status) => format!("it answers {status} at {address}"),
        None => format!("nothing that speaks HTTP answers at {address}"),
    };
    eprintln!("boxoffice: the server is not ready: {told}");
    ExitCode::FAILURE
}

/// The status with which `/health/ready` is answered there, if it is.
pub async fn ask(address: &str) -> Option<u16> {
    let here = reachable(address.to_socket_addrs().ok()?.next()?);
    let client = Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .ok()?;
    let answer = client
        .get(format!("http://{here}/health/ready"))
        .send()
        .await
        .ok()?;
    Some(answer.status().as_u16())
}
