//! The schema's way up and down.

use std::{fs, path::PathBuf};

use adapters_postgres::{Database, DatabaseConfig, Turn, migrate};
use futures_util::future::{join, join_all};
use test_database::TestDatabase;
use tokio_postgres::Client;

use crate::support::{number, until};

fn database(of: &TestDatabase) -> Database {
    Database::new(&DatabaseConfig::new(of.url())).unwrap()
}

/// The folders of the migrations, in order.
fn folders() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let entries = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// The names of all tables, indexes, sequences, types and functions, without diesel's own.
async fn relations(client: &Client) -> Vec<String> {
    let query = "SELECT name FROM (SELECT relname::text AS name, relnamespace AS schema \
           FROM pg_class UNION ALL SELECT typname, typnamespace FROM pg_type \
           UNION ALL SELECT proname, pronamespace FROM pg_proc) AS things \
         WHERE schema = 'public'::regnamespace AND name NOT LIKE '%__diesel_schema_migrations%' \
         ORDER BY name";
    let rows = client.query(query, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_twice_is_migrating_once() {
    let empty = TestDatabase::empty().await;
    let database = database(&empty);
    let run = migrate(&database).await.unwrap();
    let names = folders()
        .into_iter()
        .map(|path| path.file_name().unwrap().to_owned());
    assert_eq!(
        run,
        names.map(|n| n.into_string().unwrap()).collect::<Vec<_>>()
    );
    let client = empty.client().await;
    let made = relations(&client).await;
    assert!(made.contains(&"reservations".to_owned()), "{made:?}");
    assert_eq!(migrate(&database).await.unwrap(), [""; 0]);
    assert_eq!(relations(&client).await, made);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_processes_that_migrate_at_once_take_turns() {
    let empty = TestDatabase::empty().await;
    let databases = [(); 5].map(|()| database(&empty));
    let runs = join_all(databases.iter().map(migrate)).await;
    let mut runs: Vec<_> = runs.into_iter().map(|run| run.unwrap().len()).collect();
    runs.sort_unstable();
    assert_eq!(
        runs,
        [0, 0, 0, 0, folders().len()],
        "one of them does it all"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn going_down_in_reverse_order_leaves_nothing_and_up_again_works() {
    let migrated = TestDatabase::migrated().await;
    let client = migrated.client().await;
    let made = relations(&client).await;
    for folder in folders().iter().rev() {
        let down = fs::read_to_string(folder.join("down.sql")).unwrap();
        client.batch_execute(&down).await.unwrap();
    }
    assert_eq!(relations(&client).await, [""; 0]);
    for folder in folders() {
        let up = fs::read_to_string(folder.join("up.sql")).unwrap();
        client.batch_execute(&up).await.unwrap();
    }
    assert_eq!(relations(&client).await, made);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_migrates_waits_for_the_turn_as_long_as_it_takes() {
    let empty = TestDatabase::empty().await;
    let impatient = Database::new(&DatabaseConfig {
        lock_timeout: std::time::Duration::from_millis(10),
        ..DatabaseConfig::new(empty.url())
    })
    .unwrap();
    let turn = Turn::take(&database(&empty)).await.unwrap();
    let client = empty.client().await;
    let give_back = async {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' \
             AND datname = current_database() \
             AND query_start < clock_timestamp() - interval '50 ms'";
        until("the other waits for longer than a lock", async || {
            number(&client, waits).await == 1
        })
        .await;
        assert_eq!(relations(&client).await, [""; 0]);
        drop(turn);
    };
    let (run, ()) = join(migrate(&impatient), give_back).await;
    assert_eq!(run.unwrap().len(), folders().len());
}
