//! Lists of concerts, in and out, as an operator types it.

use std::{fmt::Write as _, fs, process::Stdio, time::Instant};

use system_tests::binary;
use test_database::TestDatabase;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::commands::{Directory, run, said};

fn example(ending: &str) -> String {
    format!(
        "{}/../examples/concerts.{ending}",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// Runs `boxoffice concerts` on this database; what it said, if it went well.
async fn concerts(arguments: &[&str], database: &TestDatabase) -> Result<String, String> {
    let arguments = [&["concerts"], arguments].concat();
    let output = run(&arguments, &[("BOXOFFICE_DATABASE_URL", database.url())]).await;
    let words = said(&output);
    match output.status.code() {
        Some(0) => Ok(words),
        Some(1) => Err(words),
        other => panic!("{other:?}: {words}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_imported_once_and_its_export_makes_the_same_of_an_empty_database() {
    let [here, there] = [TestDatabase::empty().await, TestDatabase::empty().await];
    let added = concerts(&["import", &example("csv")], &here).await.unwrap();
    assert!(
        added.contains("added 2 concerts and 3 dates with 40060 seats"),
        "{added}"
    );
    let again = concerts(&["import", &example("json")], &here)
        .await
        .unwrap();
    assert!(again.contains("added 0 concerts and 0 dates"), "{again}");
    assert!(
        again.contains("3 dates that are the same were there already"),
        "{again}"
    );

    let directory = Directory::new();
    fs::create_dir_all(directory.path()).unwrap();
    for ending in ["csv", "json"] {
        let file = format!("{}/list.{ending}", directory.path());
        concerts(&["export", &file], &here).await.unwrap();
        concerts(&["import", &file], &there).await.unwrap();
        let to_stdout = ["export", "--format", ending];
        let back = concerts(&to_stdout, &there).await.unwrap();
        assert_eq!(back, fs::read_to_string(&file).unwrap());
    }
    let audit = run(&["audit"], &[("BOXOFFICE_DATABASE_URL", there.url())]).await;
    assert!(audit.status.success(), "{}", said(&audit));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_list_is_named_and_nothing_is_added() {
    let database = TestDatabase::empty().await;
    let refused = concerts(&["import", "--check", &example("csv")], &database).await;
    let refused = refused.unwrap_err();
    assert!(
        refused.contains("run `boxoffice migrate` first"),
        "{refused}"
    );
    let migrate = run(&["migrate"], &[("BOXOFFICE_DATABASE_URL", database.url())]).await;
    assert!(migrate.status.success());
    let checked = concerts(&["import", "--check", &example("csv")], &database).await;
    assert!(checked.unwrap().contains("would add 2 concerts"));

    let directory = Directory::new();
    fs::create_dir_all(directory.path()).unwrap();
    let file = format!("{}/list.csv", directory.path());
    let text = fs::read_to_string(example("csv")).unwrap();
    fs::write(&file, text.replace(",55000,", ",fifty,")).unwrap();
    let refused = concerts(&["import", &file], &database).await.unwrap_err();
    let named = "list.csv, line 7, price: \"fifty\" is not understood: write whole won";
    assert!(refused.contains(named), "{refused}");
    let client = database.client().await;
    let count = client.query_one("SELECT count(*) FROM concerts", &[]).await;
    assert_eq!(count.unwrap().get::<_, i64>(0), 0);

    concerts(&["import", &example("csv")], &database)
        .await
        .unwrap();
    fs::write(&file, text.replace(",55000,1,60", ",55000,1,50")).unwrap();
    let refused = concerts(&["import", &file], &database).await.unwrap_err();
    assert!(
        refused.contains("line 7, starts_at: this concert has a date"),
        "{refused}"
    );
    for (file, advice) in [
        ("list.txt", "say --format csv"),
        ("no.csv", "cannot read no.csv"),
    ] {
        let refused = concerts(&["import", file], &database).await.unwrap_err();
        assert!(refused.contains(advice), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hall_of_fifty_thousand_is_read_from_stdin_within_seconds() {
    let database = TestDatabase::migrated().await;
    let begun = Instant::now();
    let mut child = Command::new(binary().await)
        .args(["concerts", "import", "--format", "csv", "-"])
        .env("BOXOFFICE_DATABASE_URL", database.url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut list = "title,venue,starts_at,grade,price,from,to\n".to_owned();
    // The worst that can be: every seat has a line of its own.
    for seat in 1..=50_000 {
        let grade = seat % 2;
        writeln!(
            list,
            "Night,Hall,2027-05-14T20:00:00+09:00,R{grade},{seat},{seat},{seat}"
        )
        .unwrap();
    }
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(list.as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert!(
        said(&output).contains("1 concert and 1 date with 50000 seats"),
        "{}",
        said(&output)
    );
    let took = begun.elapsed();
    assert!(took.as_secs() < 60, "{took:?}");
    eprintln!("50,000 lines: {took:?}");
}
