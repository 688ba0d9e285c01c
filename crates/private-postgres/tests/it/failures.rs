//! What keeps a cluster from starting, and what is said about it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};

use private_postgres::{Cluster, Durability, Error, Settings};

use crate::holder::Holder;
use crate::support::{Scratch, is_root};

fn durable(scratch: &Scratch) -> Settings {
    Settings::durable(scratch.data_dir(), "boxoffice")
}

fn refusal(settings: &Settings) -> Error {
    Cluster::start(settings).expect_err("the start should have been refused")
}

#[test]
fn a_second_start_on_the_same_data_is_refused() {
    let scratch = Scratch::new();
    let holder = Holder::start(&scratch.data_dir(), Durability::Durable, &[]);
    let error = refusal(&durable(&scratch));
    assert!(matches!(error, Error::InUse { pid: Some(pid), .. } if pid == holder.pid()));
    assert!(error.to_string().contains("stop that one first"));
}

#[test]
fn a_socket_path_that_is_too_long_is_refused_before_anything_is_made() {
    let scratch = Scratch::new();
    let settings = Settings::durable(scratch.data_dir().join("d".repeat(90)), "boxoffice");
    assert!(matches!(
        refusal(&settings),
        Error::SocketPathTooLong { .. }
    ));
    assert!(!scratch.data_dir().exists());
}

#[test]
fn data_of_another_major_version_is_refused() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.data()).unwrap();
    fs::write(scratch.data().join("PG_VERSION"), "9\n").unwrap();
    if is_root() {
        chown(scratch.data().join("PG_VERSION"), Some(65534), Some(65534)).unwrap();
    }
    let error = refusal(&durable(&scratch));
    assert!(
        matches!(error, Error::OtherVersion { data: 9, .. }),
        "{error}"
    );
}

#[test]
fn a_directory_of_other_files_is_not_touched() {
    let scratch = Scratch::new();
    let file = scratch.data().join("thesis.txt");
    fs::create_dir_all(scratch.data()).unwrap();
    fs::write(&file, "all my work").unwrap();
    assert!(matches!(refusal(&durable(&scratch)), Error::NotACluster(_)));
    let disposable = Settings {
        durability: Durability::Disposable,
        ..durable(&scratch)
    };
    assert!(matches!(refusal(&disposable), Error::NotEmpty(_)));
    assert_eq!(fs::read_to_string(file).unwrap(), "all my work");
}

#[test]
fn a_directory_that_the_database_user_cannot_reach_is_named() {
    if !is_root() {
        // An ordinary user's PostgreSQL reaches what the user reaches.
        return;
    }
    let scratch = Scratch::new();
    fs::set_permissions(scratch.parent(), Permissions::from_mode(0o700)).unwrap();
    let error = refusal(&durable(&scratch));
    let Error::Unreachable { blocked, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(blocked, scratch.parent());
    assert!(!scratch.data_dir().exists());
}

#[test]
fn data_that_belongs_to_root_is_refused() {
    if !is_root() {
        return;
    }
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.data()).unwrap();
    fs::write(scratch.data().join("PG_VERSION"), "15\n").unwrap();
    assert!(matches!(
        refusal(&durable(&scratch)),
        Error::ForeignOwner { uid: 0, .. }
    ));
}

#[test]
fn a_setting_that_postgresql_rejects_is_told_in_its_own_words() {
    let scratch = Scratch::new();
    let settings = durable(&scratch).with_parameter("max_connections", "many");
    let error = refusal(&settings);
    assert!(matches!(error, Error::Exited { .. }), "{error}");
    assert!(error.to_string().contains("max_connections"), "{error}");
}

#[test]
fn a_pg_bindir_without_the_programs_is_named() {
    let scratch = Scratch::new();
    let variables = [("PG_BINDIR", "/nowhere")];
    let holder = Holder::start(&scratch.data_dir(), Durability::Durable, &variables);
    assert!(
        holder.said.starts_with("PG_BINDIR is /nowhere"),
        "{}",
        holder.said
    );
}

#[test]
fn a_disposable_cluster_that_fails_to_start_leaves_nothing_behind() {
    let settings = Settings::disposable("boxoffice").with_parameter("max_connections", "many");
    assert!(matches!(refusal(&settings), Error::Exited { .. }));
    assert!(!settings.data_dir.exists());
}

#[test]
fn a_database_without_a_name_is_refused() {
    let scratch = Scratch::new();
    let settings = Settings::durable(scratch.data_dir(), "");
    assert!(matches!(refusal(&settings), Error::InvalidDatabase(_)));
}
