//! A process of its own that runs a cluster, to be killed.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use private_postgres::{Cluster, Durability, Settings};

use crate::support::{end_process, eventually};

pub struct Holder {
    process: Child,
    /// What it said: `up`, or why not.
    pub said: String,
}

impl Holder {
    pub fn start(data_dir: &Path, durability: Durability, variables: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "holder::hold_for_another_test", "--nocapture"])
            .env("HOLD_DATA_DIR", data_dir)
            .env(
                "HOLD_DISPOSABLE",
                if durability == Durability::Disposable {
                    "1"
                } else {
                    ""
                },
            )
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let said = lines
            .map(Result::unwrap)
            .find_map(|line| Some(line.split_once("HELD ")?.1.to_owned()));
        Self {
            process,
            said: said.unwrap_or_default(),
        }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Kills it together with the guard's processes, but not PostgreSQL.
    pub fn kill_with_guard(self, postgres: u32) {
        let guard = parent_of(postgres);
        for pid in children_of(guard)
            .into_iter()
            .filter(|&pid| pid != postgres)
        {
            end_process(pid, "KILL");
        }
        end_process(guard, "KILL");
        eventually("the guard is dead", || parent_of(postgres) != guard);
        self.kill();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn hold_for_another_test() {
    let Some(data_dir) = env::var_os("HOLD_DATA_DIR") else {
        return;
    };
    let mut settings = Settings::durable(data_dir, "boxoffice");
    if env::var_os("HOLD_DISPOSABLE").is_some_and(|value| !value.is_empty()) {
        settings.durability = Durability::Disposable;
    }
    let cluster = Cluster::start(&settings);
    match &cluster {
        Ok(_) => println!("HELD up"),
        Err(error) => println!("HELD {error}"),
    }
    // Until the other test is done with us.
    let _ = std::io::stdin().read_line(&mut String::new());
}

pub fn parent_of(pid: u32) -> u32 {
    processes()
        .into_iter()
        .find_map(|(one, parent)| (one == pid).then_some(parent))
        .unwrap()
}

fn children_of(pid: u32) -> Vec<u32> {
    processes()
        .into_iter()
        .filter_map(|(one, parent)| (parent == pid).then_some(one))
        .collect()
}

/// Every process with its parent.
fn processes() -> Vec<(u32, u32)> {
    let output = Command::new("ps")
        .args(["-A", "-o", "pid=,ppid="])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers = |line: &str| {
        let mut fields = line.split_whitespace().map(|field| field.parse().unwrap());
        (fields.next().unwrap(), fields.next().unwrap())
    };
    text.lines().map(numbers).collect()
}
