//! The journey of SPEC §2 over HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Answer, App};

#[tokio::test(flavor = "multi_thread")]
async fn a_fan_goes_the_whole_way_over_two_processes() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let fan = app.shopper(0, 30_000).await;
    let elsewhere = fan.at(app.url(1));

    let concerts = elsewhere.get("/v1/concerts").await;
    let concert = concerts.body["items"][0]["id"].as_str().unwrap().to_owned();
    let dates = fan.get(&format!("/v1/concerts/{concert}/schedules")).await;
    assert_eq!(dates.body["items"][0]["id"], show);
    let map = elsewhere.get(&format!("/v1/schedules/{show}/seats")).await;
    assert_eq!(map.number("remaining_seats"), 50);

    let held = fan.hold(&show, &[7, 8], None).await;
    assert_eq!((held.status, held.text("status")), (201, "pending_payment"));
    let seats = format!("/v1/schedules/{show}/seats");
    let map = fan.get(&seats).await;
    assert_eq!(map.number("remaining_seats"), 48);
    assert_eq!(map.body["seats"][6]["status"], "held");
    system_tests::eventually("the other process shows it, too", || async {
        elsewhere.get(&seats).await.number("remaining_seats") == 48
    })
    .await;

    let paid = elsewhere.pay(held.text("id"), Some("pay-1")).await;
    assert_eq!(paid.status, 201, "{paid:?}");
    assert_eq!(
        (paid.number("amount"), paid.number("balance_after")),
        (20_000, 10_000)
    );
    assert_eq!(paid.body["reservation"]["status"], "paid");

    let again = elsewhere.pay(held.text("id"), Some("pay-1")).await;
    assert_eq!(
        (again.status, &again.body),
        (201, &paid.body),
        "the first receipt"
    );
    let spent = elsewhere.get("/v1/concerts").await;
    assert_eq!((spent.status, spent.code()), (401, "queue_token_expired"));
    let own = Answer::of(fan.as_user(Method::GET, "/v1/reservations")).await;
    assert_eq!(own.body["items"][0]["status"], "paid");
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fans_who_let_the_server_choose_get_one_answer_each() {
    let app = App::start(2).await;
    let show = app.schedule(50).await;
    let wish = async |process, wish: Value| {
        let fan = app.shopper(process, 0).await;
        let mut body = json!({"schedule_id": show});
        for (name, value) in wish.as_object().unwrap() {
            body[name] = value.clone();
        }
        let request = fan.in_queue(Method::POST, "/v1/reservations").json(&body);
        let answer = Answer::of(request).await;
        let seats = answer.body["seats"].as_array().cloned().unwrap_or_default();
        let numbers = seats.iter().map(|seat| seat["number"].as_u64().unwrap());
        (answer.status, numbers.collect::<Vec<_>>())
    };
    assert_eq!(wish(0, json!({"count": 2})).await, (201, vec![5, 6]));
    assert_eq!(wish(1, json!({"count": 2})).await, (201, vec![3, 4]));
    let grade = json!({"count": 1, "grade": "R"});
    assert_eq!(wish(0, grade).await, (201, vec![7]));
    let choices = json!({"choices": [[5, 6], [41, 42]]});
    assert_eq!(wish(1, choices).await, (201, vec![41, 42]));
    assert_eq!(wish(0, json!({"choices": [[7], [42]]})).await.0, 409);
    assert_eq!(wish(1, json!({"count": 1, "grade": "S"})).await.0, 409);
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_3_order_is_first_come_first_served_over_two_processes() {
    let app = App::with(2, &[("CAPACITY", "3"), ("ADMISSION_BATCH", "2")]).await;
    let mut fans = Vec::new();
    for n in 0..12_usize {
        let mut fan = app.fan(n).await;
        let joined = fan.join().await;
        let expected = if n < 3 { "active" } else { "waiting" };
        assert_eq!(joined.text("status"), expected, "number {n}");
        fans.push(fan);
    }
    for (n, fan) in fans.iter().enumerate().skip(3) {
        let elsewhere = &fan.at(app.url(n + 1));
        system_tests::eventually("the other process has caught up", || async {
            elsewhere
                .get("/v1/queue/tokens/me")
                .await
                .number("waiting_total")
                == 9
        })
        .await;
        let place = elsewhere.get("/v1/queue/tokens/me").await;
        assert_eq!(
            place.number("position"),
            i64::try_from(n).unwrap() - 2,
            "{place:?}"
        );
    }
    // Those who leave make room, and the places go to those who waited longest, in order.
    for n in 0..9 {
        let left = Answer::of(fans[n].in_queue(Method::DELETE, "/v1/queue/tokens/me")).await;
        assert_eq!(left.status, 204);
        let next = &fans[n + 3].at(app.url(n));
        system_tests::eventually("the next one is admitted", || async {
            next.get("/v1/queue/tokens/me").await.body["status"] == "active"
        })
        .await;
        if let Some(after) = fans.get(n + 4) {
            let after = after.get("/v1/queue/tokens/me").await;
            assert_eq!(after.body["status"], "waiting", "nobody overtakes");
        }
    }
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_16_when_a_hold_ends_someone_else_gets_the_seat_at_once() {
    let app = App::with(2, &[("HOLD_TTL", "1s"), ("SWEEP_INTERVAL", "1h")]).await;
    let show = app.schedule(5).await;
    let (slow, quick) = (app.shopper(0, 50_000).await, app.shopper(1, 50_000).await);
    let held = slow.hold(&show, &[1, 2], None).await;
    assert_eq!(held.status, 201);
    let quick = &quick;
    assert_eq!(
        quick.hold(&show, &[2, 3], None).await.code(),
        "seat_unavailable"
    );
    let show = &show;
    system_tests::eventually("the seat is free without any sweeper", || async {
        quick.hold(show, &[2], None).await.status == 201
    })
    .await;
    let late = slow.pay(held.text("id"), None).await;
    assert_eq!((late.status, late.code()), (410, "reservation_expired"));
    let seen = slow
        .get(&format!("/v1/reservations/{}", held.text("id")))
        .await;
    assert_eq!(seen.text("status"), "expired");
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_a_fan_who_falls_silent_gives_the_place_up() {
    let settings = [
        ("CAPACITY", "1"),
        ("NO_SHOW_AFTER", "1s"),
        ("ADMISSION_INTERVAL", "100ms"),
    ];
    let app = App::with(1, &settings).await;
    let (mut silent, mut next) = (app.fan(0).await, app.fan(0).await);
    assert_eq!(silent.join().await.text("status"), "active");
    assert_eq!(next.join().await.text("status"), "waiting");
    let waiting = &next;
    system_tests::eventually("the place is given on", || async {
        waiting.get("/v1/queue/tokens/me").await.body["status"] == "active"
    })
    .await;
    assert_eq!(
        silent.get("/v1/concerts").await.code(),
        "queue_token_expired"
    );
    let board = app
        .operator(Method::GET, "/v1/admin/queue", &json!({}))
        .await;
    assert_eq!(board.number("no_shows"), 1, "{board:?}");
    app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_opens_and_pauses_the_queue_for_all_processes() {
    let app = App::with(2, &[("CAPACITY", "0"), ("ADMISSION_INTERVAL", "100ms")]).await;
    let mut fan = app.fan(0).await;
    assert_eq!(fan.join().await.text("status"), "waiting");
    let door = fan.get("/v1/concerts").await;
    assert_eq!((door.status, door.code()), (403, "queue_token_not_active"));
    assert_eq!(door.body["queue"]["position"], 1);

    let paused = json!({"capacity": 10, "paused": true});
    let board = app
        .operator(Method::PATCH, "/v1/admin/queue", &paused)
        .await;
    assert_eq!(board.body["policy"]["capacity"], 10, "{board:?}");
    let mut late = app.fan(1).await;
    assert_eq!(
        late.join().await.text("status"),
        "waiting",
        "paused: nobody is let in"
    );

    let board = app
        .operator(Method::PATCH, "/v1/admin/queue", &json!({"paused": false}))
        .await;
    assert_eq!(board.status, 200);
    let late = &late;
    system_tests::eventually("both are admitted", || async {
        late.get("/v1/concerts").await.status == 200
    })
    .await;
    app.assert_audit_clean().await;
}
