//! The README's tour, typed line by line.

use std::{fmt::Write, fs, path::Path};

use system_tests::{App, OPERATOR_KEY};
use tokio::process::Command;

/// The shell blocks of these sections, with the address of `server` instead of the default one.
fn script(sections: &[&str], server: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let mut script = String::from("set -eu\n");
    for title in sections {
        let mut all = readme.split("\n## ");
        let section = all.find(|section| section.starts_with(title)).unwrap();
        for block in section.split("```sh\n").skip(1) {
            script
                .write_str(block.split("```").next().unwrap())
                .unwrap();
        }
    }
    assert!(script.contains("http://127.0.0.1:8080"));
    script.replace("http://127.0.0.1:8080", server)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_of_the_readme_ends_in_a_paid_seat() {
    let app = App::seeded().await;
    let output = Command::new("bash")
        .args(["-c", &script(&["The tour"], app.url(0))])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for expected in [
        r#""access_token":""#,
        r#""balance":500000"#,
        r#""status":"active""#,
        r#""venue":""#,
        r#""remaining_seats":"#,
        r#""status":"available""#,
        r#""status":"pending_payment""#,
        r#""balance_after":"#,
        r#""status":"paid""#,
        r#""currency":"KRW""#,
        "만료된 대기열 토큰입니다",
    ] {
        assert!(said.contains(expected), "no {expected} in:\n{said}");
    }
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_readme_tells_of_the_api_works_after_the_tour() {
    let app = App::seeded().await;
    let script = script(&["The tour", "The API"], app.url(0));
    // A stream goes on until the place is lost: its beginning will do.
    let script = script.replace("curl -N ", "! timeout 2 curl -sN ");
    let output = Command::new("bash").args(["-c", &script]).output();
    let output = output.await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (_, after) = said.split_once("만료된").unwrap();
    for expected in [r#"data: {"status":"active""#, r#""seats":[]"#] {
        assert!(after.contains(expected), "no {expected} in:\n{after}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_readme_tells_operators_works_after_the_tour() {
    let app = App::seeded().await;
    let home = std::env::temp_dir().join(format!("boxoffice-readme-{}", std::process::id()));
    fs::create_dir_all(home.join("boxoffice")).unwrap();
    fs::write(home.join("boxoffice/operator.key"), OPERATOR_KEY).unwrap();
    let output = Command::new("bash")
        .env("XDG_DATA_HOME", &home)
        .args(["-c", &script(&["The tour", "For operators"], app.url(0))])
        .output()
        .await
        .unwrap();
    fs::remove_dir_all(&home).unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    for expected in [
        r#""key":"box_op_"#,
        r#""complimentary":0"#,
        r#""note":"press""#,
        r#""amount":0"#,
        r#""sales_closed":true"#,
        r#""action":"seats.given""#,
        r#""reason":"the singer is ill""#,
        r#""amount_refunded":"#,
    ] {
        assert!(said.contains(expected), "no {expected} in:\n{said}");
    }
    app.assert_audit_clean().await;
}
