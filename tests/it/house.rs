//! What the house does while a sale runs, over two server processes.

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, App};

async fn post(app: &App, path: &str, body: Value) -> Answer {
    app.operator(Method::POST, path, &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_block_and_200_holds_of_the_same_seats_over_two_processes_one_wins() {
    let app = App::start(2).await;
    let fans = join_all((0..200).map(|n| app.shopper(n, 0))).await;
    for _ in 0..3 {
        let show = app.schedule(50).await;
        let path = format!("/v1/admin/schedules/{show}/blocks");
        let (holds, block) = join(
            join_all(fans.iter().map(|fan| fan.hold(&show, &[17, 18], None))),
            post(&app, &path, json!({"seat_numbers": [18, 19, 20]})),
        )
        .await;
        let held = holds.iter().filter(|held| held.status == 201).count();
        assert_eq!(held + usize::from(block.status == 201), 1, "{block:?}");
        let others = holds.iter().filter(|held| held.status != 201);
        assert!(
            others
                .map(Answer::code)
                .all(|code| code == "seat_unavailable")
        );
        app.assert_audit_clean().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_runs_a_date_from_the_first_edit_to_the_last_ticket() {
    let app = App::start(2).await;
    let show = app.schedule(10).await;
    let path = format!("/v1/admin/schedules/{show}");
    let blocks = format!("{path}/blocks");
    let kept = post(
        &app,
        &blocks,
        json!({"seat_numbers": [1, 2, 3], "note": "press"}),
    )
    .await;
    assert_eq!(kept.status, 201, "{kept:?}");

    // To fans they are sold, and never among the best.
    let mut fan = app.shopper(0, 100_000).await;
    let map = fan.get(&format!("/v1/schedules/{show}/seats")).await;
    assert_eq!(map.number("remaining_seats"), 7);
    assert_eq!(map.body["seats"][0]["status"], "sold");
    let best = json!({"schedule_id": show, "count": 2});
    let best = fan.in_queue(Method::POST, "/v1/reservations").json(&best);
    let best = Answer::of(best).await;
    assert_eq!(best.status, 201, "{best:?}");

    // Closed sales let in nobody, but holds are paid.
    let close = json!({"sales_closed": true});
    let closed = app.operator(Method::PATCH, &path, &close).await;
    assert_eq!(closed.body["sales_closed"], true, "{closed:?}");
    let late = app.shopper(1, 0).await;
    let refused = late.hold(&show, &[10], None).await;
    assert_eq!((refused.status, refused.code()), (409, "sales_closed"));
    assert_eq!(fan.pay(best.text("id"), None).await.status, 201);

    // The house gives a kept seat and a free one away.
    let gift = json!({"user_id": fan.id, "seat_numbers": [1, 10]});
    let given = post(&app, &format!("{path}/complimentary"), gift).await;
    assert_eq!(given.status, 201, "{given:?}");
    assert_eq!(fan.balance().await, 80_000);
    fan.join().await;
    let own = fan.get("/v1/reservations").await;
    assert_eq!(own.body["items"][0]["id"], given.body["id"]);
    assert_eq!(own.body["items"][0]["status"], "paid");

    let block = format!("/v1/admin/blocks/{}", kept.text("id"));
    let freed = app.operator(Method::DELETE, &block, &json!({})).await;
    assert_eq!(freed.status, 204);
    let report = app.operator(Method::GET, &path, &json!({})).await;
    let seats = json!({"available": 6, "held": 0, "sold": 4, "complimentary": 2, "blocked": 0});
    assert_eq!(report.body["seats"], seats);
    assert_eq!(report.number("revenue"), 20_000);
    let log = app
        .operator(Method::GET, "/v1/admin/log?limit=4", &json!({}))
        .await;
    let actions: Vec<_> = log.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    let expected = [
        "seats.unblocked",
        "seats.given",
        "schedule.changed",
        "seats.blocked",
    ];
    assert_eq!(actions, expected);
    app.assert_audit_clean().await;
}
