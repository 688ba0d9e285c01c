//! What is in `deploy/` fits the program and this repository.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use crate::commands::{Directory, run, said};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files below `directory`.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| {
            !path
                .ancestors()
                .any(|above| above.ends_with("docker/secrets"))
        })
        .collect()
}

/// The names of our variables in a text.
fn variables(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit()));
    let ours = words.filter(|word| word.starts_with("BOXOFFICE_") && word.len() > 10);
    ours.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_variable_in_deploy_and_in_the_operator_s_pages_exists() {
    let help = said(&run(&["serve", "--help"], &[]).await);
    let known = variables(&help);
    assert!(known.contains("BOXOFFICE_DATABASE_URL_FILE"));
    let pages = ["docs/operations.md", "docs/concerts.md"].map(|page| root().join(page));
    for file in files(&root().join("deploy")).into_iter().chain(pages) {
        let text = fs::read_to_string(&file).unwrap();
        let unknown: Vec<_> = variables(&text).difference(&known).cloned().collect();
        assert_eq!(unknown, [""; 0], "{}", file.display());
    }
}

#[test]
fn an_image_is_made_of_what_is_there_and_runs_without_rights() {
    let dockerfile = read("deploy/docker/Dockerfile");
    let ignored = read(".dockerignore");
    for needed in [
        "Cargo.toml",
        "Cargo.lock",
        "apps",
        "crates",
        "migrations",
        "tests",
    ] {
        assert!(root().join(needed).exists(), "{needed}");
        assert!(
            !ignored.contains(&format!("/{needed}")),
            "{needed} is not copied"
        );
    }
    let copied = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "));
    for line in copied {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[0].strip_prefix("--from=") {
            None => assert!(root().join(words[0]).exists(), "{line}"),
            Some(stage) => {
                assert!(dockerfile.contains(&format!(" AS {stage}\n")), "{line}");
                assert!(
                    dockerfile.contains(&format!("{} && cp ", "-p boxoffice")),
                    "{line}"
                );
            }
        }
    }
    let workspace = read("Cargo.toml");
    let image = dockerfile.split("FROM rust:").nth(1).unwrap();
    let version = image.split('-').next().unwrap();
    let wanted = format!("rust-version = \"{version}\"");
    assert!(workspace.contains(&wanted), "the image has Rust {version}");
    assert!(dockerfile.contains(":nonroot") && dockerfile.contains("HEALTHCHECK"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secrets_of_the_compose_file_are_those_that_are_made() {
    let compose = read("deploy/docker/compose.yaml");
    let directory = Directory::new();
    fs::create_dir_all(directory.path()).unwrap();
    let script = format!("{}/make-secrets.sh", directory.path());
    fs::copy(root().join("deploy/docker/make-secrets.sh"), &script).unwrap();
    for _ in 0..2 {
        let made = Command::new("sh").arg(&script).status().await.unwrap();
        assert!(made.success());
    }
    let secrets = format!("{}/secrets", directory.path());
    let wanted = compose
        .lines()
        .filter_map(|line| line.trim().strip_prefix("file: secrets/"));
    let mut count = 0;
    for name in wanted {
        let made = fs::read_to_string(format!("{secrets}/{name}")).unwrap();
        assert!(made.len() >= 64, "{name}");
        count += 1;
    }
    assert_eq!(count, 4);
    // And the program takes them.
    let key = format!("{secrets}/operator.key");
    let token = format!("{secrets}/token.key");
    let url = format!("{secrets}/database-url");
    let output = run(
        &["doctor"],
        &[
            ("BOXOFFICE_OPERATOR_KEY_FILE", &key),
            ("BOXOFFICE_TOKEN_SECRET_FILE", &token),
            ("BOXOFFICE_DATABASE_URL_FILE", &url),
            ("BOXOFFICE_LISTEN", "127.0.0.1:0"),
        ],
    )
    .await;
    assert!(said(&output).contains("fit together"), "{}", said(&output));
    assert!(
        said(&output).contains("not needed: all is given"),
        "{}",
        said(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_gives_the_server_time_to_stop_and_systemd_understands_it() {
    let unit = read("deploy/systemd/boxoffice.service");
    let value = |name: &str| {
        unit.lines()
            .find_map(|line| line.strip_prefix(&format!("{name}=")))
    };
    let patience: u32 = value("TimeoutStopSec").unwrap().parse().unwrap();
    assert!(
        patience > 30 + 2,
        "the default of --shutdown-timeout, and the last writes"
    );
    for hardened in [
        "NoNewPrivileges",
        "DynamicUser",
        "PrivateTmp",
        "ProtectHome",
    ] {
        assert_eq!(value(hardened), Some("yes"), "{hardened}");
    }
    assert_eq!(value("ProtectSystem"), Some("strict"));
    // Where systemd is, it says whether it understands it all.
    let directory = Directory::new();
    fs::create_dir_all(directory.path()).unwrap();
    let copy = format!("{}/boxoffice.service", directory.path());
    let here = unit.replace("/usr/local/bin/boxoffice serve", "/bin/true");
    let here = here.replace("Documentation=man:boxoffice(1)\n", "");
    fs::write(&copy, here).unwrap();
    let verified = Command::new("systemd-analyze")
        .args(["verify", &copy])
        .output()
        .await;
    let Ok(verified) = verified else {
        eprintln!("skipped: there is no systemd-analyze here");
        return;
    };
    assert!(
        verified.status.success() && verified.stderr.is_empty(),
        "{}",
        said(&verified)
    );
}

#[test]
fn every_alert_that_the_operator_s_page_explains_has_a_heading() {
    let page = read("docs/operations.md");
    let alerts = page.split("\n## Alerts\n").nth(1).unwrap();
    let alerts = alerts.split("\n## ").next().unwrap();
    assert!(alerts.matches("\n### ").count() >= 10);
    let rules = root().join("deploy/prometheus/alerts.yml");
    let rules = fs::read_to_string(rules).unwrap_or_default();
    for alert in rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
    {
        assert!(
            alerts.contains(&format!("\n### {alert}")),
            "{alert} is not explained"
        );
    }
}
