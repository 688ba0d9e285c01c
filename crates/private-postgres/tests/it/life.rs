//! Starting, stopping, dying, and coming back.

use std::fs;

use private_postgres::{Cluster, Durability, Settings};

use crate::client::query;
use crate::holder::Holder;
use crate::support::{Scratch, end_process, eventually, is_running};

fn durable(scratch: &Scratch) -> Settings {
    Settings::durable(scratch.data_dir(), "boxoffice")
}

#[test]
fn what_is_stored_at_the_first_start_is_there_at_the_next() {
    let scratch = Scratch::new();
    let cluster = Cluster::start(&durable(&scratch)).unwrap();
    assert!(cluster.first_start());
    query(
        &scratch.data_dir(),
        "CREATE TABLE fan AS SELECT 'Mina' AS name",
    );
    cluster.stop().unwrap();

    let cluster = Cluster::start(&durable(&scratch)).unwrap();
    assert!(!cluster.first_start());
    assert_eq!(query(&scratch.data_dir(), "SELECT name FROM fan"), "Mina");
    cluster.stop().unwrap();
}

#[test]
fn the_database_is_utf_8_durable_and_deaf_to_the_network() {
    let scratch = Scratch::new();
    let _cluster = Cluster::start(&durable(&scratch)).unwrap();
    let show = |name| query(&scratch.data_dir(), &format!("SHOW {name}"));
    assert_eq!(show("server_encoding"), "UTF8");
    assert_eq!(show("fsync"), "on");
    assert_eq!(show("synchronous_commit"), "on");
    assert_eq!(show("listen_addresses"), "");
}

#[test]
fn a_disposable_cluster_takes_further_settings_and_leaves_nothing_behind() {
    let settings = Settings::disposable("boxoffice").with_parameter("max_connections", "7");
    let cluster = Cluster::start(&settings).unwrap();
    assert_eq!(query(&settings.data_dir, "SHOW max_connections"), "7");
    assert_eq!(query(&settings.data_dir, "SHOW fsync"), "off");
    cluster.stop().unwrap();
    assert!(!settings.data_dir.exists());
}

#[test]
fn a_dropped_cluster_stops() {
    let scratch = Scratch::new();
    let cluster = Cluster::start(&durable(&scratch)).unwrap();
    let postgres = scratch.postmaster();
    assert!(is_running(postgres));
    drop(cluster);
    assert!(!is_running(postgres));
}

#[test]
fn a_directory_with_awkward_characters_serves_as_well() {
    let scratch = Scratch::named("a b,c\"d'e$f\\g");
    let cluster = Cluster::start(&durable(&scratch)).unwrap();
    assert_eq!(query(&scratch.data_dir(), "SELECT 1"), "1");
    cluster.stop().unwrap();
}

#[test]
fn a_running_cluster_is_found_by_its_directory() {
    let scratch = Scratch::new();
    assert_eq!(Cluster::running(&durable(&scratch)).unwrap(), None);
    let cluster = Cluster::start(&durable(&scratch)).unwrap();
    assert_eq!(
        Cluster::running(&durable(&scratch)).unwrap(),
        Some(cluster.url())
    );
    cluster.stop().unwrap();
    assert_eq!(Cluster::running(&durable(&scratch)).unwrap(), None);
}

#[test]
fn a_killed_owner_takes_postgresql_down_with_it() {
    let scratch = Scratch::new();
    let holder = Holder::start(&scratch.data_dir(), Durability::Durable, &[]);
    assert_eq!(holder.said, "up");
    let postgres = scratch.postmaster();
    holder.kill();
    eventually("PostgreSQL has ended", || !is_running(postgres));
    assert!(
        !scratch.data().join("postmaster.pid").exists(),
        "it ended in order"
    );
}

#[test]
fn a_killed_owner_of_a_disposable_cluster_leaves_nothing_behind() {
    let settings = Settings::disposable("boxoffice");
    let holder = Holder::start(&settings.data_dir, Durability::Disposable, &[]);
    assert_eq!(holder.said, "up");
    holder.kill();
    eventually("the directory is gone", || !settings.data_dir.exists());
}

#[test]
fn the_next_start_need_not_wait_for_a_killed_owner_s_postgresql() {
    let scratch = Scratch::new();
    let holder = Holder::start(&scratch.data_dir(), Durability::Durable, &[]);
    query(
        &scratch.data_dir(),
        "CREATE TABLE fan AS SELECT 'Mina' AS name",
    );
    holder.kill();
    let _cluster = Cluster::start(&durable(&scratch)).unwrap();
    assert_eq!(query(&scratch.data_dir(), "SELECT name FROM fan"), "Mina");
}

#[test]
fn a_postgresql_that_outlived_its_guard_is_replaced() {
    let scratch = Scratch::new();
    let holder = Holder::start(&scratch.data_dir(), Durability::Durable, &[]);
    query(
        &scratch.data_dir(),
        "CREATE TABLE fan AS SELECT 'Mina' AS name",
    );
    let orphan = scratch.postmaster();
    holder.kill_with_guard(orphan);
    assert!(is_running(orphan));

    let cluster = Cluster::start(&durable(&scratch)).unwrap();
    assert!(!is_running(orphan));
    assert_ne!(scratch.postmaster(), orphan);
    assert_eq!(query(&scratch.data_dir(), "SELECT name FROM fan"), "Mina");
    cluster.stop().unwrap();
}

#[test]
fn a_postgresql_that_lost_only_its_guard_is_still_stopped() {
    let scratch = Scratch::new();
    let holder = Holder::start(&scratch.data_dir(), Durability::Durable, &[]);
    let postgres = scratch.postmaster();
    end_process(crate::holder::parent_of(postgres), "KILL");
    holder.kill();
    eventually("PostgreSQL has ended", || !is_running(postgres));
}

#[test]
fn a_killed_postgresql_is_noticed_and_the_next_start_recovers() {
    let scratch = Scratch::new();
    let cluster = Cluster::start(&durable(&scratch)).unwrap();
    query(
        &scratch.data_dir(),
        "CREATE TABLE fan AS SELECT 'Mina' AS name",
    );
    assert!(cluster.is_alive());
    end_process(scratch.postmaster(), "KILL");
    eventually("its death is noticed", || !cluster.is_alive());
    cluster.stop().unwrap();

    let _cluster = Cluster::start(&durable(&scratch)).unwrap();
    assert_eq!(query(&scratch.data_dir(), "SELECT name FROM fan"), "Mina");
}

#[test]
fn a_half_made_data_directory_is_made_anew() {
    let scratch = Scratch::new();
    let half_made = scratch.data_dir().join("data.new-1/base");
    fs::create_dir_all(&half_made).unwrap();
    fs::create_dir_all(scratch.data()).unwrap();
    let cluster = Cluster::start(&durable(&scratch)).unwrap();
    assert!(cluster.first_start());
    assert!(!half_made.exists());
}

#[test]
fn a_stale_pid_file_is_no_obstacle_even_when_it_names_a_live_process() {
    let scratch = Scratch::new();
    Cluster::start(&durable(&scratch)).unwrap().stop().unwrap();
    let file = format!(
        "{}\n{}\n0\n5432\n",
        std::process::id(),
        scratch.data().display()
    );
    fs::write(scratch.data().join("postmaster.pid"), file).unwrap();
    let cluster = Cluster::start(&durable(&scratch)).unwrap();
    assert!(cluster.is_alive());
}
