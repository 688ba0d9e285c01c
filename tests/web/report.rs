//! The report of a rehearsal, opened as the file that it is.

use std::path::Path;

use system_tests::rush;
use tokio::process::Command;

use crate::{
    browser::{Browser, DESK, PHONE},
    pictures::fits,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_report_of_a_rehearsal_can_be_read_by_everyone() {
    let report = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rehearsal.html");
    let fans = ["--fans=40", "--over=2s", "--capacity=20", "--batch=10"];
    let mut rehearsal = Command::new(rush().await);
    rehearsal.args(fans).arg("--report").arg(&report);
    rehearsal.env_remove("BOXOFFICE_DATABASE_URL");
    let said = rehearsal.kill_on_drop(true).output().await.unwrap();
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    let file = format!("file://{}", report.display());
    for (screen, scheme) in [(DESK, "light"), (PHONE, "dark")] {
        let browser = Browser::open(&file, screen).await;
        browser.colours(scheme).await;
        browser.says("h1", "Rehearsal of").await;
        browser.says("body", "All is well").await;
        browser.says("body", "0 overtaken").await;
        let plots = "document.querySelectorAll('svg').length > 5";
        browser.until(plots).await;
        fits(&browser, screen).await;
        assert_eq!(browser.barriers().await, [""; 0]);
        browser.was_quiet(&[]).await;
    }
}
