//! The programs of `examples/`, as a developer runs them.

use std::{path::PathBuf, process::Output, time::Duration};

use reqwest::Method;
use serde_json::json;
use system_tests::App;
use tokio::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn command(example: &str, server: &str) -> Command {
    let mut command = if example == PYTHON {
        let python = root().join(".examples/bin/python");
        assert!(python.exists(), "run scripts/get-examples.sh first");
        Command::new(python)
    } else {
        Command::new("sh")
    };
    command
        .arg(root().join("examples").join(example))
        .arg(server);
    // Nothing between the example and the server.
    command.env("NO_PROXY", "*").kill_on_drop(true);
    command
}

async fn run(example: &str, server: &str) -> Output {
    let output = command(example, server).output();
    let output = tokio::time::timeout(Duration::from_mins(1), output).await;
    output.expect("an example takes too long").unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

const PYTHON: &str = "journey.py";
const EXAMPLES: [&str; 2] = [PYTHON, "journey.sh"];

#[tokio::test(flavor = "multi_thread")]
async fn each_example_ends_in_paid_seats() {
    let app = App::seeded().await;
    for example in EXAMPLES {
        let output = run(example, app.url(0)).await;
        let said = said(&output);
        assert!(output.status.success(), "{example}: {said}");
        assert!(said.contains("balance: 500000 won"), "{example}: {said}");
        assert!(said.trim_end().ends_with(": paid"), "{example}: {said}");
    }
    let client = app.database.client().await;
    let paid = "SELECT count(*), sum(cardinality(seat_numbers)) FROM reservations \
                WHERE status = 'paid'";
    let row = client.query_one(paid, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (2, 4));
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_example_waits_in_the_queue_and_goes_on_where_somebody_was_faster() {
    let app = App::with(1, &[("NO_SHOW_AFTER", "0s"), ("CAPACITY", "1")]).await;
    // The date that comes first is taken; the other one is not.
    let (taken, _free) = (app.schedule(2).await, app.schedule(4).await);
    for example in EXAMPLES {
        // Somebody shops, and there is room for one.
        let somebody = app.shopper(0, 0).await;
        if example == EXAMPLES[0] {
            let held = somebody.hold(&taken, &[1], None).await;
            assert_eq!(held.status, 201, "{held:?}");
        }
        let child = command(example, app.url(0));
        let running = tokio::spawn(async move {
            let mut child = child;
            child.output().await.unwrap()
        });
        system_tests::eventually("the example waits", async || {
            let queue = app
                .operator(Method::GET, "/v1/admin/queue", &json!({}))
                .await;
            queue.body["waiting"] == 1
        })
        .await;
        let left = somebody.in_queue(Method::DELETE, "/v1/queue/tokens/me");
        assert_eq!(left.send().await.unwrap().status(), 204);
        let output = tokio::time::timeout(Duration::from_mins(1), running).await;
        let output = output.expect("an example takes too long").unwrap();
        let said = said(&output);
        assert!(output.status.success(), "{example}: {said}");
        assert!(said.contains("waiting: 0 are ahead"), "{example}: {said}");
        assert!(said.trim_end().ends_with(": paid"), "{example}: {said}");
    }
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_example_says_in_a_line_why_it_cannot_go_on() {
    let app = App::start(1).await;
    for example in EXAMPLES {
        let output = run(example, app.url(0)).await;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{example}: {said}");
        assert!(said.contains("sold out"), "{example}: {said}");
        assert!(!said.contains("Traceback"), "{example}: {said}");
    }
}
