//! One `chromedriver` for all tests.

use std::{
    io::{BufRead, BufReader},
    process::{ChildStdin, Command, Stdio},
    sync::OnceLock,
};

/// Runs the driver until the input ends, which it does with this process, however that ends.
const UNTIL_WE_END: &str = "\"$0\" --port=0 & driver=$!; cat >/dev/null; kill $driver";

struct Driver {
    url: String,
    _until_it_ends: ChildStdin,
}

/// The address of the driver, which is started for the first who asks.
pub fn url() -> &'static str {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    &DRIVER.get_or_init(start).url
}

#[allow(
    clippy::zombie_processes,
    reason = "it ends after this process, which cannot wait for it"
)]
fn start() -> Driver {
    let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
    let mut shell = Command::new("sh")
        .args(["-c", UNTIL_WE_END, &program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = shell.stdin.take().unwrap();
    let mut lines = BufReader::new(shell.stdout.take().unwrap()).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let port = line.split_once("started successfully on port ")?.1;
        Some(port.trim_end_matches('.').to_owned())
    });
    let port = port.expect("chromedriver does not start: run `make chromium`");
    // Whoever writes must be read.
    std::thread::spawn(move || lines.for_each(drop));
    Driver {
        url: format!("http://127.0.0.1:{port}"),
        _until_it_ends: input,
    }
}
