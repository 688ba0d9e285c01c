//! `boxoffice doctor`, `ready`, `man` and `completions`.

use std::fs;

use system_tests::App;
use test_database::TestDatabase;
use tokio::process::Command;

use crate::commands::{Directory, run, said};

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_server_that_is_well_the_doctor_finds_nothing_wrong() {
    let app = App::start(1).await;
    let directory = Directory::new();
    let address = app.url(0).strip_prefix("http://").unwrap();
    let mut variables = vec![
        ("BOXOFFICE_DATABASE_URL", app.database.url()),
        ("BOXOFFICE_DATA_DIR", directory.path()),
        ("BOXOFFICE_LISTEN", address),
        ("BOXOFFICE_ALLOW_UNSAFE_DURABILITY", "true"),
        ("LANG", "ko_KR.UTF-8"),
    ];
    let well = run(&["doctor"], &variables).await;
    let words = said(&well);
    assert_eq!(well.status.code(), Some(0), "{words}");
    for expected in [
        "✓  options",
        "a server answers there, and is ready",
        "made at the first start",
        "! ",
        "turn it on before selling in earnest",
        "nothing is wrong, ",
    ] {
        assert!(words.contains(expected), "no {expected} in {words}");
    }
    assert!(!words.contains('\u{1b}'), "colours for nobody: {words}");
    assert!(!fs::exists(directory.path()).unwrap(), "it changes nothing");

    // The same without what makes it well, for a simple terminal.
    variables[3].1 = "false";
    variables[4].1 = "C";
    variables.push(("BOXOFFICE_CAPACTIY", "5"));
    let ill = run(&["doctor"], &variables).await;
    let words = said(&ill);
    assert_eq!(ill.status.code(), Some(1), "{words}");
    assert!(
        words.is_ascii() && words.contains("X  durability"),
        "{words}"
    );
    assert!(
        words.contains("BOXOFFICE_CAPACTIY is set, but there is no such option"),
        "{words}"
    );
    assert!(words.contains("1 wrong, "), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_and_a_private_one_that_sleeps_are_told_apart() {
    let directory = Directory::new();
    let gone = [
        ("BOXOFFICE_DATA_DIR", directory.path()),
        (
            "BOXOFFICE_DATABASE_URL",
            "postgres://127.0.0.1:1/x?sslmode=disable",
        ),
    ];
    let output = run(&["doctor"], &gone).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("see that it runs"),
        "{}",
        said(&output)
    );
    assert!(
        said(&output).contains("cannot be reached"),
        "{}",
        said(&output)
    );

    let listen = ("BOXOFFICE_LISTEN", "127.0.0.1:0");
    let private = [("BOXOFFICE_DATA_DIR", directory.path()), listen];
    let output = run(&["doctor"], &private).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(
        said(&output).contains("it starts with the server"),
        "{}",
        said(&output)
    );
    let missing = [("PG_BINDIR", "/nowhere"), private[0], listen];
    let output = run(&["doctor"], &missing).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("install PostgreSQL"),
        "{}",
        said(&output)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_knows_old_tables_from_new_ones() {
    let [old, new] = [TestDatabase::empty().await, TestDatabase::migrated().await];
    let client = new.client().await;
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000001')";
    client.batch_execute(newer).await.unwrap();
    for (database, expected) in [
        (old, "migrations to be made"),
        (new, "1 migrations newer than this program"),
    ] {
        let variables = [
            ("BOXOFFICE_DATABASE_URL", database.url()),
            ("BOXOFFICE_ALLOW_UNSAFE_DURABILITY", "true"),
            ("BOXOFFICE_LISTEN", "127.0.0.1:0"),
        ];
        let output = run(&["doctor"], &variables).await;
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_ready_is_and_one_that_is_not_there_is_not() {
    let app = App::start(1).await;
    let address = app.url(0).strip_prefix("http://").unwrap();
    let ready = run(&["ready", "--listen", address], &[]).await;
    assert_eq!(ready.status.code(), Some(0), "{}", said(&ready));
    let gone = run(&["ready", "--listen", "127.0.0.1:1"], &[]).await;
    assert_eq!(gone.status.code(), Some(1));
    assert!(
        said(&gone).contains("the server is not ready"),
        "{}",
        said(&gone)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_are_a_script_and_manual_pages_keep_secrets() {
    let completions = run(&["completions", "bash"], &[]).await;
    let directory = Directory::new();
    let secret = [("BOXOFFICE_OPERATOR_KEY", "correct-horse-battery")];
    let man = run(&["man", directory.path()], &secret).await;
    assert!(man.status.success(), "{}", said(&man));
    let script = format!("{}/boxoffice.bash", directory.path());
    fs::write(&script, &completions.stdout).unwrap();
    let parsed = Command::new("bash").args(["-n", &script]).status().await;
    assert!(parsed.unwrap().success());
    assert!(said(&completions).contains("--operator-key"));
    for page in [
        "boxoffice",
        "boxoffice-serve",
        "boxoffice-concerts-import",
        "boxoffice-audit",
    ] {
        let text = fs::read_to_string(format!("{}/{page}.1", directory.path())).unwrap();
        assert!(text.contains(".TH boxoffice"), "{page}: {text}");
        assert!(!text.contains("correct-horse"), "{page}");
    }
    let one = run(&["man"], &[]).await;
    assert!(said(&one).contains(".TH boxoffice"), "{}", said(&one));
}
