//! One `boxoffice serve` process.

use std::{
    path::PathBuf,
    process::{Command as Blocking, Output, Stdio},
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStderr, Command},
};

use crate::operator::OPERATOR_KEY;

static BINARY: LazyLock<PathBuf> = LazyLock::new(|| built("boxoffice", "boxoffice"));
static RUSH: LazyLock<PathBuf> = LazyLock::new(|| built("rush", "boxoffice-rush"));

/// A program of a package, built as it is now.
fn built(package: &str, program: &str) -> PathBuf {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let built = Blocking::new(cargo)
        .args(["build", "--quiet", "--locked", "-p", package])
        .status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "{program} does not build"
    );
    // Tests are in a directory below that of the programs.
    let own = std::env::current_exe().unwrap();
    let mut beside = own.ancestors().skip(1).map(|above| above.join(program));
    beside.find(|program| program.is_file()).unwrap()
}

/// The secret that every test server signs its tokens with.
pub const TOKEN_SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Settings as variables.
pub fn named(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let variable =
        |(name, value): &(&str, &str)| (format!("BOXOFFICE_{name}"), (*value).to_owned());
    settings.iter().map(variable).collect()
}

/// The variables that every test server on this database needs.
pub fn settings(database_url: &str) -> Vec<(String, String)> {
    named(&[
        ("DATABASE_URL", database_url),
        ("OPERATOR_KEY", OPERATOR_KEY),
        ("TOKEN_SECRET", TOKEN_SECRET),
    ])
}

/// Runs `boxoffice NAME` on this database.
pub async fn command(name: &str, database_url: &str) -> Output {
    let mut command = Command::new(binary().await);
    command
        .arg(name)
        .env("BOXOFFICE_DATABASE_URL", database_url);
    command.output().await.unwrap()
}

/// The server's program, built as it is now.
pub async fn binary() -> PathBuf {
    tokio::task::spawn_blocking(|| BINARY.clone())
        .await
        .unwrap()
}

/// The rehearsal's program and the server's, which it starts, built as they are now.
pub async fn rush() -> PathBuf {
    binary().await;
    tokio::task::spawn_blocking(|| RUSH.clone()).await.unwrap()
}

/// Passes the server's log on, without the indented lines that greet a person or, if it is to tell
/// everything, what nobody wants to read; keeps it all.
async fn pass_on(log: ChildStderr, kept: Arc<Mutex<String>>, is_loud: bool) {
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        kept.lock().unwrap().extend([&line, "\n"]);
        if is_loud {
            continue;
        }
        if !line.starts_with(' ') {
            eprintln!("{line}");
        }
    }
}

/// A running server process; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// The same for the operator, if that is another one.
    pub operator_url: Option<String>,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts `boxoffice serve` with these variables and waits until it listens.
    pub async fn start(variables: &[(String, String)]) -> Self {
        let mut child = Command::new(binary().await)
            .arg("serve")
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .env("BOXOFFICE_LISTEN", "127.0.0.1:0")
            .env("BOXOFFICE_LOG", "warn")
            .envs(variables.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let is = |name: &str| variables.iter().rev().find(|(other, _)| other == name);
        let is_loud = is("BOXOFFICE_LOG").is_some_and(|(_, level)| level == "trace");
        let log = Arc::default();
        let stderr = child.stderr.take().unwrap();
        tokio::spawn(pass_on(stderr, Arc::clone(&log), is_loud));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = async |prefix: &str| {
            let line = tokio::time::timeout(Duration::from_mins(1), lines.next_line()).await;
            let line = line.expect("the server takes too long to start").unwrap();
            let line = line.expect("the server ended before it listened");
            line.strip_prefix(prefix).expect(&line).to_owned()
        };
        let url = told("listening on ").await;
        let operator_url = match is("BOXOFFICE_ADMIN_LISTEN") {
            Some(_) => Some(told("for the operator on ").await),
            None => None,
        };
        Self {
            child,
            url,
            operator_url,
            log,
        }
    }

    /// All that it has written to its log.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Ends the process at once, with SIGKILL.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Ends the process in order, with SIGTERM, and tells how it went.
    pub async fn stop(mut self) -> std::process::ExitStatus {
        let told = Blocking::new("kill")
            .arg(self.pid().to_string())
            .status()
            .unwrap();
        assert!(told.success());
        self.child.wait().await.unwrap()
    }
}
