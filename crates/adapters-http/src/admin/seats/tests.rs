use super::*;
use crate::testing::*;
use domain::{house::HouseError, money::Money, reservations::ReservationStatus};
use serde_json::{Value, json};

fn blocks_path() -> String {
    format!("/v1/admin/schedules/{}/blocks", id(3))
}

fn block_4(note: Option<ShortText>) -> Block {
    Block {
        id: BlockId::new(Uuid::from_u128(4)),
        schedule_id: ScheduleId::new(Uuid::from_u128(3)),
        seats: vec![seat_number(1), seat_number(7)],
        note,
        blocked_at: NOON,
    }
}

fn block_json() -> Value {
    json!({
        "id": id(4),
        "schedule_id": id(3),
        "seat_numbers": [1, 7],
        "note": "press",
        "blocked_at": "2026-01-01T12:00:00Z",
    })
}

#[actix_web::test]
async fn seats_are_blocked_listed_and_freed() {
    let mut fixture = Fixture::new();
    let asked = HouseSeats::new(&[1, 7]).unwrap();
    fixture
        .house
        .expect_block()
        .withf(move |_, schedule, seats, _| schedule.get() == Uuid::from_u128(3) && *seats == asked)
        .returning(|_, _, _, note| Ok(block_4(note)));
    fixture
        .house
        .expect_blocks()
        .returning(|_| Ok(vec![block_4(None)]));
    fixture
        .house
        .expect_unblock()
        .withf(|_, block| block.get() == Uuid::from_u128(4))
        .returning(|_, _| Ok(()));
    let body = json!({"seat_numbers": [7, 1], "note": " press "});
    let requests = [
        post(&blocks_path(), body).by_operator(),
        get(&blocks_path()).by_operator(),
        delete(&format!("/v1/admin/blocks/{}", id(4))).by_operator(),
    ];
    let answers = fixture.ask_all(requests).await;
    assert_eq!((answers[0].status, &answers[0].body), (201, &block_json()));
    let mut without_note = block_json();
    without_note.as_object_mut().unwrap().remove("note");
    assert_eq!(answers[1].body, json!({"items": [without_note]}));
    assert_eq!(answers[2].status, 204);
}

#[actix_web::test]
async fn what_cannot_be_blocked_is_told_where() {
    let many: Vec<_> = (1..=1_001).collect();
    for (body, pointer) in [
        (json!({"seat_numbers": []}), "/seat_numbers"),
        (json!({ "seat_numbers": many }), "/seat_numbers"),
        (json!({"seat_numbers": [1, 0]}), "/seat_numbers/1"),
        (json!({"seat_numbers": [1, 1]}), "/seat_numbers/1"),
        (json!({"seat_numbers": [1], "note": ""}), "/note"),
        (json!({"seat_numbers": [1], "user_id": id(1)}), "/user_id"),
        (json!({}), ""),
    ] {
        let request = post(&blocks_path(), &body).by_operator();
        let answer = Fixture::new().ask(request).await;
        assert_eq!(answer.problem(), (422, "invalid_request"), "{body}");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[actix_web::test]
async fn complimentary_seats_are_a_paid_reservation_of_nothing() {
    let mut fixture = Fixture::new();
    fixture
        .house
        .expect_give()
        .withf(|_, schedule, user, seats| {
            (schedule.get(), *user) == (Uuid::from_u128(3), USER)
                && numbers(seats.as_slice()) == [7]
        })
        .returning(|_, _, _, _| {
            let payment_id = domain::id::PaymentId::new(Uuid::from_u128(2));
            let mut given = reservation(ReservationStatus::Paid { payment_id });
            given.amount = Money::ZERO;
            Ok(given)
        });
    let path = format!("/v1/admin/schedules/{}/complimentary", id(3));
    let body = json!({"user_id": USER.get(), "seat_numbers": [7]});
    let answer = fixture.ask(post(&path, body).by_operator()).await;
    assert_eq!(answer.status, 201);
    let location = format!("/v1/reservations/{}", id(1));
    assert_eq!(answer.header("location"), Some(&*location));
    let mut expected = reservation_json("paid");
    expected["amount"] = json!(0);
    assert_eq!(answer.body, expected);
    let five = json!({"user_id": USER.get(), "seat_numbers": [1, 2, 3, 4, 5]});
    let answer = Fixture::new().ask(post(&path, five).by_operator()).await;
    assert_eq!(answer.problem(), (422, "invalid_request"));
}

#[actix_web::test]
async fn a_block_that_is_gone_is_told() {
    let mut fixture = Fixture::new();
    let gone = |_, _| Err(HouseError::BlockNotFound);
    fixture.house.expect_unblock().returning(gone);
    let request = delete(&format!("/v1/admin/blocks/{}", id(4))).by_operator();
    let answer = fixture.ask(request).await;
    assert_eq!(answer.problem(), (404, "block_not_found"));
}
