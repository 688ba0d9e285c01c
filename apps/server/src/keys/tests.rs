use std::{env, sync::Barrier, thread};

use clap::Parser;
use secrecy::ExposeSecret;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    keys: Keys,
}

fn keys(arguments: &[&str]) -> Keys {
    Line::parse_from([&["boxoffice"], arguments].concat()).keys
}

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("boxoffice-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn shown(secrets: &Secrets) -> (String, String) {
    let shown = |secret: &SecretString| secret.expose_secret().to_owned();
    (shown(&secrets.operator), shown(&secrets.token[0]))
}

#[test]
fn missing_keys_are_made_for_their_owner_alone_and_kept() {
    let directory = Directory::new("keys-kept");
    let first = Secrets::obtain(&keys(&[]), Some(&directory.0)).unwrap();
    let again = Secrets::obtain(&keys(&[]), Some(&directory.0)).unwrap();
    let (operator, token) = shown(&first);
    assert_eq!(shown(&again), (operator.clone(), token.clone()));
    assert_eq!((operator.len(), token.len()), (64, 64));
    assert_ne!(operator, token);
    assert_eq!(first.operator_file, Some(directory.0.join("operator.key")));
    let files: Vec<_> = fs::read_dir(&directory.0)
        .unwrap()
        .map(|file| file.unwrap())
        .collect();
    assert_eq!(files.len(), 2, "no draft is left");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn servers_that_start_at_once_agree() {
    let directory = Directory::new("keys-agree");
    let start = Barrier::new(8);
    let obtain = || {
        start.wait();
        shown(&Secrets::obtain(&keys(&[]), Some(&directory.0)).unwrap())
    };
    let all: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(obtain)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn given_keys_need_no_directory() {
    let (operator, token) = ("an-operator-key!", "a token secret of thirty-two bytes");
    let given = keys(&["--operator-key", operator, "--token-secret", token]);
    let secrets = Secrets::obtain(&given, None).unwrap();
    assert_eq!(shown(&secrets), (operator.to_owned(), token.to_owned()));
    assert_eq!(secrets.operator_file, None);
}

#[test]
fn several_token_secrets_are_lines_of_a_file_or_parts_of_a_variable() {
    let (new, old) = ("n".repeat(32), "o".repeat(32));
    let directory = Directory::new("keys-several");
    fs::write(directory.0.join("token.key"), format!("{new}\n\n  {old}\n")).unwrap();
    let in_file = Secrets::obtain(&keys(&[]), Some(&directory.0)).unwrap();
    let both = format!("{new}, {old},");
    let given = keys(&[
        "--operator-key",
        "an-operator-key!",
        "--token-secret",
        &both,
    ]);
    let given = Secrets::obtain(&given, None).unwrap();
    for secrets in [in_file, given] {
        let secrets: Vec<_> = secrets
            .token
            .iter()
            .map(SecretString::expose_secret)
            .collect();
        assert_eq!(secrets, [&new, &old]);
    }

    fs::write(directory.0.join("token.key"), format!("{new}\nshort\n")).unwrap();
    let refused = Secrets::obtain(&keys(&[]), Some(&directory.0))
        .err()
        .unwrap();
    let refused = format!("{refused:#}");
    assert!(
        refused.contains("token.key") && !refused.contains(&new),
        "{refused}"
    );
}

#[test]
fn a_file_that_was_emptied_is_refused_by_name() {
    let directory = Directory::new("keys-empty");
    fs::write(directory.0.join("operator.key"), "\n").unwrap();
    let refused = Secrets::obtain(&keys(&[]), Some(&directory.0))
        .err()
        .unwrap();
    assert!(
        format!("{refused:#}").contains("operator.key"),
        "{refused:#}"
    );
}

#[test]
fn a_directory_that_cannot_be_written_is_named_with_a_way_out() {
    let refused = Secrets::obtain(&keys(&[]), Some(Path::new("/proc")))
        .err()
        .unwrap();
    let refused = format!("{refused:#}");
    assert!(refused.contains("/proc/operator.key"), "{refused}");
    assert!(refused.contains("--data-dir"), "{refused}");
}
