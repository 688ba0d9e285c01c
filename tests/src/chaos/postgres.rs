//! A PostgreSQL of one's own that can be killed and comes back on the same data.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use private_postgres::{Cluster, Settings};
use tokio::task::spawn_blocking;
use tokio_postgres::{Client, NoTls};

use crate::within;

/// The longest that it may take to be gone or back.
const BACK_WITHIN: Duration = Duration::from_mins(1);

/// What lets PostgreSQL acknowledge before it writes to its log, and write only when it has to.
const FORGETFUL: [(&str, &str); 3] = [
    ("synchronous_commit", "off"),
    ("wal_buffers", "64MB"),
    ("bgwriter_lru_maxpages", "0"),
];

/// A PostgreSQL that runs.
#[derive(Debug)]
pub struct Postgres {
    settings: Settings,
    cluster: Option<Cluster>,
    url: String,
}

impl Postgres {
    /// Starts a new one in `directory`. A forgetful one acknowledges what it can lose.
    pub async fn start(directory: PathBuf, forgetful: bool) -> Self {
        let mut settings = Settings::durable(directory, "boxoffice");
        for (name, value) in FORGETFUL.iter().filter(|_| forgetful) {
            settings = settings.with_parameter(*name, *value);
        }
        let own = settings.clone();
        let cluster = spawn_blocking(move || Cluster::start(&own).unwrap()).await;
        let cluster = cluster.unwrap();
        Self {
            settings,
            url: cluster.url(),
            cluster: Some(cluster),
        }
    }

    /// Where it is, also after it was killed.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection, to look at what is stored.
    pub async fn connect(&self) -> Client {
        let connected = tokio_postgres::connect(&self.url, NoTls).await;
        let (client, connection) = connected.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Kills all of it at once, and starts it again on the same data.
    pub async fn kill(&mut self) {
        let cluster = self.cluster.take().unwrap();
        let settings = self.settings.clone();
        let back = spawn_blocking(move || {
            let pid_file = settings.data_dir.join("data/postmaster.pid");
            kill_family(&first_line(&pid_file));
            let deadline = Instant::now() + BACK_WITHIN;
            while cluster.is_alive() {
                assert!(Instant::now() < deadline, "PostgreSQL survived its kill");
                thread::sleep(Duration::from_millis(1));
            }
            // Its end frees the lock of the data directory.
            drop(cluster);
            Cluster::start(&settings).unwrap()
        });
        self.cluster = Some(back.await.unwrap());
    }

    /// Kills the process of one connection, any, and waits until PostgreSQL lets somebody in again.
    pub async fn kill_backend(&self) {
        const VICTIM: &str = "\
            SELECT pid::text FROM pg_stat_activity WHERE backend_type = 'client backend' \
            AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1";
        let witness = self.connect().await;
        let victim = witness.query_one(VICTIM, &[]).await.unwrap();
        signal("KILL", &[victim.get(0)]);
        let is_back = async || {
            // Whoever was connected is sent away.
            witness.is_closed() && tokio_postgres::connect(&self.url, NoTls).await.is_ok()
        };
        within(BACK_WITHIN, "PostgreSQL lets somebody in", is_back).await;
    }

    /// Holds up the log writer, so that what is acknowledged without having been written is not
    /// written a moment later: what a forgetful PostgreSQL loses is then certain.
    pub async fn hold_up_log(&self) {
        const WRITER: &str =
            "SELECT pid::text FROM pg_stat_activity WHERE backend_type = 'walwriter'";
        let writer = self.connect().await.query_one(WRITER, &[]).await.unwrap();
        signal("STOP", &[writer.get(0)]);
    }
}

fn first_line(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.lines().next().unwrap().trim().to_owned()
}

/// Kills a process and its children at once. It is stopped before, so that it can neither have
/// another child nor do anything about the death of one.
fn kill_family(parent: &str) {
    signal("STOP", &[parent]);
    let all = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
    let all = String::from_utf8(all.unwrap().stdout).unwrap();
    let mut family = vec![parent];
    family.extend(all.lines().filter_map(|line| {
        let (child, of) = line.trim().split_once(char::is_whitespace)?;
        (of.trim() == parent).then_some(child)
    }));
    assert!(family.len() > 1, "PostgreSQL has no children");
    signal("KILL", &family);
}

fn signal(name: &str, processes: &[&str]) {
    let mut kill = Command::new("kill");
    kill.arg(format!("-{name}")).args(processes);
    // A child may have ended by itself in the meantime, which `kill` complains about.
    kill.output().unwrap();
}
