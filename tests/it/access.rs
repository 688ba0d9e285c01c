//! Every question of docs/routes.md, asked of a real server, and the answers compared.

mod house;
mod request;
mod table;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::OPERATOR_KEY;

use house::House;
use request::{Things, ask, body, request};
use table::{Row, table};

/// The answers in a column that are not those of the table.
async fn differences(house: &House, table: &[Row<'_>], column: &str) -> Vec<String> {
    let rows: Vec<_> = table
        .iter()
        .filter(|row| row.answers[column] != "–")
        .collect();
    let owners = join_all(rows.iter().map(|_| house.owner())).await;
    if column == "waiting" {
        let pause = json!({"paused": true});
        let paused = house
            .app
            .operator(Method::PATCH, "/v1/admin/queue", &pause)
            .await;
        assert_eq!(paused.status, 200);
    }
    let asked = rows.into_iter().zip(owners).map(|(row, owner)| async move {
        let got = match column {
            "another's" => house.anothers(row, owner).await,
            column => house.answer(row, column, owner).await,
        };
        let (method, path, expected) = (&row.method, row.path, row.answers[column]);
        (got != expected).then(|| format!("{method} {path}, {column}: {got}, not {expected}"))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_8_each_route_answers_each_asker_as_the_table_says() {
    let (house, table) = (House::open().await, table());
    // Those who wait come last: from then on nobody is admitted.
    let columns = [
        "none",
        "forged",
        "access",
        "active",
        "over",
        "left",
        "spent",
        "another's",
        "operator",
        "waiting",
    ];
    let named: BTreeSet<_> = table[0].answers.keys().copied().collect();
    assert_eq!(named, BTreeSet::from(columns));
    let mut wrong = Vec::new();
    for column in columns {
        wrong.extend(differences(&house, &table, column).await);
    }
    assert_eq!(wrong, [""; 0]);
    house.app.assert_audit_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_is_not_true_is_noticed() {
    let (house, mut table) = (House::open().await, table());
    table.retain(|row| row.path == "/v1/users/me");
    table[0].answers.insert("spent", "200");
    assert_eq!(
        differences(&house, &table, "spent").await,
        ["GET /v1/users/me, spent: queue_token_expired, not 200"]
    );
}

/// `body` with one more member, in the object itself and in each object of its lists.
fn smuggled(body: &Value, member: &str) -> Vec<Value> {
    let mut with = body.clone();
    with[member] = json!(1);
    let nested = body.as_object().unwrap().iter().filter_map(|(name, list)| {
        list.as_array()?.first()?.as_object()?;
        let mut with = body.clone();
        with[name][0][member] = json!(1);
        Some(with)
    });
    nested.chain([with]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_server_decides_is_refused_in_every_body() {
    let house = House::open().await;
    let mut owner = house.owner().await;
    let queue = house.token("active", &mut owner.fan).await.unwrap();
    let things = Things::of(&owner);
    let mut bodies = 0;
    for row in table() {
        let Some(good) = body(&row, &owner, &things) else {
            continue;
        };
        bodies += 1;
        let token = match row.path {
            path if path.starts_with("/v1/admin") => OPERATOR_KEY,
            "/v1/reservations" | "/v1/payments" => &queue,
            _ => &owner.fan.access_token,
        };
        let send = async |body: &Value| {
            ask(
                request(&house.app, &row, &owner, &things).json(body),
                Some(token),
            )
            .await
        };
        let members = [
            "price",
            "user_id",
            "status",
            "held_until",
            "amount",
            "balance",
            "id",
        ];
        let unknown = |member: &&str| good.get(member).is_none();
        for member in members.into_iter().filter(unknown) {
            for body in smuggled(&good, member) {
                if body["seats"][0][member] == 1 && member == "price" {
                    // The operator sets the price of seats.
                    continue;
                }
                let answer = send(&body).await;
                let what = format!("{} {} {body}: {answer:?}", row.method, row.path);
                assert_eq!(
                    (answer.status, answer.code()),
                    (422, "invalid_request"),
                    "{what}"
                );
                let detail = answer.body["errors"][0]["detail"].as_str().unwrap();
                assert!(
                    detail.contains(&format!("unknown field `{member}`")),
                    "{what}"
                );
            }
        }
        let control = send(&good).await;
        assert!(control.code().is_empty(), "the control: {control:?}");
    }
    assert_eq!(bodies, 15);
    house.app.assert_audit_clean().await;
}
