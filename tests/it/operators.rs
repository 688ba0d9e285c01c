//! Operators with keys of their own, over two server processes.

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, App, eventually};

/// Asks one process with this key.
async fn ask(app: &App, process: usize, key: &str, method: Method, path: &str) -> Answer {
    let url = format!("{}{path}", app.url(process));
    Answer::of(app.http.request(method, url).bearer_auth(key)).await
}

async fn make_key(app: &App, name: &str) -> Answer {
    let body = json!({ "name": name });
    app.operator(Method::POST, "/v1/admin/keys", &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_in_every_process_until_it_is_revoked() {
    let app = App::start(2).await;
    let made = make_key(&app, "door").await;
    assert_eq!(made.status, 201, "{made:?}");
    let (id, key) = (made.text("id"), made.text("key"));
    assert_eq!(
        make_key(&app, "door").await.code(),
        "operator_key_exists",
        "no two keys of one name"
    );
    let board = async |process| ask(&app, process, key, Method::GET, "/v1/admin/queue").await;
    assert_eq!(board(0).await.status, 200);
    eventually("the other process knows the key", async || {
        board(1).await.status == 200
    })
    .await;

    // It does what operators do, but makes no keys and revokes none.
    let path = format!("/v1/admin/keys/{id}");
    let forbidden = ask(&app, 0, key, Method::DELETE, &path).await;
    assert_eq!(forbidden.code(), "forbidden");
    let listed = ask(&app, 0, key, Method::GET, "/v1/admin/keys").await;
    assert_eq!(listed.body["items"][0]["name"], "door");
    assert_eq!(listed.body["items"][0]["key"], Value::Null);

    let revoked = app.operator(Method::DELETE, &path, &json!({})).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(board(0).await.code(), "forbidden");
    eventually("the other process refuses the key", async || {
        board(1).await.code() == "forbidden"
    })
    .await;
    let again = app.operator(Method::DELETE, &path, &json!({})).await;
    assert_eq!(again.code(), "operator_key_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_who_changed_what_and_by_which_request() {
    let app = App::start(1).await;
    let made = make_key(&app, "door").await;
    let change = app
        .http
        .patch(format!("{}/v1/admin/queue", app.url(0)))
        .bearer_auth(made.text("key"))
        .header("X-Request-Id", "the-change")
        .json(&json!({"capacity": 7}));
    assert_eq!(Answer::of(change).await.status, 200);
    let log = app
        .operator(Method::GET, "/v1/admin/log?limit=1", &json!({}))
        .await;
    let entry = &log.body["items"][0];
    assert_eq!(
        entry["details"],
        json!({"capacity": {"from": 1_000, "to": 7}})
    );
    assert_eq!(entry["action"], "queue.changed");
    assert_eq!(entry["operator"], "door");
    assert_eq!(entry["operator_key_id"], made.text("id"));
    assert_eq!(entry["request_id"], "the-change");
    let cursor = log.text("next_cursor");
    let path = format!("/v1/admin/log?cursor={cursor}");
    let rest = app.operator(Method::GET, &path, &json!({})).await;
    let rest = rest.body["items"].as_array().unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0]["action"], "operator_key.created");
    assert!(!log.body.to_string().contains(made.text("key")));
}
