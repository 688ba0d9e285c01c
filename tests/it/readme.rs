//! The README's tour, typed line by line.

use std::{fmt::Write, path::Path};

use system_tests::App;
use tokio::process::Command;

/// The shell blocks of the tour, with the address of `server` instead of the default one.
fn tour(server: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let tour = readme
        .split("\n## ")
        .find(|section| section.starts_with("The tour"))
        .unwrap();
    let mut script = String::from("set -eu\n");
    for block in tour.split("```sh\n").skip(1) {
        script
            .write_str(block.split("```").next().unwrap())
            .unwrap();
    }
    assert!(script.contains("http://127.0.0.1:8080"));
    script.replace("http://127.0.0.1:8080", server)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_of_the_readme_ends_in_a_paid_seat() {
    let app = App::seeded().await;
    let output = Command::new("bash")
        .args(["-c", &tour(app.url(0))])
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
